import type { Command } from "commander";
import { encode } from "fast-png";
import {
  answerQualities,
  classQualities,
  countOf,
  createEngine,
  type Dataset,
  evaluate,
  InputError,
  labelsPerImage,
  type Model,
  renderEvaluation,
  type ScoreSummary,
  ScoreTally,
} from "unravel-cnn";
import { inClassesOf } from "../classes.js";
import { type CommandData, loadData } from "../data.js";
import { addDataOptions, type DataOptions } from "../dataOptions.js";
import { addEngineOptions, checkEngine, type EngineChoice, engineOptions } from "../engine.js";
import { interruptible } from "../exit.js";
import { MODEL_HELP } from "../help.js";
import { loadModel, modelOfFile, SIZE_OPTIONS, SPEC_OPTION } from "../model.js";
import { seedOption } from "../options.js";
import { PICTURE_FILE, PNG_TEXT, REPORT_FILE } from "../output/kinds.js";
import { outputFile } from "../output/names.js";
import { checkOutput, writeOutput } from "../output/write.js";
import { mistakesSheet } from "../sheets/mistakes.js";
import { formatConfusion } from "../terminal/confusion.js";
import { headline } from "../terminal/evaluation.js";
import { percent } from "../terminal/numbers.js";
import { printJson, printLines } from "../terminal/output.js";
import { Progress } from "../terminal/progress.js";
import { formatQualities } from "../terminal/quality.js";
import { stylesFor } from "../terminal/style.js";

interface EvaluateOptions extends EngineChoice, DataOptions {
  all?: boolean;
  mistakes?: string;
  report?: string;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

export function defineEvaluate(command: Command): void {
  command
    .description(
      "Measures a network on the test set: accuracy, loss, confusion matrix, and for each class precision, recall and F1.",
    )
    .argument("<model>", MODEL_HELP);
  addDataOptions(command)
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0);
  addEngineOptions(command)
    .option("--all", "measure on all pictures of a folder, also on those that are for training")
    .option(
      "--mistakes <file>",
      "write the surest mistakes to FILE.png, with what each was taken for and its file",
      outputFile("--mistakes", PICTURE_FILE),
    )
    .option(
      "--report <file>",
      "write all of it to FILE.html, with the surest mistakes as pictures: one file that needs no other",
      outputFile("--report", REPORT_FILE),
    )
    .option("--json", "print the results as JSON")
    .option("--quiet", "no progress, the accuracy only")
    .addHelpText(
      "after",
      `
Examples:
  unravel evaluate model.safetensors
  unravel evaluate model.safetensors --data fashion-mnist
  unravel evaluate model.safetensors --data ./my-photos --report report.html
  unravel evaluate one-conv   fresh weights: as good as guessing`,
    )
    .action(async (model: string, options: EvaluateOptions) => {
      await interruptible((signal) => run(model, options, signal));
    });
}

async function run(name: string, options: EvaluateOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(process.stderr, options.quiet === true);
  await checkEngine(options);
  if (options.mistakes !== undefined) await checkOutput(options.mistakes, PICTURE_FILE);
  if (options.report !== undefined) await checkOutput(options.report, REPORT_FILE);
  const like = await modelOfFile(name, options.spec);
  const data = await loadData({ ...options, limit: 0, like }, "testing on", progress, signal);
  const loaded = await loadModel({ ...options, model: name, say: (line) => progress.say(line) }, data.test);
  const { model, parameters, title, trained } = loaded;
  const test = data.pictures ? inClassesOf(model, data.test) : data.test;
  const isOneEach = labelsPerImage(test) === 1;
  if (options.mistakes !== undefined && !isOneEach) {
    throw new InputError(
      `--mistakes shows images that were taken for another class, but those of ${test.name} have several labels at once; leave it out, or write a --report.`,
    );
  }
  if (!trained) progress.say(`${title} is untrained: its weights are fresh from seed ${options.seed}.`);
  const engine = await createEngine(model.spec, { ...engineOptions(options), parameters });
  try {
    const tally = new ScoreTally(MOST_MISTAKES, model.loss);
    const result = await evaluate(engine, test, {
      signal,
      onScores: (scores, from) => {
        if (isOneEach) tally.add(scores, test.labels.subarray(from, from + scores.shape[0]));
      },
      onProgress: (images) => progress.show({ title: "Testing", share: images / countOf(test), details: [] }),
    });
    progress.clear();
    const scores = isOneEach ? tally.result() : undefined;
    const qualities = result.answers ? answerQualities(result.answers) : classQualities(result.confusion);
    if (options.mistakes !== undefined && scores) {
      await writeMistakes(options.mistakes, scores, test, model, data);
      progress.say(`Wrote ${options.mistakes}: the ${scores.mistakes.length} surest mistakes`);
    }
    if (options.report !== undefined) {
      const page = renderEvaluation({
        ...{ modelName: title, model, trained, data: test, evaluation: result, scores },
        nameOf: namesOf(data),
      });
      await writeOutput(options.report, REPORT_FILE, new TextEncoder().encode(page));
      progress.say(`Wrote ${options.report}`);
    }
    if (options.json) {
      const summary = {
        model: name,
        trained,
        data: data.source,
        images: countOf(test),
        engine: engine.name,
        ...result,
        ...(scores && {
          ...(model.classes.length > MOST_WITHOUT_TOP && { top5: scores.top5 }),
          calibrationError: scores.calibrationError,
        }),
        classes: qualities.map((quality, k) => ({ class: model.classes[k], ...quality })),
      };
      printJson(summary);
    } else {
      const styles = stylesFor(process.stdout);
      const details = options.quiet
        ? []
        : [
            ...(scores ? [...formatConfusion(result.confusion, model.classes, styles), ""] : []),
            ...formatQualities(qualities, model.classes),
            "",
            ...(scores && model.classes.length > MOST_WITHOUT_TOP
              ? [`Right class among the five most probable: ${percent(scores.top5)}`]
              : []),
          ];
      printLines([...details, headline(result, test, styles)]);
    }
  } finally {
    progress.clear();
    await engine.close();
  }
}

/** So many mistakes are on the sheet. */
const MOST_MISTAKES = 50;
/** Of so few classes, the five most probable are too many to say much. */
const MOST_WITHOUT_TOP = 10;

/** What an image is called: its file, where it comes from one. */
function namesOf({ pictures }: CommandData): (image: number) => string {
  return (image) => pictures?.files.test[image] ?? `image ${image}`;
}

async function writeMistakes(
  path: string,
  { mistakes }: ScoreSummary,
  test: Dataset,
  { loss }: Model,
  data: CommandData,
): Promise<void> {
  const areScores = loss.words.probabilities === "scores";
  const sheet = mistakesSheet(mistakes, test, namesOf(data), data.pictures === undefined, areScores);
  await writeOutput(path, PICTURE_FILE, encode({ ...sheet, depth: 8, text: PNG_TEXT }));
}
