import { describe, expect, test } from "vitest";
import { InputError } from "../src/errors.js";
import {
  copyAll,
  copyOf,
  dtypeOf,
  formatShape,
  largestInRows,
  sameShape,
  sizeOf,
  tensor,
  zeros,
} from "../src/tensor.js";

describe("shapes", () => {
  test("hold the product of their dimensions; [] is a single number", () => {
    expect([[], [0], [5], [2, 3, 4]].map(sizeOf)).toEqual([1, 0, 5, 24]);
    expect(formatShape([1, 28, 28])).toBe("[1, 28, 28]");
  });

  test("are the same only with as many dimensions", () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
    expect(sameShape([2, 3], [2])).toBe(false);
  });
});

describe("a tensor", () => {
  test("is in float32 unless float64 is asked for", () => {
    expect(dtypeOf(tensor([1], [1]))).toBe("float32");
    expect(dtypeOf(zeros([1]))).toBe("float32");
    expect(tensor([1], [0.1]).data[0]).toBe(Math.fround(0.1));
    expect(tensor([1], [0.1], "float64").data[0]).toBe(0.1);
    expect(zeros([2, 2], "float64")).toEqual({ shape: [2, 2], data: new Float64Array(4) });
  });

  test("takes as many values as its shape holds", () => {
    expect(() => tensor([2, 2], [1, 2, 3])).toThrow(InputError);
    expect(() => tensor([2, 2], [1, 2, 3])).toThrow("[2, 2] holds 4 numbers, but 3 were given");
  });

  test("is copied into its own memory, with its dtype or another", () => {
    const original = tensor([2], [0.1, 2], "float64");
    const copy = copyOf(original);
    copy.data[0] = 7;
    expect(original.data[0]).toBe(0.1);
    expect(dtypeOf(copy)).toBe("float64");
    const { a } = copyAll({ a: original }, "float32");
    expect(a).toEqual(tensor([2], [0.1, 2]));
  });
});

test("the largest of each row; among equals, the first", () => {
  const rows = tensor([4, 3], [1, 3, 2, 5, 5, 5, -3, -2, -2, 0, -0, 0]);
  expect(Array.from(largestInRows(rows))).toEqual([1, 0, 1, 0]);
});
