import { expect } from "vitest";
import type { DType, Tensor } from "../../src/tensor.js";

/** How far apart 1 and the next larger number are. */
export const EPSILON: Record<DType, number> = { float32: 2 ** -23, float64: 2 ** -52 };

/** The largest absolute value. */
export function magnitude(values: ArrayLike<number>): number {
  return Array.from(values).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** Each value within `bound` of the expected one; says which is the furthest off. What isn't a number must be so in both. */
export function expectWithin(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number,
): void {
  expect(actual.length, `${what}: how many numbers`).toBe(expected.length);
  let worst = -1;
  let furthest = bound;
  for (let k = 0; k < expected.length; k++) {
    const distance = Object.is(actual[k], expected[k]) ? 0 : Math.abs(actual[k] - expected[k]);
    if (!(distance <= furthest)) {
      worst = k;
      furthest = distance;
    }
  }
  if (worst >= 0) {
    expect.fail(
      `${what}: number ${worst} is ${actual[worst]}, but should be ${expected[worst]} within ${bound}; off by ${furthest}`,
    );
  }
}

/** Same shape, and each value within `tolerance` times the tensor's largest value. */
export function expectTensor(what: string, actual: Tensor, expected: Tensor, tolerance: number): void {
  expect(actual?.shape, `${what}: shape`).toEqual(expected.shape);
  expectWithin(what, actual.data, expected.data, tolerance * magnitude(expected.data));
}
