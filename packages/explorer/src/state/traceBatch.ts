import {
  type Circumstances,
  EVALUATION,
  largestInRows,
  loadBatch,
  type Model,
  type NamedTensors,
  type Trace,
  trace,
} from "unravel-cnn";

/** Some images and their right classes. */
export interface Batch {
  /** Bytes `[N, C, H, W]`. */
  readonly images: Uint8Array;
  /** Where nobody said what is right, what the network holds for the most probable counts as right. */
  readonly labels: readonly (number | undefined)[];
  /** Default: one image as it is predicted, several as the first step of a training takes them. */
  readonly circumstances?: Circumstances | undefined;
}

/** Labelled images that didn't come from the pad. */
export interface GivenBatch extends Batch {
  /** `the batch of step 3` */
  readonly name: string;
}

/**
 * Runs the textbook on a batch, forward and backward.
 * @param guess what the most probable class might be: while somebody draws, what it was before. If it is right, the network
 *   is run once only.
 */
export function traceBatch(model: Model, parameters: NamedTensors, batch: Batch, guess = 0): Trace {
  const { images, labels, circumstances = labels.length === 1 ? EVALUATION : {} } = batch;
  const x = loadBatch(images, model.inputShape, [...labels.keys()], model.normalize);
  const known = guess < model.classes.length ? guess : 0; // it may be a class of the network before
  const tried = labels.map((label) => label ?? known);
  const first = trace(model, parameters, x, tried, circumstances);
  const best = largestInRows(first.tensors.probs);
  const right = labels.map((label, n) => label ?? best[n]);
  const isRight = right.every((label, n) => label === tried[n]);
  return isRight ? first : trace(model, parameters, x, right, circumstances);
}
