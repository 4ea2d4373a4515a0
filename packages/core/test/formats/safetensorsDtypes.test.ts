import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { floatsOf, parseSafetensors } from "../../src/formats/safetensors.js";
import { entry, safetensorsFile } from "../support/safetensorsFile.js";

/*
 * Weights in other floating-point formats, which other programs write. The values come from the formats' definitions:
 * IEEE 754 binary16 and binary64, and bfloat16, the upper half of a binary32.
 */

/** The numbers of a file with one tensor whose bytes are these. */
function read(dtype: string, count: number, data: ArrayBuffer): number[] {
  const file = safetensorsFile({ a: entry(dtype, [count], [0, data.byteLength]) }, new Uint8Array(data));
  return [...floatsOf(parseSafetensors(file, "F").tensors[0], "F").data];
}

/** The same with 16-bit patterns, little-endian. */
function patterns(dtype: string, ...bits: number[]): number[] {
  const view = new DataView(new ArrayBuffer(2 * bits.length));
  bits.forEach((pattern, k) => {
    view.setUint16(2 * k, pattern, true);
  });
  return read(dtype, bits.length, view.buffer);
}

describe("float16", () => {
  test.each<readonly [what: string, bits: number, value: number]>([
    ["0", 0x0000, 0],
    ["-0", 0x8000, -0],
    ["1", 0x3c00, 1],
    ["-2", 0xc000, -2],
    ["the number after 1", 0x3c01, 1 + 2 ** -10],
    ["1/3, rounded", 0x3555, 0.333251953125],
    ["the largest", 0x7bff, 65504],
    ["the most negative", 0xfbff, -65504],
    ["the smallest normal", 0x0400, 2 ** -14],
    ["the largest subnormal", 0x03ff, 1023 * 2 ** -24],
    ["the smallest subnormal", 0x0001, 2 ** -24],
    ["a negative subnormal", 0x8001, -(2 ** -24)],
    ["infinite", 0x7c00, Infinity],
    ["-infinite", 0xfc00, -Infinity],
    ["not a number", 0x7e00, NaN],
    ["not a number, otherwise", 0xfc01, NaN],
  ])("%s", (_, bits, value) => expect(patterns("F16", bits)).toEqual([value]));

  test("all positive ones grow with their bits", () => {
    const all = patterns("F16", ...Array.from({ length: 0x7c01 }, (_, bits) => bits));
    expect(all.every((value, k) => k === 0 || value > all[k - 1])).toBe(true);
  });
});

describe("bfloat16", () => {
  test.each<readonly [what: string, bits: number, value: number]>([
    ["0", 0x0000, 0],
    ["-0", 0x8000, -0],
    ["1", 0x3f80, 1],
    ["-1.5", 0xbfc0, -1.5],
    ["pi, rounded", 0x4049, 3.140625],
    ["the largest", 0x7f7f, (2 - 2 ** -7) * 2 ** 127],
    ["the smallest normal", 0x0080, 2 ** -126],
    ["the largest subnormal", 0x007f, 127 * 2 ** -133],
    ["the smallest subnormal", 0x0001, 2 ** -133],
    ["infinite", 0x7f80, Infinity],
    ["-infinite", 0xff80, -Infinity],
    ["not a number", 0x7fc0, NaN],
  ])("%s", (_, bits, value) => expect(patterns("BF16", bits)).toEqual([value]));
});

test("float64 is rounded to the nearest float32", () => {
  const values = [
    0,
    -0,
    0.1,
    1 + 2 ** -24,
    1 + 3 * 2 ** -24,
    2 ** -149,
    2 ** -150,
    1e39,
    -1e39,
    NaN,
    Infinity,
  ];
  const expected = [
    0,
    -0,
    Math.fround(0.1),
    1,
    1 + 2 ** -22,
    2 ** -149,
    0,
    Infinity,
    -Infinity,
    NaN,
    Infinity,
  ];
  expect(read("F64", values.length, Float64Array.from(values).buffer)).toEqual(expected);
});

test("float32 stays what it is", () => {
  const values = Float32Array.of(0, -0, 0.1, 2 ** -149, 3.4e38, -Infinity, NaN);
  expect(read("F32", values.length, values.buffer)).toEqual([...values]);
});

test.each(["I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL", "F8_E4M3", "F8_E5M2"])(
  "%s is no format for weights",
  async (dtype) => {
    const size = dtype.endsWith("64") ? 8 : dtype.endsWith("32") ? 4 : dtype.endsWith("16") ? 2 : 1;
    await expectInputError(
      () => read(dtype, 1, new ArrayBuffer(size)),
      new RegExp(`^F: "a" holds ${dtype} values; weights must be F32, F64, F16 or BF16\\.$`),
    );
  },
);
