import { crossEntropies } from "../layers/softmaxCrossEntropy.js";
import { largestInRows, type Tensor } from "../tensor.js";

/** How good a network is on labelled images. */
export interface Evaluation {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Share of images whose most probable class is the right one, in [0, 1]. */
  readonly accuracy: number;
  /** `confusion[actual][predicted]` counts images. */
  readonly confusion: readonly (readonly number[])[];
}

/** @param logits `[N, classes]`; @param labels `[N]` */
export function measure(logits: Tensor, labels: ArrayLike<number>): Evaluation {
  const [count, classes] = logits.shape;
  const confusion = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  const winners = largestInRows(logits);
  for (let n = 0; n < count; n++) confusion[labels[n]][winners[n]] += 1;
  const correct = confusion.reduce((sum, row, actual) => sum + row[actual], 0);
  const loss = crossEntropies(logits, labels).reduce((sum, one) => sum + one, 0) / count;
  return { loss, accuracy: correct / count, confusion };
}
