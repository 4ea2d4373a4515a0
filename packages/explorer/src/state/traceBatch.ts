import {
  type Circumstances,
  classesSaid,
  EVALUATION,
  forward,
  loadBatch,
  type Model,
  meanLoss,
  type NamedTensors,
  type Trace,
} from "unravel-cnn";
import { lazyGradients } from "./lazyGradients.js";
import { labelsOf, type Right } from "./right.js";

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

/** The first step of a training. */
const FIRST: Circumstances = { mode: "training", seed: 0, step: 1 };

/** Runs the textbook on a batch: forward at once, backward when somebody reads a gradient. */
export function traceBatch(model: Model, parameters: NamedTensors, batch: Batch): Trace {
  const { images, labels: given, circumstances = given.length === 1 ? EVALUATION : FIRST } = batch;
  const x = loadBatch(images, model.inputShape, [...given.keys()], model.normalize);
  const outputs = forward(model, parameters, x, circumstances);
  const scores = outputs[model.output];
  const right = given.map((label, n) => label ?? classesSaid(model.loss, scores, n));
  const labels = labelsOf(model, right);
  const tensors = { x, ...parameters, ...outputs, probs: model.loss.probabilities(scores) };
  const gradients = lazyGradients(model, tensors, labels, circumstances);
  const loss = meanLoss(model.loss, scores, labels);
  return { model, labels, circumstances, loss, tensors: { ...tensors, ...gradients } };
}
