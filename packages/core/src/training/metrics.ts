import { areSeveral, rightOnes } from "../losses/labels.js";
import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropyLoss } from "../losses/softmaxCrossEntropy.js";
import { largestInRows, type Tensor } from "../tensor.js";

/** How good a network is on labelled images. */
export interface Evaluation {
  /** The mean of the images' losses. */
  readonly loss: number;
  /**
   * Share of images whose most probable class is the right one, in [0, 1]; with several labels at once, of those about which every
   * answer is right, yes for each class that they show and no for all others: a class is answered with yes if its probability is
   * above 1/2.
   */
  readonly accuracy: number;
  /**
   * `confusion[actual][predicted]` counts images: a row for each class, each with a number for each class. Of more than 256
   * classes, only the rows up to the largest label that there is: a data set's labels are bytes, so these are 256 at most.
   * Empty with several labels at once, where no class is taken for another: see `answers`.
   */
  readonly confusion: readonly (readonly number[])[];
  /** With several labels at once, how good the answers are for each class. */
  readonly answers?: readonly Answers[];
}

/** The answers, yes or no, whether images show a class. */
export interface Answers {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  /** Of the images that were said to show the class, the share that does; null if none was. */
  readonly precision: number | null;
  /** Of the images that show the class, the share that was said to; null if none does. */
  readonly recall: number | null;
}

/** So many classes have a row each, whatever the labels are. */
const MOST_WITH_ROWS = 256;

/**
 * How good scores are: loss, accuracy and confusion matrix.
 * @param logits `[N, classes]`; @param labels `[N]` or `[N, classes]`; @param loss default softmax and cross-entropy
 */
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
  /** With several labels at once, for each class: how many images it was said of, and not, that don't show it; and that do. */
  #answers: Uint32Array | undefined;

  constructor(classes: number, loss = softmaxCrossEntropyLoss) {
    this.#classes = classes;
    this.#kind = loss;
  }

  /** @param logits `[N, classes]`; @param labels `[N]`, or `[N, classes]` with several labels at once */
  add(logits: Tensor, labels: ArrayLike<number>): void {
    for (const loss of this.#kind.values(logits, labels)) this.#loss += loss;
    this.#images += logits.shape[0];
    if (areSeveral(labels, logits.shape[0])) this.#addAnswers(logits, labels);
    else this.#addWinners(logits, labels);
  }

  #addAnswers(logits: Tensor, labels: ArrayLike<number>): void {
    this.#answers ??= new Uint32Array(4 * this.#classes);
    for (const [i, score] of logits.data.entries()) {
      this.#answers[4 * (i % this.#classes) + 2 * labels[i] + (score > 0 ? 0 : 1)] += 1;
    }
    this.#correct += rightOnes(logits, labels).filter(Boolean).length;
  }

  #addWinners(logits: Tensor, labels: ArrayLike<number>): void {
    const winners = largestInRows(logits);
    for (const [n, winner] of winners.entries()) {
      const actual = labels[n];
      const row = this.#rows.get(actual) ?? this.#emptyRow();
      this.#rows.set(actual, row);
      row[winner] += 1;
      if (winner === actual) this.#correct += 1;
    }
  }

  result(): Evaluation {
    const means = { loss: this.#loss / this.#images, accuracy: this.#correct / this.#images };
    if (this.#answers) return { ...means, confusion: [], answers: answersIn(this.#answers, this.#classes) };
    let length = this.#classes;
    if (length > MOST_WITH_ROWS) {
      length = 0;
      for (const actual of this.#rows.keys()) length = Math.max(length, actual + 1);
    }
    const confusion = Array.from({ length }, (_, actual) => this.#rows.get(actual) ?? this.#emptyRow());
    return { ...means, confusion };
  }

  #emptyRow(): number[] {
    return Array<number>(this.#classes).fill(0);
  }
}

function answersIn(counts: Uint32Array, classes: number): Answers[] {
  return Array.from({ length: classes }, (_, k) => {
    const [falsePositives, trueNegatives, truePositives, falseNegatives] = counts.subarray(4 * k, 4 * k + 4);
    const share = (all: number) => (all === 0 ? null : truePositives / all);
    return {
      ...{ truePositives, falsePositives, falseNegatives, trueNegatives },
      precision: share(truePositives + falsePositives),
      recall: share(truePositives + falseNegatives),
    };
  });
}
