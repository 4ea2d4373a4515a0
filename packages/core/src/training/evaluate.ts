import { countOf, type Dataset } from "../data/dataset.js";
import type { Engine, InferenceOptions } from "../engine/engine.js";
import { checkFits } from "../engine/fits.js";
import { checkEngine, checkInference } from "../engine/inputs.js";
import { softmax } from "../layers/softmax.js";
import { largestInRows, tensor } from "../tensor.js";
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
  checkEngine(engine);
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
 * @throws InputError if they are no bytes, or not of a whole number of images; what `options.signal` was aborted with;
 *   FailureError if the network's weights are so large that scores overflow
 */
export async function predict(
  engine: Engine,
  images: Uint8Array,
  options: InferenceOptions = {},
): Promise<Prediction[]> {
  checkEngine(engine);
  const { classes } = engine.model;
  const count = checkInference(engine.model, images, options);
  const probabilities = softmax(tensor([count, classes.length], await finiteLogits(engine, images, options)));
  return Array.from(largestInRows(probabilities), (index, n) => {
    const row = Array.from(probabilities.data.subarray(n * classes.length, (n + 1) * classes.length));
    return { index, class: classes[index], probability: row[index], probabilities: row };
  });
}
