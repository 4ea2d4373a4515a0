import { InputError } from "../errors.js";
import { FIRST_STEP } from "../layers/layer.js";
import { classesShown } from "../losses/labels.js";
import { meanLoss } from "../losses/loss.js";
import { logits, type Trace } from "../reference/trace.js";

/** What an update did to the batch that it came from. */
export interface Outcome {
  readonly loss: { readonly before: number; readonly after: number };
  /** Each class that the image shows, and its probability: one, or with several labels at once several, or none. */
  readonly classes: readonly { readonly index: number; readonly before: number; readonly after: number }[];
  /** How the loss would change if every slope held all the way: -learning rate * sum of the squares of all gradients. */
  readonly promised: number;
  /** The sum of the squares of the gradients of all parameters. */
  readonly squares: number;
}

/**
 * Runs the network once more, with the parameters that `withUpdate` made.
 * @throws InputError if the trace is of a batch
 */
export function outcomeOf({
  model,
  tensors,
  labels,
  loss,
  learningRate = 0,
  circumstances = FIRST_STEP,
}: Trace): Outcome {
  const [images] = tensors.x.shape;
  if (images !== 1) {
    throw new InputError(`An outcome is told of one image, but the trace is of a batch of ${images}.`);
  }
  const updated = [
    ...model.parameters.map(({ fullName }) => [fullName, tensors[`new.${fullName}`]]),
    ...model.state.map(({ fullName }) => [fullName, tensors[fullName]]),
  ];
  const scores = logits(model, Object.fromEntries(updated), tensors.x, circumstances);
  let squares = 0;
  for (const { fullName } of model.parameters) {
    for (const gradient of tensors[`grad.${fullName}`].data) squares += gradient * gradient;
  }
  const before = tensors.probs.data;
  const after = model.loss.probabilities(scores).data;
  return {
    loss: { before: loss, after: meanLoss(model.loss, scores, labels) },
    classes: classesShown(labels, tensors.probs.shape, 0).map((index) => ({
      index,
      before: before[index],
      after: after[index],
    })),
    promised: -learningRate * squares,
    squares,
  };
}
