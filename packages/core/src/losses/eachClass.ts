import type { Cell } from "../cell.js";
import { type Account, type Around, type Factor, factorAt, product } from "../layers/explain/explanation.js";
import type { Tensor } from "../tensor.js";
import { type ClassWeights, totalWeight } from "./loss.js";

/*
 * What losses have in common that ask each class by itself for 1 or 0, and take the mean over images and classes: where their
 * numbers come from. n is an image, k a class.
 */

/** What each class's part of the loss is multiplied with: so many times 1 / (N K), or by the sum of the images' weights for N. */
export function shareOf(y: Tensor, K: number, times: number, weights: ClassWeights | undefined): Factor {
  const top = times === 1 ? "1" : String(times);
  return {
    value: times / (K * (weights === undefined ? y.shape[0] : totalWeight(y.data, weights))),
    label: weights ? `${top} / (K times the sum of the images' weights)` : `${top} / (N K)`,
  };
}

/** How much an image of a class counts; nothing where all count alike. */
export const weightOf = (weights: ClassWeights | undefined, label: number): Factor[] =>
  weights === undefined ? [] : [{ value: weights[label], label: `the weight of class ${label}` }];

/** Whether class k is the label of image n, or one of its labels. */
export function isAsked(around: Around, [n, k]: readonly number[]): boolean {
  const { shape, data } = around("y");
  return shape.length === 2 ? data[n * shape[1] + k] === 1 : data[n] === k;
}

/** What a cell of `y` is. */
export const labelOf = ({ shape }: Tensor): string =>
  shape.length === 2 ? "1 for a class that the image shows" : "the right class";

/** The gradient of a score, so many times what its number in `probs` had too much; without the sentence. */
export function tooMuch(
  around: Around,
  [n, k]: readonly number[],
  times: number,
  what: string,
  weights: ClassWeights | undefined,
): Omit<Account, "says"> {
  const [probs, y] = [around("probs"), around("y")];
  const isRight = isAsked(around, [n, k]);
  const share = shareOf(y, probs.shape[1], times, weights);
  const weight = weightOf(weights, y.data[n]);
  const label = `y: ${isRight ? "1, the right class" : "0, a wrong class"}`;
  const isSeveral = y.shape.length === 2;
  const target: Factor = isSeveral ? factorAt(y, [n, k], label) : { value: isRight ? 1 : 0, label };
  return {
    rule: "difference",
    terms: [
      product([factorAt(probs, [n, k], what), ...weight, share]),
      product([target, ...weight, { value: -share.value, label: `-${share.label}` }], "target"),
    ],
    others: isSeveral ? [] : [factorAt(y, [n], labelOf(y))],
  };
}

/** The cells of `probs`, `loss` and `grad.logits` in whose accounts a cell of `logits`, `probs` or `y` stands. */
export function usesOfEach(around: Around, { tensor, index }: Cell): Cell[] {
  if (tensor === "logits") return [{ tensor: "probs", index }];
  const loss: Cell = { tensor: "loss", index: [] };
  if (tensor === "probs") return [loss, { tensor: "grad.logits", index }];
  if (index.length === 2) return [loss, { tensor: "grad.logits", index }];
  const [, K] = around("logits").shape;
  return [loss, ...Array.from({ length: K }, (_, k) => ({ tensor: "grad.logits", index: [index[0], k] }))];
}
