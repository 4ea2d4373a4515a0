import { checkDataset, countOf, type Dataset } from "../data/dataset.js";
import type { Engine, InferenceOptions } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { softmax } from "../layers/softmax.js";
import type { Model } from "../model.js";
import { formatShape, largestInRows, sameShape, sizeOf, tensor } from "../tensor.js";
import { type Evaluation, measure } from "./metrics.js";
import { finiteLogits } from "./overflow.js";

/**
 * Loss, accuracy and confusion matrix on labelled images.
 * @throws InputError if the images don't fit the network; FailureError if its weights are so large that scores overflow; what
 *   `options.signal` was aborted with
 */
export async function evaluate(
  engine: Engine,
  data: Dataset,
  options?: InferenceOptions,
): Promise<Evaluation> {
  checkFits(engine.model, data);
  const logits = await finiteLogits(engine, data.images, options);
  return measure(tensor([countOf(data), engine.model.classes.length], logits), data.labels);
}

/** What a network says about one image. */
export interface Prediction {
  readonly index: number;
  readonly class: string;
  readonly probability: number;
  /** One for each class. */
  readonly probabilities: readonly number[];
}

/**
 * The most probable class of each image.
 * @param images bytes `[N, C, H, W]`
 * @throws InputError if the bytes aren't a whole number of images; FailureError if the network's weights are so large that
 *   scores overflow
 */
export async function predict(
  engine: Engine,
  images: Uint8Array,
  options?: InferenceOptions,
): Promise<Prediction[]> {
  const { inputShape, classes } = engine.model;
  const count = images.length / sizeOf(inputShape);
  if (!Number.isInteger(count)) {
    throw new InputError(
      `${images.length} bytes are not a whole number of images of shape ${formatShape(inputShape)} (${sizeOf(inputShape)} bytes each).`,
    );
  }
  const probabilities = softmax(tensor([count, classes.length], await finiteLogits(engine, images, options)));
  return Array.from(largestInRows(probabilities), (index, n) => {
    const row = Array.from(probabilities.data.subarray(n * classes.length, (n + 1) * classes.length));
    return { index, class: classes[index], probability: row[index], probabilities: row };
  });
}

/** @throws InputError if the data set is broken, or its images or classes aren't those of the network. */
export function checkFits(model: Model, data: Dataset): void {
  checkDataset(data);
  if (!sameShape(model.inputShape, data.shape)) {
    const [channels, height, width] = data.shape;
    const last = sameShape(model.inputShape, [height, width, channels]);
    throw new InputError(
      `The images of ${data.name} have shape ${formatShape(data.shape)}, but the model takes ${formatShape(model.inputShape)}; ${last ? `"input" in its spec has the channels first: write ${formatShape(data.shape)}` : 'change "input" in its spec'}.`,
    );
  }
  const largest = data.labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= model.classes.length) {
    throw new InputError(
      `${data.name} has a label ${largest}, but the model has ${model.classes.length} classes, numbered from 0; give its last layer ${largest + 1} units.`,
    );
  }
}
