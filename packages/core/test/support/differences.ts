import { expect } from "vitest";
import { EPSILON, magnitude } from "./compare.js";

/**
 * The gradient of `f` with respect to `values`, measured: each value is moved by one and two steps in both directions,
 *
 *   f' = (8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) / 12h        off by h^4 f'''''/30 and by the rounding of f / h
 *
 * With h = 2^-9 and functions of size 1 whose derivatives are not larger, both are below 1e-12.
 * @param f reads `values`, which are put back
 */
export function measuredGradient(f: () => number, values: Float64Array, h: number): Float64Array {
  return values.map((value, k) => {
    const at = (steps: number) => {
      values[k] = value + steps * h;
      const result = f();
      values[k] = value;
      return result;
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
  });
}

/**
 * A gradient as computed agrees with the one that was measured to 1e-7 of each value; values that are 1000 times smaller
 * than the largest, to 1e-7 of a thousandth of that.
 * @param size of the terms of f
 * @param h the step it was measured with
 */
export function expectGradient(
  what: string,
  computed: ArrayLike<number>,
  measured: ArrayLike<number>,
  { size, h }: { readonly size: number; readonly h: number },
): void {
  expect(computed.length, `${what}: how many numbers`).toBe(measured.length);
  const floor = magnitude(measured) / 1000;
  const rounding = (4 * EPSILON.float64 * size) / h;
  for (let k = 0; k < measured.length; k++) {
    const scale = Math.max(Math.abs(computed[k]), Math.abs(measured[k]), floor);
    if (!(Math.abs(computed[k] - measured[k]) <= 1e-7 * scale + rounding)) {
      expect.fail(`${what}: number ${k} was computed as ${computed[k]}, but measured as ${measured[k]}`);
    }
  }
}
