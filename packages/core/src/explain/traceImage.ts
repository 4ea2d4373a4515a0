import { loadBatch } from "../data/batch.js";
import { checkBytes } from "../data/dataset.js";
import { InputError, inContext, show } from "../errors.js";
import type { SavedModel } from "../formats/modelFile.js";
import type { Model } from "../graph/model.js";
import { classesSaid } from "../losses/labels.js";
import { type Checks, checkOptions, elsewhere } from "../options.js";
import { EVALUATION, logits, type Trace, trace, withUpdate } from "../reference/trace.js";
import { copyAll, formatShape, sizeOf } from "../tensor.js";

/** What is taken for right, and how large the update is. */
export interface TraceImageOptions {
  /**
   * Index of the right class; with a loss that takes several labels at once also a list of indices, `[]` for none of the classes. Left out,
   * the network's own answer is taken for right (`classesSaid`).
   */
  readonly label?: number | readonly number[] | undefined;
  /** Of the update; default 0.01. */
  readonly learningRate?: number | undefined;
}

const imageChecks: Checks<TraceImageOptions> = { label: elsewhere, learningRate: elsewhere };

/**
 * Every number of one step on a single image, in float64: forward, backward and the update. Layers that do something else in
 * training do what they do afterwards: nothing is dropped, and batch normalisation goes by its running statistics.
 * @param image bytes `[C, H, W]`, as `inputFromPicture` or a data set gives them
 * @throws InputError if the image has not the model's size, there is no such class, or a list is given where the loss takes one label
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
  checkLabel(model, label);
  const exact = copyAll(parameters, "float64");
  const x = loadBatch(image, inputShape, [0], model.normalize, "float64");
  const right = label ?? classesSaid(model.loss, logits(model, exact, x, EVALUATION), 0);
  const labels =
    model.loss.takesSeveral && typeof right !== "number" ? yesOrNo(right, classes.length) : [right].flat();
  return withUpdate(trace(model, exact, x, labels, EVALUATION), learningRate);
}

function checkLabel({ loss, classes }: Model, label: number | readonly number[] | undefined): void {
  if (Array.isArray(label) && !loss.takesSeveral) {
    throw new InputError(
      `The label is a list, ${show(label)}, but this network's loss takes one label for each image; give the index of one class.`,
    );
  }
  for (const one of [label ?? []].flat()) {
    if (Number.isInteger(one) && one >= 0 && one < classes.length) continue;
    throw new InputError(`There is no class ${show(one)}: the model has ${classes.length}, numbered from 0.`);
  }
}

/** `[classes]`: 1 for each of these, else 0. */
const yesOrNo = (shown: readonly number[], classes: number): number[] =>
  Array.from({ length: classes }, (_, k) => (shown.includes(k) ? 1 : 0));
