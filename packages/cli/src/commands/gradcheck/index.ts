import type { Command } from "commander";
import {
  checkFits,
  checkTrace,
  copyAll,
  countOf,
  type Dataset,
  FailureError,
  firstOf,
  type Gradcheck,
  gradcheck,
  loadBatch,
  noise,
  trace,
} from "unravel-cnn";
import { loadData } from "../../data.js";
import { interruptible } from "../../exit.js";
import { MODEL_HELP, OFFLINE_HELP } from "../../help.js";
import { type LoadedModel, loadModel, modelOfFile, SIZE_OPTIONS, SPEC_OPTION } from "../../model.js";
import { seedOption, wholeNumber } from "../../options.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { stylesFor } from "../../terminal/style.js";
import { asJson, asLines, wrongLayers } from "./report.js";

interface GradcheckOptions {
  data?: string;
  offline?: boolean;
  images: number;
  cells?: number;
  all?: boolean;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

export function defineGradcheck(command: Command): void {
  command
    .description(
      "Checks the backward pass: moves numbers of the input and of each parameter a little up and down, measures how the loss changes, and compares that slope with the gradient; then does the same for each layer alone, so that a mistake is found where it is. Runs the textbook in float64. Exit code 1: something is wrong.",
    )
    .argument("<model>", MODEL_HELP)
    .option(
      "--data <data>",
      "whose first training images are taken: a name as for train, or a folder (default: images of noise, of any model's shape)",
    )
    .option("--offline", OFFLINE_HELP)
    .option("--images <n>", "how many, together as one batch", wholeNumber("--images", 1, 1000), 2)
    .option(
      "--cells <n>",
      "cells of each tensor that are moved (default: 32, fewer for large networks)",
      wholeNumber("--cells", 1),
    )
    .option("--all", "move all cells: takes long, but for small networks")
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option(
      "--seed <n>",
      "of the noise, of the choice of cells, and of the weights where the model brings none",
      seedOption,
      0,
    )
    .option("--json", "print the results as JSON")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
A cell lies on a kink where a small step opens or closes a ReLU, or lets another
cell of a max-pool win. The loss has no slope there, so nothing can be compared.

Examples:
  unravel gradcheck one-conv
  unravel gradcheck lenet5 --cells 4 --images 1
  unravel gradcheck model.safetensors --data digits --json`,
    )
    .action(async (model: string, options: GradcheckOptions) => {
      await interruptible((signal) => run(model, options, signal));
    });
}

async function run(name: string, options: GradcheckOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(process.stderr, options.quiet === true);
  const { loaded, images } = await load(name, options, progress, signal);
  const { model, parameters } = loaded;
  const x = loadBatch(
    images.images,
    images.shape,
    Array.from({ length: countOf(images) }, (_, n) => n),
    model.normalize,
    "float64",
  );
  const step = trace(model, copyAll(parameters, "float64"), x, images.labels);
  checkTrace(step);
  const cells = options.all ? Infinity : options.cells;
  const result = await gradcheck(step, {
    ...(cells !== undefined && { cells }),
    seed: options.seed,
    signal,
    onProgress: (done, total) =>
      progress.show({ title: "Measuring slopes", share: done / total, details: [] }),
  }).finally(() => progress.clear());

  const { title, trained } = loaded;
  const of = { model: name, title, trained, data: images.name, images: countOf(images), seed: options.seed };
  if (options.json) printJson(asJson(of, result));
  else printLines(asLines(of, result, stylesFor(process.stdout)));
  failIfWrong(result);
}

/** The network and the images, whose shapes fit each other. */
async function load(
  name: string,
  options: GradcheckOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ loaded: LoadedModel; images: Dataset }> {
  const { data, images: count } = options;
  const choice = { ...options, model: name, say: (line: string) => progress.say(line) };
  if (data === undefined) {
    const loaded = await loadModel(choice);
    return { loaded, images: noise(loaded.model, count, options.seed) };
  }
  const { train } = await loadData(
    { ...options, data, limit: count, drawCount: count, like: await modelOfFile(name, options.spec) },
    "checking on",
    progress,
    signal,
  );
  const loaded = await loadModel(choice, train);
  checkFits(loaded.model, train);
  return { loaded, images: firstOf(train, count) };
}

/** @throws FailureError that names what is wrong */
export function failIfWrong(result: Gradcheck): void {
  if (result.agrees) return;
  const wrong = wrongLayers(result);
  throw new FailureError(
    wrong.length > 0
      ? `The backward pass of ${wrong.join(" and of ")} is wrong: gradients differ from the measured slopes.`
      : "Gradients differ from the measured slopes, although each layer alone is right: look at how they are put together.",
  );
}
