import { loadBatch } from "../data/batch.js";
import { checkBytes } from "../data/dataset.js";
import { InputError, inContext, show } from "../errors.js";
import type { SavedModel } from "../formats/modelFile.js";
import { type Checks, checkOptions, elsewhere } from "../options.js";
import { EVALUATION, logits, type Trace, trace, withUpdate } from "../reference/trace.js";
import { copyAll, formatShape, largestInRows, sizeOf } from "../tensor.js";

/** What is taken for right, and how large the update is. */
export interface TraceImageOptions {
  /** Index of the right class; left out, the network's own answer is taken for right. */
  readonly label?: number | undefined;
  /** Of the update; default 0.01. */
  readonly learningRate?: number | undefined;
}

const imageChecks: Checks<TraceImageOptions> = { label: elsewhere, learningRate: elsewhere };

/**
 * Every number of one step on a single image, in float64: forward, backward and the update. Layers that do something else in
 * training do what they do afterwards: nothing is dropped, and batch normalisation goes by its running statistics.
 * @param image bytes `[C, H, W]`, as `inputFromPicture` or a data set gives them
 * @throws InputError if the image has not the model's size, or there is no such class
 */
export function traceImage(
  { model, parameters }: SavedModel,
  image: Uint8Array,
  options: TraceImageOptions = {},
): Trace {
  checkOptions("A trace of an image", options, imageChecks);
  inContext("A trace of an image", () => checkBytes(image));
  const { label, learningRate = 0.01 } = options;
  const { inputShape, classes } = model;
  if (image.length !== sizeOf(inputShape)) {
    throw new InputError(
      `The model takes images of shape ${formatShape(inputShape)}, which have ${sizeOf(inputShape)} bytes, but ${image.length} were given.`,
    );
  }
  if (label !== undefined && !(Number.isInteger(label) && label >= 0 && label < classes.length)) {
    throw new InputError(
      `There is no class ${show(label)}: the model has ${classes.length}, numbered from 0.`,
    );
  }
  const exact = copyAll(parameters, "float64");
  const x = loadBatch(image, inputShape, [0], model.normalize, "float64");
  const [answer] = largestInRows(logits(model, exact, x, EVALUATION));
  return withUpdate(trace(model, exact, x, [label ?? answer], EVALUATION), learningRate);
}
