import { expect, test } from "vitest";
import { steady } from "../src/state/steady.js";

/* What didn't change is the same object as before; what did is not. */

const term = (value: number) => ({
  value,
  factors: [{ value, cell: { tensor: "x", index: [0, 0, 1, 2] } }, { value: 2 }],
});

test("the same again is the same object, however deep its parts lie", () => {
  const kept = steady<unknown>();
  const first = kept({ sum: 3, terms: [term(1), term(Number.NaN)], note: undefined });
  expect(kept({ sum: 3, terms: [term(1), term(Number.NaN)], note: undefined })).toBe(first);
});

test("what changed somewhere in it is what was given, and then the one to compare with", () => {
  const kept = steady<unknown>();
  const first = kept({ sum: 3, terms: [term(1), term(2)] });
  const second = { sum: 3, terms: [term(1), term(5)] };
  expect(kept(second)).toBe(second);
  expect(kept({ sum: 3, terms: [term(1), term(5)] })).toBe(second);
  expect(first).toEqual({ sum: 3, terms: [term(1), term(2)] }); // nothing was written to it
});

test.for<[string, unknown, unknown]>([
  ["another order", [1, 2], [2, 1]],
  ["fewer", [1, 2, 3], [1, 2]],
  ["more", [1, 2], [1, 2, 3]],
  ["none", [1], []],
  ["a name less", { a: 1, b: 2 }, { a: 1 }],
  ["a name more", { a: 1 }, { a: 1, b: 2 }],
  ["another name", { a: 1 }, { b: 1 }],
  ["another order of names", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["a name without a value", { a: 1, b: undefined }, { a: 1 }],
  ["minus zero", [0], [-0]],
  ["a list for an object", {}, []],
  ["nothing", { a: 1 }, undefined],
  ["numbers in memory, which are never compared", new Float32Array(1), new Float32Array(1)],
])("another: %s", ([, before, now]) => {
  const kept = steady<unknown>();
  kept(before);
  expect(kept(now)).toBe(now);
});
