import {
  type Circumstances,
  classesSaid,
  EVALUATION,
  loadBatch,
  type Model,
  type NamedTensors,
  type Trace,
  trace,
} from "unravel-cnn";
import { isSame, labelsOf, type Right, suits } from "./right.js";

/** Some images and what they show. */
export interface Batch {
  /** Bytes `[N, C, H, W]`. */
  readonly images: Uint8Array;
  /** Where nobody said what is right, the network's own answer counts as right. */
  readonly labels: readonly (Right | undefined)[];
  /** Default: one image as it is predicted, several as the first step of a training takes them. */
  readonly circumstances?: Circumstances | undefined;
}

/** The network's own answer for an image of a trace. */
export const saidIn = ({ model, tensors }: Trace, image: number): number[] =>
  classesSaid(model.loss, tensors[model.output], image);

/** Labelled images that didn't come from the pad. */
export interface GivenBatch extends Batch {
  /** `the batch of step 3` */
  readonly name: string;
}

/**
 * Runs the textbook on a batch, forward and backward.
 * @param guess what the network's answer might be: while somebody draws, what it was before. If it is right, the network
 *   is run once only.
 */
export function traceBatch(model: Model, parameters: NamedTensors, batch: Batch, guess: Right = 0): Trace {
  const { images, labels, circumstances = labels.length === 1 ? EVALUATION : {} } = batch;
  const x = loadBatch(images, model.inputShape, [...labels.keys()], model.normalize);
  const known = suits(model, guess) ? guess : 0; // it may be that of the network before
  const tried = labels.map((label) => label ?? known);
  const first = trace(model, parameters, x, labelsOf(model, tried), circumstances);
  const right = labels.map((label, n) => label ?? saidIn(first, n));
  const isRight = right.every((label, n) => isSame(label, tried[n]));
  return isRight ? first : trace(model, parameters, x, labelsOf(model, right), circumstances);
}
