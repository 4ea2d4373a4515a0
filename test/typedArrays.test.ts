import { expect, test } from "vitest";

/* What `toEqual` says of typed arrays, which are compared by their bytes first (support/typedArrays.ts). */

const differs = (one: unknown, other: unknown) =>
  expect(() => expect(one).toEqual(other)).toThrow("to deeply equal");

test("the same numbers are equal, also within others, and as a part of a larger buffer", () => {
  const numbers = Float32Array.of(1, -0, Number.NaN, 2 ** -149);
  expect(numbers).toEqual(Float32Array.from(numbers));
  expect({ a: [{ numbers }] }).toEqual({ a: [{ numbers: numbers.slice() }] });
  expect(Uint8Array.of(9, 1, 2, 9).subarray(1, 3)).toEqual(Uint8Array.of(1, 2));
  expect(numbers).not.toEqual(numbers.slice(1));
});

test("other numbers, signs of 0, lengths and types aren't", () => {
  differs(Float64Array.of(1, 2), Float64Array.of(1, 3));
  differs(Float64Array.of(0), Float64Array.of(-0));
  differs(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0));
  differs(Float32Array.of(1), Float64Array.of(1));
  differs(Uint8Array.of(1), Buffer.from([1]));
  differs(Uint8Array.of(1), [1]);
  differs({ a: [Uint8Array.of(1, 2)] }, { a: [Uint8Array.of(2, 1)] });
});
