import type { Cell } from "../cell.js";
import type { Account, Around } from "../layers/explain/explanation.js";
import type { Tensor } from "../tensor.js";

/** A loss as it stands in a model's JSON. */
export interface LossSpec {
  readonly type: string;
}

/**
 * The textbook of one kind of loss: what the scores `[N, K]` that the last layer gives say, and how wrong that is, given the
 * right class of each image. All functions are pure.
 */
export interface Loss {
  readonly type: string;
  /** Probabilities `[N, K]`, in the dtype of the scores. */
  probabilities(scores: Tensor): Tensor;
  /** Of each image, `[N]`. What is learnt from is their mean. */
  values(scores: Tensor, labels: ArrayLike<number>): Float64Array;
  /** The gradient of the mean with respect to the scores, `[N, K]`. */
  inputGradient(scores: Tensor, labels: ArrayLike<number>): Tensor;
  /** Where these numbers come from. */
  readonly explain: LossExplainer;
}

/**
 * The tensors around a loss are `logits` [N, K], `probs` [N, K], `y` [N], `loss` [] and `grad.logits` [N, K]; an index is
 * [n, k], an image and a class.
 */
export interface LossExplainer {
  probability(around: Around, index: readonly number[]): Account;
  loss(around: Around): Account;
  inputGradient(around: Around, index: readonly number[]): Account;
  /** The cells of `probs`, `loss` and `grad.logits` in whose accounts a cell of `logits`, `probs` or `y` stands. */
  uses(around: Around, cell: Cell): Cell[];
}

/** The mean of the images' losses. */
export function meanLoss(loss: Loss, scores: Tensor, labels: ArrayLike<number>): number {
  return loss.values(scores, labels).reduce((sum, value) => sum + value, 0) / labels.length;
}
