import { inContext } from "../errors.js";
import { largestInRows, type Tensor } from "../tensor.js";
import { severalError } from "./classWeights.js";
import type { ClassWeights, Loss } from "./loss.js";

/*
 * Labels are the number of each image's class, N of them. An image may also have several labels at once, or none: then there are
 * N * K, image by image 1 for each class that it shows and 0 for the others. There are two classes or more, so the length says
 * which it is.
 */

/** Whether these are several labels at once, for so many images. */
export const areSeveral = (labels: ArrayLike<number>, images: number): boolean => labels.length !== images;

/**
 * What is asked of class k by image n: 1 or 0.
 * @throws InputError for class weights with several labels at once: no single class says how much such an image counts
 */
export function askedBy(
  labels: ArrayLike<number>,
  [N, K]: readonly number[],
  weights: ClassWeights | undefined,
): (n: number, k: number) => number {
  if (!areSeveral(labels, N)) return (n, k) => (labels[n] === k ? 1 : 0);
  if (weights !== undefined) {
    inContext("The loss", () => {
      throw severalError();
    });
  }
  return (n, k) => labels[n * K + k];
}

/** The classes that image n shows, in order: its label, or those that several at once name; also none. */
export function classesShown(labels: ArrayLike<number>, [N, K]: readonly number[], n: number): number[] {
  return areSeveral(labels, N) ? onesAmong(K, (k) => labels[n * K + k] === 1) : [labels[n]];
}

/**
 * The classes that a network says image n shows, the one with the largest score first: that one alone, or with a loss that takes
 * several labels at once all whose scores are above 0, which are probabilities above 1/2; also none.
 * @param scores `[N, K]`
 */
export function classesSaid(
  { takesSeveral }: Pick<Loss, "takesSeveral">,
  scores: Tensor,
  n: number,
): number[] {
  if (!takesSeveral) return [largestInRows(scores)[n]];
  const K = scores.shape[1];
  const scoreOf = (k: number) => scores.data[n * K + k];
  return onesAmong(K, (k) => scoreOf(k) > 0).sort((a, b) => scoreOf(b) - scoreOf(a));
}

const onesAmong = (K: number, is: (k: number) => boolean): number[] =>
  Array.from({ length: K }, (_, k) => k).filter(is);

/** How much an image counts by its class; 1 where all count alike. */
export const weightBy = (labels: ArrayLike<number>, weights: ClassWeights | undefined, n: number): number =>
  weights?.[labels[n]] ?? 1;

/**
 * For each image whether it is right: its largest number is that of its class; or, with several labels at once, all scores whose
 * classes it shows are above 0, which is a probability above 1/2, and no other is.
 * @param scores `[N, K]`
 * @param ranked what the largest number is looked for in; default the scores
 */
export function rightOnes(scores: Tensor, labels: ArrayLike<number>, ranked: Tensor = scores): boolean[] {
  const [N, K] = scores.shape;
  if (!areSeveral(labels, N)) {
    return Array.from(largestInRows(ranked), (winner, n) => winner === labels[n]);
  }
  return Array.from({ length: N }, (_, n) => {
    for (let k = n * K; k < (n + 1) * K; k++) if (scores.data[k] > 0 !== (labels[k] === 1)) return false;
    return true;
  });
}
