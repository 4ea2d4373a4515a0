import { largestInRows, type Picture } from "unravel-cnn";
import type { Facts } from "./facts.js";
import { type PictureSource, pixelsOf, tagOf } from "./pixels.js";
import { probabilities } from "./probabilities.js";
import { type Pixels, type Program, startProgram } from "./program.js";
import { InputError } from "./wrong.js";

/** What a network says about one image. */
export interface Prediction {
  readonly index: number;
  readonly class: string;
  readonly probability: number;
  readonly probabilities: readonly number[];
}

/** What an exported module exports, but for its facts. */
export interface Runtime {
  predict(pixels: Pixels): Prediction;
  predictBatch(pixels: Pixels): Prediction[];
  predictImage(source: PictureSource): Prediction;
  /** The bytes `[C, H, W]` that a picture becomes. */
  inputOf(source: PictureSource): Uint8Array;
}

/** How a picture becomes the bytes `[C, H, W]` of an input. */
export type PictureReader = (picture: Picture, facts: Facts) => Uint8Array;

/** A program's face. Nothing is unpacked before the first prediction. */
export function creator(read: PictureReader): (facts: Facts) => Runtime {
  return (facts) => {
    const { inputShape, classes, loss } = facts;
    const [C, H, W] = inputShape;
    const size = C * H * W;
    let program: Program | undefined;

    const answer = (pixels: Pixels): Prediction[] => {
      program ??= startProgram(facts);
      const scores = program(pixels);
      if (!scores.every(Number.isFinite))
        throw new InputError(
          "The scores overflow, because weights are far too large: train again with a lower learning rate.",
        );
      const p = probabilities[loss]({ shape: [pixels.length / size, classes.length], data: scores });
      return Array.from(largestInRows(p), (index, n) => {
        const row = Array.from(p.data.subarray(n * classes.length, (n + 1) * classes.length));
        return { index, class: classes[index], probability: row[index], probabilities: row };
      });
    };

    const check = (pixels: unknown, several: boolean): Pixels => {
      const kind = tagOf(pixels);
      if (!/^(Uint8|Uint8Clamped|Float32)Array$/.test(kind)) {
        throw new InputError(
          `Pixels must be bytes in a Uint8Array or Uint8ClampedArray, or numbers from 0 to 1 in a Float32Array, not ${kind}.`,
        );
      }
      const given = pixels as Pixels;
      if (several ? given.length % size !== 0 : given.length !== size) {
        throw new InputError(
          `${several ? "Images hold a multiple of" : "An image holds"} ${C}x${H}x${W} = ${size} pixels, channel by channel and row by row, not ${given.length}.`,
        );
      }
      if (kind !== "Float32Array") return given;
      const wrong = (given as Float32Array).findIndex((value) => !(value >= 0 && value <= 1));
      if (wrong >= 0) {
        throw new InputError(
          `Numbers in a Float32Array must be from 0 to 1, but number ${wrong} is ${given[wrong]}; bytes go into a Uint8Array.`,
        );
      }
      // one from another window, too
      return given instanceof Float32Array ? given : Float32Array.from(given);
    };

    const inputOf = (source: PictureSource) => read(pixelsOf(source), facts);
    return {
      inputOf,
      predict: (pixels) => answer(check(pixels, false))[0],
      predictBatch: (pixels) => answer(check(pixels, true)),
      predictImage: (source) => answer(inputOf(source))[0],
    };
  };
}
