import { InputError } from "../../errors.js";
import { type RandomStream, randomStream } from "../../random.js";
import type { Dataset } from "../dataset.js";
import { normalizeDigit } from "../preprocess.js";
import { Dice } from "./dice.js";
import { distort } from "./distort.js";
import { HAND } from "./hand.js";
import { moveAlong } from "./pen.js";
import { GRAIN, ink, SHEET } from "./render.js";
import { shapeDigit } from "./shape.js";

const SIZE = 28 * 28;
const CLASSES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The training and the test set are different streams of random numbers: no digit of the one is in the other. */
export type Part = "train" | "test";

/** Draws single digits. */
export interface DigitPen {
  /**
   * The `index`-th drawing of `digit` (0 to 9), as `[28, 28]` bytes with ink = 255. It depends on the seed, the part,
   * the digit and the index alone.
   */
  draw(digit: number, index: number): Uint8Array;
}

/**
 * A pen that draws digits of 28x28, light on black, as MNIST has them: the same digit for the same seed, part and index.
 * @throws InputError if the seed is not a whole number in [0, 2^32). `draw` throws it for a digit that is not 0 to 9 and
 *   for an index that is not a whole number of at least 0.
 */
export function digitPen(seed: number, part: Part = "train"): DigitPen {
  const random = randomStream(seed, `digits/${part}`);
  const sheet = new Float32Array(SHEET * SHEET);
  return {
    draw(digit, index) {
      if (!(Number.isInteger(digit) && digit >= 0 && digit <= 9)) {
        throw new InputError(`A digit is a whole number from 0 to 9, not ${digit}.`);
      }
      if (!(Number.isSafeInteger(index) && index >= 0)) {
        throw new InputError(`A drawing's index is a whole number of at least 0, not ${index}.`);
      }
      const dice = new Dice(random, index);
      const haste = dice.between(HAND.haste[0], HAND.haste[1]);
      const strokes = shapeDigit(dice, digit, haste);
      distort(dice, digit, haste, strokes);
      const trails = moveAlong(dice, digit, strokes);
      ink(trails, GRAIN * dice.between(HAND.blurLeast, HAND.blurMost), sheet);
      return normalizeDigit(sheet, SHEET, SHEET);
    },
  };
}

/**
 * `count` handwritten-looking digits drawn by the program, in random order, with as many of each class as of any other
 * (or one more). Prepared like MNIST: 20x20 pixels of ink, its centre of mass in the middle of 28x28.
 *
 * @returns `[count, 1, 28, 28]`; the same bytes for the same arguments on every machine.
 * @throws InputError if the count is not a whole number of at least 1, or the seed not one in [0, 2^32).
 */
export function drawDigits(count: number, seed: number, part: Part = "train"): Dataset {
  if (!(Number.isSafeInteger(count) && count > 0)) {
    throw new InputError(`The number of digits to draw must be a whole number of at least 1, not ${count}.`);
  }
  const drawing = digitsOneByOne(count, seed, part);
  for (;;) {
    const { done, value } = drawing.next();
    if (done) return value;
  }
}

/**
 * The digits of drawDigits, for callers that have other work in between: yields how many are drawn, after each.
 * @param count a whole number of at least 0
 */
export function* digitsOneByOne(count: number, seed: number, part: Part): Generator<number, Dataset> {
  const pen = digitPen(seed, part);
  const order = randomStream(seed, `digits/${part}/order`);
  const images = new Uint8Array(count * SIZE);
  const labels = new Uint8Array(count);
  let ten = CLASSES.map(Number);
  for (let i = 0; i < count; i++) {
    // Each ten digits are the ten classes in random order, so that the first digits are the same for any count.
    if (i % 10 === 0) ten = shuffledTen(order, i);
    labels[i] = ten[i % 10];
    images.set(pen.draw(labels[i], i), i * SIZE);
    yield i + 1;
  }
  return { name: "drawn digits", shape: [1, 28, 28], images, labels, classes: CLASSES };
}

/** 0 to 9 in random order: Fisher and Yates' shuffle with the ten numbers from `index` on. */
function shuffledTen(random: RandomStream, index: number): number[] {
  const ten = CLASSES.map(Number);
  for (let i = 9; i > 0; i--) {
    const j = random.below(i + 1, index + i);
    [ten[i], ten[j]] = [ten[j], ten[i]];
  }
  return ten;
}
