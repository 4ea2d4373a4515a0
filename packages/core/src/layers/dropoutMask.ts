import { CELL_STEP, mix } from "../mix.js";
import type { Context } from "./layer.js";

/*
 * Which numbers dropout keeps: a pure function of the seed, the step, the layer's place, the image's place in the batch and the
 * cell, so that it is the same on any number of threads and can be computed again backward. Every part is mixed in by
 *
 *   h = h ^ (h >> 16);  h = h * 0x7feb352d;  h = h ^ (h >> 15);  h = h * 0x846ca68b;  h = h ^ (h >> 16)
 *
 * on unsigned 32-bit numbers, a permutation that hardly favours any bit (the constants are those of C. Wellons' "lowbias32",
 * 2018):
 *
 *   key  = mix(mix(mix(mix(seed) + step) + node) + place)          of an image: node and place are counted from 0, steps from 1
 *   hash = mix(key + cell * 0x9e3779b9)                            cell: its number in the image, in row-major order
 *
 * The first 23 bits of the hash are a number in [0, 1). What isn't below the rate stays.
 *
 * For seed 1, step 2, node 3, place 4 the key is 0x934addd8, and the hashes of the cells 0, 1, 2 are 0x28e1c7ab, 0xd5a54feb,
 * 0x5adacc4a.
 */

/** How many bits of a hash are looked at: as many as the fraction of a float32 has. */
export const MASK_BITS = 23;

/** What the masks of an image begin with: a whole number in [0, 2^32). */
export function maskKey({ seed, step, node }: Context, place: number): number {
  return mix(mix(mix(mix(seed) + step) + node) + place);
}

export function maskHash(key: number, cell: number): number {
  return mix(key + Math.imul(cell, CELL_STEP));
}

/** The share of hashes that are dropped, as a whole number of 2^-23. */
export const dropsBelow = (rate: number): number => Math.round(rate * 2 ** MASK_BITS);

/** Whether a number is kept. */
export function isKept(rate: number, key: number, cell: number): boolean {
  return maskHash(key, cell) >>> (32 - MASK_BITS) >= dropsBelow(rate);
}

/** What kept numbers are multiplied with. */
export const stretchOf = (rate: number): number => 1 / (1 - rate);
