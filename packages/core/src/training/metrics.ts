import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropyLoss } from "../losses/softmaxCrossEntropy.js";
import { largestInRows, type Tensor } from "../tensor.js";

/** How good a network is on labelled images. */
export interface Evaluation {
  /** The mean of the images' losses. */
  readonly loss: number;
  /** Share of images whose most probable class is the right one, in [0, 1]. */
  readonly accuracy: number;
  /**
   * `confusion[actual][predicted]` counts images: a row for each class, each with a number for each class. Of more than 256
   * classes, only the rows up to the largest label that there is: a data set's labels are bytes, so these are 256 at most.
   */
  readonly confusion: readonly (readonly number[])[];
}

/** So many classes have a row each, whatever the labels are. */
const MOST_WITH_ROWS = 256;

/** @param logits `[N, classes]`; @param labels `[N]`; @param loss default softmax and cross-entropy */
export function measure(logits: Tensor, labels: ArrayLike<number>, loss?: Loss): Evaluation {
  const tally = new Tally(logits.shape[1], loss);
  tally.add(logits, labels);
  return tally.result();
}

/** An evaluation in parts: all logits at once would be large where there are many classes. */
export class Tally {
  readonly #classes: number;
  readonly #kind: Loss;
  /** The rows of classes that have images. */
  readonly #rows = new Map<number, number[]>();
  #loss = 0;
  #images = 0;
  #correct = 0;

  constructor(classes: number, loss = softmaxCrossEntropyLoss) {
    this.#classes = classes;
    this.#kind = loss;
  }

  /** @param logits `[N, classes]`; @param labels `[N]` */
  add(logits: Tensor, labels: ArrayLike<number>): void {
    const winners = largestInRows(logits);
    for (const [n, winner] of winners.entries()) {
      const actual = labels[n];
      const row = this.#rows.get(actual) ?? this.#emptyRow();
      this.#rows.set(actual, row);
      row[winner] += 1;
      if (winner === actual) this.#correct += 1;
    }
    for (const loss of this.#kind.values(logits, labels)) this.#loss += loss;
    this.#images += winners.length;
  }

  result(): Evaluation {
    let length = this.#classes;
    if (length > MOST_WITH_ROWS) {
      length = 0;
      for (const actual of this.#rows.keys()) length = Math.max(length, actual + 1);
    }
    const confusion = Array.from({ length }, (_, actual) => this.#rows.get(actual) ?? this.#emptyRow());
    return { loss: this.#loss / this.#images, accuracy: this.#correct / this.#images, confusion };
  }

  #emptyRow(): number[] {
    return Array<number>(this.#classes).fill(0);
  }
}
