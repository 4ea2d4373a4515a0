import { InputError } from "./errors.js";
import { cosPi, log } from "./math.js";

/**
 * Random numbers by counting: the number at an index is a function of (seed, stream, index) alone. Nothing has a hidden
 * state, so any part of the program (or any thread) can ask for any number in any order and gets the same bits.
 *
 * The function is Threefry-2x32 with 20 rounds: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011.
 */
export interface RandomStream {
  /** A whole number in [0, 2^32). */
  bits(index: number): number;
  /** A multiple of 2^-53 in [0, 1). */
  uniform(index: number): number;
  /** Normally distributed, mean 0 and standard deviation 1. */
  normal(index: number): number;
  /** A whole number in [0, n). */
  below(n: number, index: number): number;
}

/**
 * The stream called `name` of a seed. Streams with different names are independent of each other.
 * @throws InputError if the seed is not a whole number in [0, 2^32).
 */
export function randomStream(seed: number, name: string): RandomStream {
  checkSeed(seed);
  const stream = streamKey(name);
  const words = new Uint32Array(2);
  const encrypt = (index: number): void =>
    threefry(seed, stream, index >>> 0, Math.floor(index / 4294967296), words);
  const uniform = (index: number): number => {
    encrypt(index);
    return ((words[0] >>> 5) * 67108864 + (words[1] >>> 6)) / 9007199254740992;
  };
  return {
    uniform,
    bits: (index) => {
      encrypt(index);
      return words[0];
    },
    normal: (index) => {
      // Box and Muller: a radius from the one word, an angle from the other (half a turn is enough for a cosine).
      encrypt(index);
      return Math.sqrt(-2 * log((words[0] + 0.5) / 4294967296)) * cosPi((words[1] + 0.5) / 4294967296);
    },
    below: (n, index) => Math.floor(uniform(index) * n),
  };
}

/** The numbers 0 to n - 1 in random order: Fisher and Yates' shuffle. */
export function permutation(n: number, random: RandomStream): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1, i);
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}

/** @throws InputError if the seed is not a whole number in [0, 2^32). */
export function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new InputError(`The seed must be a whole number from 0 to 4294967295, not ${seed}.`);
  }
}

/** The word of the key that is a stream's own: its name by FNV-1a, 32 bits, over UTF-16 units. */
export function streamKey(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Encrypts the two words of a counter with the two words of a key, into `words`. */
export function threefry(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  words: Uint32Array,
): void {
  const key2 = 0x1bd11bda ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  // written out, because a loop over the rotations takes twice the time
  for (let group = 1; group <= 5; group += 2) {
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    x0 = (x0 + (group === 1 ? key1 : group === 3 ? key0 : key2)) | 0;
    x1 = (x1 + (group === 1 ? key2 : group === 3 ? key1 : key0) + group) | 0;
    if (group === 5) break;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    x0 = (x0 + (group === 1 ? key2 : key1)) | 0;
    x1 = (x1 + (group === 1 ? key0 : key2) + group + 1) | 0;
  }
  words[0] = x0;
  words[1] = x1;
}
