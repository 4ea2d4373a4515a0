import { SMALLEST_NORMAL } from "../float32.js";
import type { FloatArray } from "../tensor.js";

/*
 * What fades away ends at zero. Below the smallest normal float32 number, 1.2e-38, there are others with fewer and fewer
 * digits (denormals). 0.9 times 5.6e-45 is rounded back to 5.6e-45: the velocity of a network whose gradients are all zero
 * would stay there for good, and many processors take ten to a hundred times as long to compute with such a number. So after
 * every 16th step what is smaller becomes zero, in the parameters, in what an optimizer remembers and in the parameters' average.
 */

/** How many steps lie between two flushes, and between two looks for a network that has died. */
export const LOOK_EVERY = 16;

/**
 * The smallest parameter that isn't flushed. Under weight decay it is larger, 7.9e-31: there the pull towards zero and the
 * step that it makes, which are smaller than the parameter, are still normal numbers if they move it at all, which takes
 * a step of 2^-25 of it.
 */
export function smallestParameter(weightDecay: number): number {
  return weightDecay > 0 ? 2 ** -100 : SMALLEST_NORMAL;
}

/**
 * The smallest number of an average that isn't flushed: there what it moves by in a step, at least 2^-24 of it, is a normal
 * number.
 */
export const SMALLEST_AVERAGE = 2 ** -100;

/** Sets to zero what is smaller than `smallest`. NaN stays. */
export function flush(numbers: FloatArray, smallest: number): void {
  for (let k = 0; k < numbers.length; k++) if (Math.abs(numbers[k]) < smallest) numbers[k] = 0;
}
