import type { Cell } from "../cell.js";
import type { Account, Around } from "../layers/explain/explanation.js";
import type { Tensor } from "../tensor.js";

/** A loss as it stands in a model's JSON. */
export interface LossSpec {
  readonly type: string;
  /** Of `softmaxCrossEntropy`: the share of each target that is spread evenly over all classes, in [0, 1); default 0. */
  readonly labelSmoothing?: number;
}

/** A loss in words, for people. */
export interface LossWords {
  /** What it is called, with what is made of the scores. */
  readonly kind: string;
  /** What the numbers in `probs` are called. */
  readonly probabilities: "probabilities" | "scores";
  /** What is done forward and backward, in sentences. */
  readonly forward: string;
  readonly backward: string;
}

/** One for each class: how much an image of that class counts. */
export type ClassWeights = readonly number[];

/**
 * The textbook of one kind of loss: what the scores `[N, K]` that the last layer gives say, and how wrong that is, given the
 * right class of each image, or several. All functions are pure.
 */
export interface Loss {
  readonly type: string;
  readonly labelSmoothing: number;
  /** Whether an image may have several labels at once, or none (see labels.ts). */
  readonly takesSeveral: boolean;
  /** Undefined: all images count alike. */
  readonly classWeights: ClassWeights | undefined;
  /** The same loss with class weights, as one trains with them. */
  weighted(classWeights: ClassWeights): Loss;
  readonly words: LossWords;
  /** What the scores say of each class, `[N, K]`: probabilities, or what stands for them, in the dtype of the scores. */
  probabilities(scores: Tensor): Tensor;
  /** Of each image, `[N]`, times its class's weight. What is learnt from is their sum, divided by that of the weights. */
  values(scores: Tensor, labels: ArrayLike<number>): Float64Array;
  /** The gradient of that mean with respect to the scores, `[N, K]`. */
  inputGradient(scores: Tensor, labels: ArrayLike<number>): Tensor;
  /** What guessing among so many classes has as loss. */
  guessing(classes: number): number;
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

/** The mean of the images' losses; with class weights, the weighted one. */
export function meanLoss(loss: Loss, scores: Tensor, labels: ArrayLike<number>): number {
  const sum = loss.values(scores, labels).reduce((sum, value) => sum + value, 0);
  return sum / (loss.classWeights === undefined ? scores.shape[0] : totalWeight(labels, loss.classWeights));
}

/** What a batch's losses are divided by: how many images it has, or the sum of their classes' weights, in their order. */
export function totalWeight(labels: ArrayLike<number>, classWeights: ClassWeights | undefined): number {
  if (classWeights === undefined) return labels.length;
  let sum = 0;
  for (let n = 0; n < labels.length; n++) sum += classWeights[labels[n]];
  return sum;
}
