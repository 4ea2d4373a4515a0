import type { Command } from "commander";
import {
  countOf,
  createEngine,
  type Dataset,
  type Engine,
  type Evaluation,
  evaluate,
  type FitOptions,
  firstOf,
  fit,
  fitDefaults,
  type History,
  type Init,
  InputError,
  inits,
  learningRateFor,
  type OptimizerName,
  type OptimizerSpec,
  optimizerNames,
  type Schedule,
  schedules,
} from "unravel-cnn";
import { checkWritable, writeModel } from "unravel-cnn/node";
import { DATA_HELP, loadData, OFFLINE_HELP } from "../data.js";
import { addEngineOptions, type EngineChoice, engineOptions } from "../engine.js";
import { interruptible } from "../exit.js";
import { type LoadedModel, loadModel, MODEL_HELP } from "../model.js";
import { oneOf, realNumber, seedOption, wholeNumber } from "../options.js";
import { formatConfusion } from "../terminal/confusion.js";
import { headline } from "../terminal/evaluation.js";
import { clock, duration, percent, significant, whole } from "../terminal/numbers.js";
import { Progress } from "../terminal/progress.js";
import { stylesFor } from "../terminal/style.js";

interface TrainOptions extends EngineChoice {
  model: string;
  filters?: number;
  init?: Init;
  data: string;
  offline?: boolean;
  limit?: number;
  epochs: number;
  batchSize: number;
  optimizer: OptimizerName;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  learningRate?: number;
  schedule: Schedule;
  clip?: number;
  validation: number;
  seed: number;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .summary("train a network and say how good it is")
    .description("Trains a network on labelled images and tells how good it is on the test set.")
    .optionsGroup("Network:")
    .option("--model <model>", MODEL_HELP, "one-conv")
    .option("--filters <n>", "filters of one-conv (default: 8)", wholeNumber("--filters", 1))
    .option("--init <init>", `initial weights: ${inits.join(", ")} (default: he)`, oneOf("--init", inits))
    .optionsGroup("Data:")
    .option("--data <data>", DATA_HELP, "auto")
    .option("--offline", OFFLINE_HELP)
    .option("--limit <n>", "use the first n training images only", wholeNumber("--limit", 1))
    .option(
      "--validation <n>",
      "set training images aside and measure on them after each epoch: a number, or a share below 1",
      realNumber(
        "--validation",
        "of images, or a share below 1",
        (v) => v >= 0 && (v < 1 || Number.isInteger(v)),
      ),
      0,
    )
    .optionsGroup("Training:")
    .option("--epochs <n>", "how often all images are used", wholeNumber("--epochs", 1), fitDefaults.epochs)
    .option(
      "--batch-size <n>",
      "images for each update",
      wholeNumber("--batch-size", 1),
      fitDefaults.batchSize,
    )
    .option(
      "--optimizer <name>",
      optimizerNames.join(", "),
      oneOf("--optimizer", optimizerNames),
      fitDefaults.optimizer.type,
    )
    .option(
      "--learning-rate <rate>",
      "default: fits the optimizer and the batch size",
      positive("--learning-rate"),
    )
    .option(
      "--schedule <name>",
      `learning rate: ${schedules.join(", ")}`,
      oneOf("--schedule", schedules),
      fitDefaults.schedule,
    )
    .option(
      "--momentum <m>",
      "of sgd (default: 0.9)",
      realNumber("--momentum", "from 0 to below 1", (v) => v >= 0 && v < 1),
    )
    .option("--nesterov", "Nesterov's variant of momentum, for sgd")
    .option(
      "--weight-decay <d>",
      "default: 0, and 0.01 for adamw",
      realNumber("--weight-decay", "of at least 0", (v) => v >= 0),
    )
    .option("--clip <length>", "largest length of the gradients together", positive("--clip"))
    .option("--seed <n>", "fixes all that is random", seedOption, fitDefaults.seed)
    .optionsGroup("Engine:");
  addEngineOptions(command)
    .optionsGroup("Output:")
    .option("--out <file>", "write the trained model to FILE.safetensors")
    .option("--json", "print the results as JSON")
    .option("--quiet", "no progress, the test accuracy only")
    .addHelpText(
      "after",
      `
Examples:
  unravel train                              one-conv with 8 filters on MNIST
  unravel train --filters 4 --batch-size 1   one image at a time
  unravel train --model lenet5 --epochs 10 --out lenet5.safetensors
  unravel train --model my-net.json --data ./my-idx-folder --validation 0.1
  unravel train --optimizer sgd --learning-rate 0.05 --schedule cosine --json`,
    )
    .allowExcessArguments()
    .action(async (options: TrainOptions, { args: [stray] }: Command) => {
      if (stray !== undefined) {
        throw new InputError(`train takes options only, not "${stray}"; for a network write --model NAME.`);
      }
      await interruptible((signal) => train(options, signal));
    });
}

const positive = (name: string) => realNumber(name, "above 0", (value) => value > 0);

/** The accuracy before training is measured on this many training images. */
const BEFORE_COUNT = 1000;

async function train(options: TrainOptions, signal: AbortSignal): Promise<void> {
  const optimizer = optimizerOf(options);
  if (options.out !== undefined) await checkOut(options.out);
  const progress = new Progress(process.stderr, options.quiet === true);
  const data = await loadData(options, "training on", progress, signal);
  const training = options.limit === undefined ? data.train : firstOf(data.train, options.limit);
  const loaded = await loadModel(options, data.train);
  const engine = await createEngine(loaded.model.spec, {
    ...engineOptions(options),
    parameters: loaded.parameters,
  });
  try {
    const batchSize = Math.min(options.batchSize, countOf(training)); // the learning rate follows from it
    const fitOptions = {
      epochs: options.epochs,
      batchSize,
      optimizer,
      learningRate: options.learningRate ?? learningRateFor(optimizer, batchSize),
      schedule: options.schedule,
      validation: options.validation,
      seed: options.seed,
      signal,
      ...(options.clip !== undefined && { clip: options.clip }),
    } satisfies FitOptions;
    announce(progress, loaded, engine, training, data.test, fitOptions);

    const before = await evaluate(engine, firstOf(training, BEFORE_COUNT), { signal });
    progress.say(describeBefore(before, loaded));
    const history = await fit(engine, training, {
      ...fitOptions,
      onProgress: (event) => showProgress(progress, event),
    });
    const test = await evaluate(engine, data.test, {
      signal,
      onProgress: (images) =>
        progress.show({ title: "Testing", share: images / countOf(data.test), details: [] }),
    });
    progress.clear();
    if (options.out !== undefined) {
      await writeModel(options.out, { model: loaded.model, parameters: engine.parameters() });
      progress.say(`Wrote ${options.out}`);
    }
    print(options, {
      loaded,
      engine,
      before,
      history,
      test,
      testData: data.test,
      source: data.source,
      learningRate: fitOptions.learningRate,
    });
  } finally {
    progress.clear();
    await engine.close();
  }
}

function optimizerOf({ optimizer: type, momentum, nesterov, weightDecay }: TrainOptions): OptimizerSpec {
  const decay = weightDecay !== undefined && { weightDecay };
  if (type === "sgd") {
    return { type, ...(momentum !== undefined && { momentum }), ...(nesterov && { nesterov }), ...decay };
  }
  const misplaced = momentum !== undefined ? "--momentum" : nesterov ? "--nesterov" : undefined;
  if (misplaced) throw new InputError(`${misplaced} goes with --optimizer sgd, not with ${type}.`);
  return { type, ...decay };
}

async function checkOut(out: string): Promise<void> {
  if (!out.toLowerCase().endsWith(".safetensors") && !out.startsWith("/dev/")) {
    throw new InputError(`--out must be a file name that ends in .safetensors, not "${out}".`);
  }
  await checkWritable(out);
}

function announce(
  progress: Progress,
  { title, model, trained }: LoadedModel,
  engine: Engine,
  training: Dataset,
  test: Dataset,
  options: Required<
    Pick<FitOptions, "epochs" | "batchSize" | "optimizer" | "learningRate" | "schedule" | "seed">
  >,
): void {
  const { epochs, batchSize, optimizer, learningRate, schedule, seed } = options;
  const size = training.shape.join("x");
  progress.say(
    `Data      ${training.name}: ${whole(countOf(training))} training and ${whole(countOf(test))} test images, ${size}`,
  );
  progress.say(
    `Network   ${title}${trained ? " (trained before)" : ""}: ${whole(model.parameterCount)} parameters, ` +
      `${whole(model.multiplyAdds.forward)} multiply-adds an image`,
  );
  progress.say(
    `Training  ${epochs} epoch${epochs === 1 ? "" : "s"}, ${batchSize === 1 ? "one image at a time" : `batches of ${whole(batchSize)}`}, ` +
      `${optimizer.type}, rate ${short(learningRate)} ${schedule}, seed ${seed}`,
  );
  const threads = engine.threads === 1 ? "1 thread" : `${engine.threads} threads`;
  progress.say(`Engine    ${engine.name}, ${threads}${engine.strict ? ", strict" : ""}`);
}

/** `0.02`, `0.001768` */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function describeBefore({ accuracy, loss }: Evaluation, { model, trained }: LoadedModel): string {
  const guessing = trained ? "" : `; guessing gives ${percent(1 / model.classes.length, 1)}`;
  return `Before    ${percent(accuracy, 1)} right, loss ${significant(loss)}${guessing}`;
}

function showProgress(progress: Progress, event: Parameters<NonNullable<FitOptions["onProgress"]>>[0]): void {
  const title = `Epoch ${event.epoch}/${event.epochs}`;
  if (event.type === "step") {
    const { images, imagesPerEpoch, loss, accuracy, imagesPerSecond } = event;
    progress.show({
      title,
      share: images / imagesPerEpoch,
      details: [
        `loss ${significant(loss)}`,
        percent(accuracy, 1),
        `${whole(imagesPerSecond)} images/s`,
        `ETA ${clock((imagesPerEpoch - images) / imagesPerSecond)}`,
      ],
    });
    return;
  }
  const { loss, accuracy, valLoss, valAccuracy, seconds, imagesPerSecond } = event.record;
  const rest =
    valLoss === null || valAccuracy === null
      ? `${duration(seconds)}, ${whole(imagesPerSecond)} images/s`
      : `validation ${significant(valLoss)}, ${percent(valAccuracy)}  ${duration(seconds)}`; // all of it is over 80 columns
  progress.say(`${title.padEnd(9)} loss ${significant(loss)}, ${percent(accuracy)} right  ${rest}`);
}

interface Results {
  readonly loaded: LoadedModel;
  readonly engine: Engine;
  readonly before: Evaluation;
  readonly history: History;
  readonly test: Evaluation;
  readonly testData: Dataset;
  readonly learningRate: number;
  /** The data's name, for programs. */
  readonly source: string;
}

function print(options: TrainOptions, results: Results): void {
  const { loaded, engine, before, history, test, testData } = results;
  const { model } = loaded;
  if (options.json) {
    const result = {
      model: options.model,
      data: results.source,
      seed: options.seed,
      engine: engine.name,
      threads: engine.threads,
      strict: engine.strict,
      parameters: model.parameterCount,
      multiplyAddsPerImage: model.multiplyAdds.forward,
      before: { accuracy: before.accuracy, loss: before.loss },
      epochs: history.epochs,
      test,
      trainSeconds: history.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
      totalSeconds: performance.now() / 1000,
      out: options.out ?? null,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const styles = stylesFor(process.stdout);
  const lines = options.quiet
    ? []
    : [
        ...formatConfusion(test.confusion, model.classes, styles),
        "",
        ...nextSteps(options, results).map((line) => styles.dim(line)),
        "",
      ];
  process.stdout.write(`${[...lines, headline(test, testData, styles)].join("\n")}\n`);
}

/** What to try next: as commands that can be typed here, or after other options as options to add to those. */
function nextSteps(options: TrainOptions, { test, learningRate }: Results): string[] {
  const steps: [string, string][] = [];
  if (test.accuracy < 2 / test.confusion.length) {
    steps.push([
      `--learning-rate ${short(learningRate / 10)}`,
      "hardly better than guessing: try smaller steps",
    ]);
  }
  if (options.epochs === fitDefaults.epochs)
    steps.push([`--epochs ${3 * options.epochs}`, "longer, and usually better"]);
  if (options.model === "one-conv") {
    const filters = 2 * (options.filters ?? 8);
    steps.push([`--filters ${filters}`, "twice the filters, twice the time"]);
    if (options.filters === undefined) steps.push(["--model lenet5", "more layers: two conv, three dense"]);
    if (options.batchSize > 1) steps.push(["--batch-size 1", "one image at a time"]);
  }
  if (options.out === undefined) steps.push(["--out model.safetensors", "keep the trained model"]);
  if (steps.length === 0) return [];
  const start = process.env.npm_lifecycle_event === "start";
  const plain = process.argv.length === 3;
  const command = plain ? `${start ? "npm start --" : "unravel train"} ` : "";
  const width = Math.max(...steps.map(([option]) => option.length));
  return [
    plain ? "What to try next:" : "What to try next, added to your command:",
    ...steps.map(([option, why]) => `  ${command}${option.padEnd(width)}  ${why}`),
  ];
}
