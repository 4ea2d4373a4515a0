import type { Command } from "commander";
import {
  createEngine,
  InputError,
  type Model,
  type Prediction,
  predict,
  printable,
  sizeOf,
} from "unravel-cnn";
import { addEngineOption, checkEngine, type EngineChoice, gpuOptions } from "../engine.js";
import { interruptible } from "../exit.js";
import { MODEL_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION } from "../model.js";
import { seedOption } from "../options.js";
import { nameOfFile, readInput } from "../pictures/input.js";
import { probabilityBars } from "../terminal/bars.js";
import { complain, printJson, printLines } from "../terminal/output.js";
import { Progress } from "../terminal/progress.js";
import { stylesFor } from "../terminal/style.js";
import { table } from "../terminal/table.js";

interface PredictOptions extends Pick<EngineChoice, "engine" | "strict"> {
  raw?: boolean;
  bars?: boolean;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

export function definePredict(command: Command): void {
  addEngineOption(command)
    .description(
      "Says what is in pictures (PNG, JPEG, WebP, GIF): for each file a line with its name, the most probable class and its probability; of a network whose loss is binaryCrossEntropy, all classes above 1/2.",
    )
    .argument("<model>", MODEL_HELP)
    .argument("<file...>", "pictures; - is standard input")
    .option("--raw", "the pictures are just what the model takes: its size, light ink on black for MNIST")
    .option("--strict", "the same bits on every machine, a little slower")
    .option("--bars", "show all probabilities as bars (default: for one file, on a terminal)")
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0)
    .option("--json", "print the results as JSON")
    .option("--quiet", "the lines only: no bars, no remarks")
    .addHelpText(
      "after",
      `
How a picture becomes the model's input:
  Where the model reads handwriting as MNIST has it (28x28, grey, each class one
  character): the paper is what the border shows, the ink what differs from it;
  so it can be dark on light or light on dark, anywhere, in any size and colour.
  Shadows are evened out; a desk around the sheet, ruled lines and frames are
  left out; thin strokes are made as wide as MNIST's. Several characters in one
  picture are refused. The ink is scaled to 20x20 and centred in 28x28, as
  MNIST's makers did.
  A model that was trained on pictures makes them as it did then.
  For other models: the whole picture, scaled to the model's size.

A picture that can't be read is told on the error output; the others still get
their lines, and the exit code is 2. What was done to a picture, and what is
doubtful about it, is told there, too.

Examples:
  unravel predict model.safetensors seven.png
  unravel predict model.safetensors *.jpg --json
  unravel predict model.safetensors - < seven.png`,
    )
    .action(async (model: string, files: string[], options: PredictOptions) => {
      await interruptible((signal) => run(model, files, options, signal));
    });
}

async function run(
  name: string,
  files: readonly string[],
  options: PredictOptions,
  signal: AbortSignal,
): Promise<void> {
  if (files.filter((file) => file === "-").length > 1) {
    throw new InputError("Standard input can be read only once, but - was given several times.");
  }
  const progress = new Progress(process.stderr, options.quiet === true);
  await checkEngine(options);
  const say = (line: string) => progress.say(line);
  const { model, parameters, title, trained } = await loadModel({ ...options, model: name, say });
  if (!trained) progress.say(`${title} is untrained: its weights are fresh from seed ${options.seed}.`);

  const { inputs, read, problems } = await readInputs(model, files, options.raw === true, signal);
  // The problem of a single file is reported by main.
  if (files.length === 1 && problems.length === 1) throw new InputError(problems[0]);
  for (const problem of problems) complain(problem);
  if (read.length > 0) {
    const engine = await createEngine(model.spec, {
      ...gpuOptions(options.engine),
      ...{ parameters, strict: options.strict === true },
    });
    try {
      const predictions = await predict(engine, inputs, { signal });
      const answers = predictions.map((prediction, k) => ({
        ...prediction,
        ...read[k],
        doubts: [...read[k].doubts, ...(trained && !saysYesOrNo(model) ? doubtsOf(prediction) : [])],
      }));
      for (const { file, done, doubts } of answers) {
        if (done.length > 0) progress.say(`${printable(nameOfFile(file))}: ${done.join("; ")}.`);
        if (doubts.length > 0)
          progress.say(`${printable(nameOfFile(file))}: not sure: ${doubts.join("; ")}.`);
      }
      print(answers, model, options);
    } finally {
      await engine.close();
    }
  }
  if (problems.length > 0) {
    throw new InputError(
      `${problems.length} of the ${files.length} pictures ${problems.length === 1 ? "was" : "were"} left out.`,
    );
  }
}

/** A picture that was read, with what was done to it and what is doubtful about it. */
interface Read {
  readonly file: string;
  readonly done: readonly string[];
  readonly doubts: readonly string[];
}

type Answer = Prediction & Read;

/** An answer that the network itself holds for less likely than all others together is none. */
function doubtsOf({ class: name, probability }: Prediction): string[] {
  return probability < 0.5
    ? [`the network gives ${printable(name)} a probability of only ${probability.toFixed(2)}`]
    : [];
}

/** The pictures as the model takes them, and for each that can't be had a sentence that names the file. */
async function readInputs(model: Model, files: readonly string[], raw: boolean, signal: AbortSignal) {
  const size = sizeOf(model.inputShape);
  const inputs = new Uint8Array(files.length * size);
  const read: Read[] = [];
  const problems: string[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    try {
      const { input, done, doubts } = await readInput(model, file, { raw }, signal);
      inputs.set(input, read.length * size);
      read.push({ file, done, doubts });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  return { inputs: inputs.subarray(0, read.length * size), read, problems };
}

/** Whether a network says yes or no to each class by itself, so that a picture may show several, or none. */
const saysYesOrNo = ({ loss }: Model): boolean => loss.takesSeveral;

/** The classes that a picture shows, the most probable first. */
function shownIn({ probabilities }: Prediction): number[] {
  const shown = [...probabilities.keys()].filter((k) => probabilities[k] > 0.5);
  return shown.sort((a, b) => probabilities[b] - probabilities[a]);
}

/** What a picture shows, and how probable that is. */
function answerCells(prediction: Prediction, model: Model): [classes: string, probabilities: string] {
  const shown = saysYesOrNo(model) ? shownIn(prediction) : [prediction.index];
  const most = `${printable(prediction.class)} ${prediction.probability.toFixed(4)}`;
  if (shown.length === 0) return ["none", `at most ${most}`];
  return [
    shown.map((k) => printable(model.classes[k])).join(", "),
    shown.map((k) => prediction.probabilities[k].toFixed(4)).join(", "),
  ];
}

function print(predictions: readonly Answer[], model: Model, options: PredictOptions): void {
  const { classes } = model;
  if (options.json) {
    const shown = (prediction: Prediction) =>
      saysYesOrNo(model) && { shown: shownIn(prediction).map((k) => classes[k]) };
    printJson(
      predictions.map(({ file, done: _, doubts: __, ...prediction }) => ({
        file,
        ...prediction,
        ...shown(prediction),
      })),
    );
    return;
  }
  const styles = stylesFor(process.stdout);
  const rows = predictions.map((prediction) => [
    printable(prediction.file),
    ...answerCells(prediction, model),
  ]);
  const onlyOne = predictions.length === 1 && process.stdout.isTTY;
  const withBars = !options.quiet && (options.bars ?? onlyOne);
  const width = Math.min(process.stdout.columns || 80, 80);
  const lines = table(rows, [false, false, true]).flatMap((line, k) =>
    withBars ? [line, ...probabilityBars(predictions[k], classes, width, styles), ""] : [line],
  );
  printLines(withBars ? lines.slice(0, -1) : lines);
}
