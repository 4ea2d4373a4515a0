import { CELL_STEP, mix } from "../mix.js";

/*
 * What chance does to an image: a pure function of the seed, the epoch, the image's index in the data that is trained on, and which
 * copy of it this is. So it is the same on any number of threads, in batches of any size, and after any break:
 *
 *   key  = mix(mix(mix(mix(seed) + epoch) + index) + copy)      epochs are counted from 1, index and copy from 0
 *   draw = mix(key + place * 0x9e3779b9)                        place: which number of the image's this is (see PLACES)
 *
 * For seed 1, epoch 2, index 3, copy 4 the key is 0x934addd8, and the draws of the places 0, 1, 2 are 0x28e1c7ab, 0xd5a54feb,
 * 0x5adacc4a.
 */

/** Which draw is for what. Each has a place of its own, so that one option more changes nothing of the others. */
export const PLACES = {
  shiftX: 0,
  shiftY: 1,
  rotate: 2,
  scale: 3,
  shear: 4,
  flip: 5,
  cropX: 6,
  cropY: 7,
  brightness: 8,
  contrast: 9,
  eraseHeight: 10,
  eraseWidth: 11,
  eraseY: 12,
  eraseX: 13,
  /** This and all that follow. */
  elastic: 16,
} as const;

/** What all draws of an image follow from: a whole number in [0, 2^32). */
export function imageKey(seed: number, epoch: number, index: number, copy: number): number {
  return mix(mix(mix(mix(seed) + epoch) + index) + copy);
}

function draw(key: number, place: number): number {
  return mix(key + Math.imul(place, CELL_STEP));
}

/** A whole number in [0, n). */
export function below(n: number, key: number, place: number): number {
  return Math.floor((draw(key, place) * n) / 2 ** 32);
}

/** A whole number in [-n, n]. */
export function between(n: number, key: number, place: number): number {
  return below(2 * n + 1, key, place) - n;
}

/** A multiple of 2^-31 in [-1, 1). */
export function symmetric(key: number, place: number): number {
  return draw(key, place) / 2 ** 31 - 1;
}
