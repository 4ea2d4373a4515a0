import type { NpyArray } from "../formats/npy.js";
import { type Shape, sizeOf, type Tensor } from "../tensor.js";

/*
 * Whoever computes in float32 gets other last digits than we do, and where numbers cancel each other these become first
 * digits. So every value that we compute comes with the variance of the rounding errors that the person's own computation
 * may have made on the way to it, and is compared by that measure.
 */

/** What numbers are computed in, or held in. */
export interface Precision {
  /** Half the distance from 1 to the next number: the largest relative rounding error. */
  readonly unit: number;
  /** The largest rounding error near 0. */
  readonly tiny: number;
}

const PRECISIONS: Readonly<Record<string, Precision>> = {
  float16: { unit: 2 ** -11, tiny: 2 ** -25 },
  float32: { unit: 2 ** -24, tiny: 2 ** -150 },
  float64: { unit: 2 ** -53, tiny: 0 },
};
const EXACT: Precision = { unit: 0, tiny: 0 };

/** Whole numbers are exact. */
export function precisionOf(dtype: string): Precision {
  return PRECISIONS[dtype] ?? EXACT;
}

/** The coarsest precision among the arrays: what the person has most probably computed in. */
export function workingPrecision(arrays: Iterable<NpyArray>): Precision {
  let coarsest = PRECISIONS.float64;
  for (const { dtype } of arrays) {
    if (precisionOf(dtype).unit > coarsest.unit) coarsest = PRECISIONS[dtype];
  }
  return coarsest;
}

/** Numbers with the variance of their rounding errors. */
export interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
  readonly variance: Float64Array;
  /** If the variance is the same share of each square: that share. */
  readonly share?: number;
  /** Whether it is just what the person computed with, so that signs and equalities in it are certain. */
  readonly exact?: boolean;
}

/** In the place of variances that nobody will look at. */
export const NONE = new Float64Array(0);

/** So many standard deviations from where an outcome changes, the person may have had the other one. */
export const NEAR = 6;

/** Rounding errors are spread evenly between -unit and unit. */
export const shareOf = (unit: number): number => (unit * unit) / 3;

/** A value that was rounded once. */
export function roundedValue({ shape, data }: Tensor, { unit, tiny }: Precision): Value {
  const share = shareOf(unit);
  const variance = doubles(data.length, (k) => share * data[k] * data[k] + (tiny * tiny) / 3);
  const coarse = tiny > 1e-9; // float16, which people save in rather than compute in
  return { shape, data: inDoubles(data), variance, ...(!coarse && { share, exact: true }) };
}

export function asTensor({ shape, data }: Value): Tensor {
  return { shape, data };
}

export function squares({ shape, data }: Tensor): Tensor {
  return { shape, data: data.map((value) => value * value) };
}

export function mapped(
  { shape, data }: Tensor,
  f: (value: number, k: number) => number,
): { readonly shape: Shape; readonly data: Float64Array } {
  return { shape, data: doubles(sizeOf(shape), (k) => f(data[k], k)) };
}

/** So many numbers, each from its place: what `Float64Array.from` does, in a fraction of the time. */
export function doubles(count: number, f: (k: number) => number): Float64Array {
  const result = new Float64Array(count);
  for (let k = 0; k < count; k++) result[k] = f(k);
  return result;
}

/** The same numbers in float64; those that are already are not copied: nobody changes them. */
export const inDoubles = (data: Tensor["data"]): Float64Array =>
  data instanceof Float64Array ? data : new Float64Array(data);

export function total({ data }: Tensor): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum;
}

/** How one array compares with what it should be. */
export interface Comparison {
  readonly agrees: boolean;
  /** The largest difference divided by the largest right value. */
  readonly relativeError: number;
  /** The largest right value. */
  readonly largest: number;
  /** The cell whose difference is largest by its own measure. */
  readonly worst: number;
}

/** So many standard deviations are still no difference: the measure is an estimate. */
const DEVIATIONS = 10;
/** Nobody's mistake is smaller than this, relative to the largest value: many roundings, exp and log in other words. */
const FLOOR_UNITS = 24;
const SMALLEST_FLOOR = 1e-9;

/** Compares `yours`, held in a precision, with what is right. Both are in the library's order. */
export function compareValues(yours: Tensor, right: Value, held: Precision, working: Precision): Comparison {
  const unit = Math.max(held.unit, working.unit);
  const tiny = Math.max(held.tiny, working.tiny);
  let largest = 0;
  for (const value of right.data)
    if (Math.abs(value) > largest && value < Infinity) largest = Math.abs(value);
  const floor = Math.max(SMALLEST_FLOOR, FLOOR_UNITS * Math.min(unit, 2 ** -13)) * largest + 4 * tiny;
  // What is not a number spreads, also where we would not let it: 0 * nan is nan.
  const infected = right.data.some((value) => !Number.isFinite(value));
  let agrees = true;
  let difference = 0;
  let worst = 0;
  let worstRatio = 0;
  for (let k = 0; k < right.data.length; k++) {
    const a = yours.data[k];
    const b = right.data[k];
    if (Object.is(a, b) || a === b) continue;
    if (infected && !Number.isFinite(a)) continue;
    const error = Math.abs(a - b);
    // where squares of numbers overflow, nothing is known of their errors
    const variance = Number.isFinite(right.variance[k]) ? right.variance[k] : 0;
    const allowed = floor + DEVIATIONS * Math.sqrt(variance + shareOf(held.unit) * b * b);
    const ratio = error <= allowed ? error / allowed : Number.isFinite(error) ? error / allowed : Infinity;
    if (!(error <= allowed) || error === Infinity) agrees = false;
    if (Number.isNaN(error) || error > difference) difference = Number.isNaN(error) ? Infinity : error;
    if (ratio > worstRatio) {
      worstRatio = ratio;
      worst = k;
    }
  }
  const relativeError = difference === 0 ? 0 : difference / (largest || difference);
  return { agrees, relativeError, largest, worst };
}
