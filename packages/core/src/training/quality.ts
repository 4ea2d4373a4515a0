import type { Loss } from "../losses/loss.js";
import { softmaxCrossEntropyLoss } from "../losses/softmaxCrossEntropy.js";
import { largestInRows, type Tensor } from "../tensor.js";
import type { Answers } from "./metrics.js";

/** How good the answers are for one class, the others being all the same. */
export interface ClassQuality {
  /** How many images show it. */
  readonly images: number;
  /** Of the images that were taken for it, the share that shows it; null if none was. */
  readonly precision: number | null;
  /** Of the images that show it, the share that was taken for it; null if none does. */
  readonly recall: number | null;
  /** The harmonic mean of both; null where neither a picture shows it nor one was taken for it. */
  readonly f1: number | null;
}

/**
 * Precision, recall and F1 of each class.
 * @param confusion `confusion[actual][predicted]` counts images
 */
export function classQualities(confusion: readonly (readonly number[])[]): ClassQuality[] {
  return confusion.map((row, k) => {
    const right = row[k];
    const images = row.reduce((sum, count) => sum + count, 0);
    const taken = confusion.reduce((sum, other) => sum + other[k], 0);
    return {
      images,
      precision: taken === 0 ? null : right / taken,
      recall: images === 0 ? null : right / images,
      f1: images + taken === 0 ? null : (2 * right) / (images + taken),
    };
  });
}

/**
 * The same with several labels at once: an image was taken for a class if it was said to show it.
 * @param answers of an evaluation, for each class
 */
export function answerQualities(answers: readonly Answers[]): ClassQuality[] {
  return answers.map(({ truePositives, falsePositives, falseNegatives, precision, recall }) => {
    const all = 2 * truePositives + falsePositives + falseNegatives;
    return {
      images: truePositives + falseNegatives,
      precision,
      recall,
      f1: all === 0 ? null : (2 * truePositives) / all,
    };
  });
}

/** An image that was taken for another class. */
export interface Mistake {
  /** Its place in the data set. */
  readonly image: number;
  readonly actual: number;
  readonly predicted: number;
  /** Of the answer that was given; its score, where the loss takes scores as they are (`meanSquaredError`). */
  readonly probability: number;
}

/** The answers whose probabilities lie between two numbers. */
export interface CalibrationGroup {
  /** Probabilities from here on, in [0, 1), up to `to`. */
  readonly from: number;
  readonly to: number;
  /** How many images were answered so surely. */
  readonly images: number;
  /** The mean of their answers' probabilities; null if there is none. */
  readonly confidence: number | null;
  /** The share of them that is right; null if there is none. */
  readonly accuracy: number | null;
}

/** What can be said of answers only while their scores are at hand. */
export interface ScoreSummary {
  /** The share of images whose class is among the five most probable. */
  readonly top5: number;
  /**
   * The expected calibration error: how far the probabilities of the answers are, on average, from the share of them that is right, in
   * 15 groups of equal width. (C. Guo et al., "On Calibration of Modern Neural Networks", 2017) Null where the loss gives scores that
   * are no probabilities (`meanSquaredError`).
   */
  readonly calibrationError: number | null;
  /** These groups, in the order of their probabilities; empty where there are none. */
  readonly calibration: readonly CalibrationGroup[];
  /** The surest first. */
  readonly mistakes: readonly Mistake[];
}

const GROUPS = 15;
const TOP = 5;

/** Takes scores in parts and sums up how sure the answers were. */
export class ScoreTally {
  readonly #mostMistakes: number;
  readonly #loss: Loss;
  readonly #counts = new Float64Array(GROUPS);
  readonly #sure = new Float64Array(GROUPS);
  readonly #right = new Float64Array(GROUPS);
  #mistakes: Mistake[] = [];
  #images = 0;
  #amongTop = 0;

  /**
   * @param mostMistakes so many of the mistakes are kept
   * @param loss what makes probabilities of scores: that of the model; default softmax and cross-entropy
   */
  constructor(mostMistakes: number, loss: Loss = softmaxCrossEntropyLoss) {
    this.#mostMistakes = mostMistakes;
    this.#loss = loss;
  }

  /** @param logits `[N, classes]`; @param labels `[N]` */
  add(logits: Tensor, labels: ArrayLike<number>): void {
    const classes = logits.shape[1];
    const probabilities = this.#loss.probabilities(logits).data;
    for (const [n, predicted] of largestInRows(logits).entries()) {
      const actual = labels[n];
      const probability = probabilities[n * classes + predicted];
      const group = Math.max(0, Math.min(GROUPS - 1, Math.floor(probability * GROUPS)));
      this.#counts[group] += 1;
      this.#sure[group] += probability;
      if (predicted === actual) this.#right[group] += 1;
      else this.#mistakes.push({ image: this.#images, actual, predicted, probability });
      const own = logits.data[n * classes + actual];
      let better = 0;
      for (let k = 0; k < classes; k++) if (logits.data[n * classes + k] > own) better += 1;
      if (better < TOP) this.#amongTop += 1;
      this.#images += 1;
    }
    if (this.#mistakes.length > 4 * this.#mostMistakes + 1000) this.#sortMistakes();
  }

  result(): ScoreSummary {
    this.#sortMistakes();
    const areScores = this.#loss.words.probabilities === "scores";
    let error = 0;
    for (let group = 0; group < GROUPS; group++) error += Math.abs(this.#sure[group] - this.#right[group]);
    return {
      top5: this.#amongTop / this.#images,
      calibrationError: areScores ? null : error / this.#images,
      calibration: areScores ? [] : Array.from({ length: GROUPS }, (_, group) => this.#group(group)),
      mistakes: this.#mistakes,
    };
  }

  #group(group: number): CalibrationGroup {
    const images = this.#counts[group];
    const mean = (sum: number) => (images === 0 ? null : sum / images);
    return {
      from: group / GROUPS,
      to: (group + 1) / GROUPS,
      images,
      confidence: mean(this.#sure[group]),
      accuracy: mean(this.#right[group]),
    };
  }

  #sortMistakes(): void {
    this.#mistakes.sort((a, b) => b.probability - a.probability || a.image - b.image);
    this.#mistakes = this.#mistakes.slice(0, this.#mostMistakes);
  }
}
