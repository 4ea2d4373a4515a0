import fc, { type Parameters } from "fast-check";

/** So many cases, always the same ones: a test that fails once fails always. */
export function cases<T>(numRuns: number): Parameters<T> {
  return { seed: 20260501, numRuns };
}

/** Where random values begin. */
export const seeds = fc.nat({ max: 2 ** 31 });
