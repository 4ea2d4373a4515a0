import { InputError } from "../errors.js";
import { FIRST_STEP } from "../layers/layer.js";
import { meanLoss } from "../losses/loss.js";
import { logits, type Trace } from "../reference/trace.js";

/** What an update did to the batch that it came from. */
export interface Outcome {
  readonly loss: { readonly before: number; readonly after: number };
  /** Of the first image's right class. */
  readonly probability: { readonly before: number; readonly after: number };
  /** How the loss would change if every slope held all the way: -learning rate * sum of the squares of all gradients. */
  readonly promised: number;
  /** The sum of the squares of the gradients of all parameters. */
  readonly squares: number;
}

/** @throws InputError unless these are the labels of one image that has one */
export function checkOneLabel(labels: ArrayLike<number>): void {
  if (labels.length === 1) return;
  throw new InputError(
    `What is told of one image needs one label, but the trace has ${labels.length}: it is of a batch, or of several labels at once.`,
  );
}

/**
 * Runs the network once more, with the parameters that `withUpdate` made.
 * @throws InputError if the trace is of a batch, or of several labels at once
 */
export function outcomeOf({
  model,
  tensors,
  labels,
  loss,
  learningRate = 0,
  circumstances = FIRST_STEP,
}: Trace): Outcome {
  checkOneLabel(labels);
  const updated = [
    ...model.parameters.map(({ fullName }) => [fullName, tensors[`new.${fullName}`]]),
    ...model.state.map(({ fullName }) => [fullName, tensors[fullName]]),
  ];
  const scores = logits(model, Object.fromEntries(updated), tensors.x, circumstances);
  let squares = 0;
  for (const { fullName } of model.parameters) {
    for (const gradient of tensors[`grad.${fullName}`].data) squares += gradient * gradient;
  }
  return {
    loss: { before: loss, after: meanLoss(model.loss, scores, labels) },
    probability: {
      before: tensors.probs.data[labels[0]],
      after: model.loss.probabilities(scores).data[labels[0]],
    },
    promised: -learningRate * squares,
    squares,
  };
}
