import { countOf, type Dataset, labelsPerImage } from "../data/dataset.js";
import type { Engine, InferenceOptions } from "../engine/engine.js";
import { checkFits } from "../engine/fits.js";
import { checkEngine, checkInference } from "../engine/inputs.js";
import { largestInRows, sizeOf, type Tensor, tensor } from "../tensor.js";
import { type Evaluation, Tally } from "./metrics.js";
import { finiteLogits } from "./overflow.js";

/** So many scores are held at once: of ten classes, those of 400,000 images. */
const MOST_SCORES = 2 ** 22;

/** How an evaluation is run, and who hears of its scores. */
export interface EvaluateOptions extends InferenceOptions {
  /** Gets the scores, `[n, classes]`, of the images from `from` on, in the images' order. */
  readonly onScores?: ((scores: Tensor, from: number) => void) | undefined;
}

/**
 * Loss, accuracy and confusion matrix on labelled images; with several labels at once, how good the answers are for each class.
 * @throws InputError if the images don't fit the network; FailureError if its weights are so large that scores overflow; what
 *   `options.signal` was aborted with
 */
export async function evaluate(
  engine: Engine,
  data: Dataset,
  { onProgress, onScores, ...options }: EvaluateOptions = {},
): Promise<Evaluation> {
  checkEngine(engine);
  const { model } = engine;
  checkFits(model, data);
  const count = countOf(data);
  const classes = model.classes.length;
  const each = labelsPerImage(data);
  const size = sizeOf(model.inputShape);
  const atOnce = Math.ceil(MOST_SCORES / classes);
  const tally = new Tally(classes, model.loss);
  for (let from = 0; from < count; from += atOnce) {
    const to = Math.min(count, from + atOnce);
    const images = data.images.subarray(from * size, to * size);
    const listener = onProgress && { onProgress: (done: number) => onProgress(from + done) };
    const scores = await finiteLogits(engine, images, { ...options, ...listener }, from);
    onScores?.({ shape: [to - from, classes], data: scores }, from);
    tally.add({ shape: [to - from, classes], data: scores }, data.labels.subarray(each * from, each * to));
  }
  return tally.result();
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
  const probabilities = engine.model.loss.probabilities(
    tensor([count, classes.length], await finiteLogits(engine, images, options)),
  );
  return Array.from(largestInRows(probabilities), (index, n) => {
    const row = Array.from(probabilities.data.subarray(n * classes.length, (n + 1) * classes.length));
    return { index, class: classes[index], probability: row[index], probabilities: row };
  });
}
