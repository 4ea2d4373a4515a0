import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { floatsOf, formatSafetensors, parseSafetensors } from "../../src/formats/safetensors.js";
import { sizeOf, type Tensor } from "../../src/index.js";
import { entry, safetensorsFile } from "../support/safetensorsFile.js";

const parse = (bytes: Uint8Array) => parseSafetensors(bytes, "F");
const bytes = (count: number) => new Uint8Array(count);

describe("what is written is read again", () => {
  const shapes = fc.array(fc.nat(4), { maxLength: 4 });
  const tensors = shapes.chain((shape) =>
    fc
      .float32Array({ minLength: sizeOf(shape), maxLength: sizeOf(shape) })
      .map((data): Tensor => ({ shape, data })),
  );
  // Any characters; fast-check's own list of them takes a second to be made.
  const character = fc
    .integer({ min: 0, max: 0x10ffff - 0x800 })
    .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + 0x800)); // no halves of pairs
  const text = fc.string({ unit: character });
  // Any text may be a name, with these among them more often.
  const names = fc.oneof(
    text.filter((name) => name !== "__metadata__"),
    fc.constantFrom("__proto__", "constructor", "toString", "conv1.weight", "1", "\ud800", "\u0000"),
  );
  const dictionary = <T>(values: fc.Arbitrary<T>) =>
    fc
      .uniqueArray(fc.tuple(names, values), { maxLength: 6, selector: ([name]) => name })
      .map((entries): Record<string, T> => Object.fromEntries(entries));

  test("names, shapes, order, metadata and the bits of every value", () => {
    fc.assert(
      fc.property(dictionary(tensors), dictionary(text), (written, metadata) => {
        const file = parse(formatSafetensors(written, metadata));
        expect(file.metadata).toEqual(metadata);
        expect(file.tensors.map(({ name }) => name)).toEqual(Object.keys(written));
        for (const tensor of file.tensors) {
          const { shape, data } = written[tensor.name];
          expect(tensor.dtype).toBe("F32");
          expect(tensor.shape).toEqual(shape);
          expect(floatsOf(tensor, "F").data).toEqual(data);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("numbers begin at a multiple of 8 bytes, behind a header that is padded with spaces", () => {
    for (const name of ["a", "ab", "abc", "abcd", "abcde"]) {
      const file = formatSafetensors({ [name]: { shape: [1], data: Float32Array.of(0.5) } });
      const length = Number(new DataView(file.buffer).getBigUint64(0, true));
      expect(length % 8).toBe(0);
      expect(new TextDecoder().decode(file.subarray(8, 8 + length))).toMatch(/^\{.*\} *$/);
      expect([...file.subarray(8 + length)]).toEqual([0, 0, 0, 0x3f]);
    }
  });

  test("float64 values are rounded to float32", () => {
    const [tensor] = parse(
      formatSafetensors({ a: { shape: [2], data: Float64Array.of(0.1, 1 / 3) } }),
    ).tensors;
    expect([...floatsOf(tensor, "F").data]).toEqual([Math.fround(0.1), Math.fround(1 / 3)]);
  });

  test.each<readonly [string, Record<string, Tensor>, RegExp]>([
    [
      "a tensor called __metadata__",
      { __metadata__: { shape: [], data: new Float32Array(1) } },
      /cannot be called __m/,
    ],
    [
      "fewer values than its shape holds",
      { a: { shape: [3], data: new Float32Array(2) } },
      /3 numbers, but it has 2/,
    ],
  ])("not written: %s", (_, tensors, message) => expectInputError(() => formatSafetensors(tensors), message));
});

describe("what the format allows", () => {
  const cases: readonly (readonly [string, unknown, number])[] = [
    ["no tensors", {}, 0],
    ["spaces behind the header", '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}      ', 2],
    ["metadata alone", { __metadata__: { a: "b" } }, 0],
    ["a single number", { a: entry("F32", [], [0, 4]) }, 4],
    ["nothing in it", { a: entry("F32", [0, 3], [0, 0]) }, 0],
    [
      "nothing in it, between others",
      { a: entry("U8", [2], [0, 2]), b: entry("F32", [0], [2, 2]), c: entry("U8", [1], [2, 3]) },
      3,
    ],
    [
      "another order in the header than in the data",
      { a: entry("U8", [1], [2, 3]), b: entry("U8", [2], [0, 2]) },
      3,
    ],
    [
      "a key that also stands in another object",
      { a: entry("U8", [1], [0, 1]), __metadata__: { dtype: "x", a: "y" } },
      1,
    ],
    ["what looks like a key twice in a text", { __metadata__: { a: '"x": 1, "x": 2, {"\\' } }, 0],
    [
      "other dtypes",
      { a: entry("BOOL", [1], [0, 1]), b: entry("I64", [1], [1, 9]), c: entry("F8_E4M3", [3], [9, 12]) },
      12,
    ],
    [
      "names from prototypes",
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
    ],
  ];

  test.each(cases)("%s", (_, header, size) => {
    const { tensors } = parse(safetensorsFile(header, bytes(size)));
    expect(tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0)).toBe(size);
  });

  test("names from prototypes change no other object", () => {
    const dangerous = { dtype: "U8", shape: [1], data_offsets: [0, 1] };
    const header = `{"__proto__":${JSON.stringify(dangerous)},"__metadata__":{"__proto__":"x"}}`;
    const { tensors, metadata } = parse(safetensorsFile(header, bytes(1)));
    expect(tensors.map(({ name }) => name)).toEqual(["__proto__"]);
    expect(Object.keys(metadata)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });
});

const start = '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
const one = (dtype: unknown, shape: unknown, offsets: unknown) => ({ a: entry(dtype, shape, offsets) });

describe("what the format forbids", () => {
  test.each<readonly [string, Uint8Array, RegExp]>([
    [
      "nothing",
      bytes(0),
      /^F: it has 0 bytes, fewer than the 8 that .*; it is damaged or not a safetensors file/,
    ],
    ["seven bytes", bytes(7), /^F: it has 7 bytes/],
    ["no header", bytes(8), /its header does not begin with \{/],
    [
      "a header of 2^60 bytes",
      safetensorsFile("{}", [], 2n ** 60n),
      /announce a header of 1152921504606846976 bytes/,
    ],
    [
      "a header of 2^64 - 1 bytes",
      safetensorsFile("{}", [], 2n ** 64n - 1n),
      /a header of 18446744073709551615 bytes/,
    ],
    [
      "a header of 100 MB and a byte",
      safetensorsFile("{}", [], 100_000_001n),
      /a header of 100000001 bytes; it is/,
    ],
    [
      "a header of 100 MB that isn't there",
      safetensorsFile("{}", [], 100_000_000n),
      /100000000 bytes, but only 2 fol/,
    ],
    [
      "a header longer than the file",
      safetensorsFile("{}", [], 3n),
      /announce a header of 3 bytes, but only 2 follow/,
    ],
    ["a header that ends too soon", safetensorsFile({}, [], 1n), /its header is not JSON in UTF-8/],
    ["no JSON", safetensorsFile("{'a': 1}"), /its header is not JSON in UTF-8/],
    [
      "no UTF-8",
      safetensorsFile(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
      /is not JSON in UTF-8/,
    ],
    ["spaces before the header", safetensorsFile(" {}"), /its header does not begin with \{/],
    ["a byte order mark", safetensorsFile("\ufeff{}"), /its header does not begin with \{/],
    ["a list", safetensorsFile("[]"), /its header does not begin with \{/],
    ["zeros behind the header", safetensorsFile("{}\0\0"), /its header is not JSON in UTF-8/],
    [
      "a name twice",
      safetensorsFile(`${start},${start.slice(1)}}`, bytes(1)),
      /its header has the key "a" twice/,
    ],
    [
      "a name twice, written differently",
      safetensorsFile(`${start},"\\u0061":{}}`, bytes(1)),
      /key "a" twice/,
    ],
    [
      "a name twice, far from its colon",
      safetensorsFile(`${start},"a"${" ".repeat(99)}:{}}`, bytes(1)),
      /key "a" twice/,
    ],
    [
      "a key twice in metadata",
      safetensorsFile('{"__metadata__":{"x":"1","x":"2"}}'),
      /its header has the key "x" twice/,
    ],
    [
      "a key twice in a tensor",
      safetensorsFile(start.replace('"dtype"', '"dtype":"I8","dtype"').concat("}"), bytes(1)),
      /key "dtype" twice/,
    ],
    [
      "metadata that is no text",
      safetensorsFile({ __metadata__: { n: 1 } }),
      /its __metadata__ has something else than t/,
    ],
    [
      "metadata that is a list",
      safetensorsFile({ __metadata__: ["a"] }),
      /its __metadata__ has something else than texts/,
    ],
    [
      "metadata that is null",
      safetensorsFile({ __metadata__: null }),
      /its __metadata__ has something else than texts/,
    ],
    [
      "a tensor that is null",
      safetensorsFile({ a: null }),
      /its tensor "a" has no dtype, shape and data_offsets/,
    ],
    [
      "a tensor that is a list",
      safetensorsFile({ a: [] }),
      /its tensor "a" has no dtype, shape and data_offsets/,
    ],
    [
      "an unknown key",
      safetensorsFile({ a: { ...entry("U8", [1], [0, 1]), x: 1 } }, bytes(1)),
      /"a" has an unknown key "x"/,
    ],
    [
      "an unknown dtype",
      safetensorsFile(one("F128", [1], [0, 16]), bytes(16)),
      /"a" has the unknown dtype "F128"/,
    ],
    [
      "a dtype from a prototype",
      safetensorsFile(one("constructor", [1], [0, 1]), bytes(1)),
      /unknown dtype "constructor"/,
    ],
    [
      "a dtype in small letters",
      safetensorsFile(one("f32", [1], [0, 4]), bytes(4)),
      /has the unknown dtype "f32"/,
    ],
    ["no dtype", safetensorsFile({ a: { shape: [1], data_offsets: [0, 1] } }, bytes(1)), /"a" has no dtype/],
    ["no shape", safetensorsFile({ a: { dtype: "U8", data_offsets: [0, 1] } }, bytes(1)), /"a" has no shape/],
    [
      "no data_offsets",
      safetensorsFile({ a: { dtype: "U8", shape: [1] } }, bytes(1)),
      /"a" has no data_offsets/,
    ],
    ["a size below 0", safetensorsFile(one("U8", [-1], [0, 1]), bytes(1)), /"a" has the shape \[-1\]/],
    [
      "two sizes below 0",
      safetensorsFile(one("U8", [-1, -2], [0, 2]), bytes(2)),
      /"a" has the shape \[-1, -2\]/,
    ],
    ["half a size", safetensorsFile(one("U8", [0.5, 2], [0, 1]), bytes(1)), /"a" has the shape \[0.5, 2\]/],
    [
      "a size that is a text",
      safetensorsFile(one("U8", ["1"], [0, 1]), bytes(1)),
      /"a" has the shape \["1"\]/,
    ],
    ["a shape that is a number", safetensorsFile(one("U8", 1, [0, 1]), bytes(1)), /"a" has the shape 1/],
    [
      "a size of 2^60",
      safetensorsFile(one("U8", [2 ** 60], [0, 1]), bytes(1)),
      /"a" has the shape \[1152921504606847000\]/,
    ],
    [
      "sizes whose product is 0 in 64 bits",
      safetensorsFile(one("U8", [2 ** 32, 2 ** 32], [0, 0])),
      /the shape \[4294967296, 4/,
    ],
    [
      "sizes beyond all bounds, then 0",
      safetensorsFile(one("U8", [2 ** 52, 2 ** 52, 0], [0, 0])),
      /"a" has the shape \[4503/,
    ],
    [
      "a shape that is nested deeply",
      safetensorsFile(
        `{"a":{"dtype":"U8","data_offsets":[0,1],"shape":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`,
        bytes(1),
      ),
      /"a" has the shape \[\[\[/,
    ],
    [
      "offsets reversed",
      safetensorsFile(one("U8", [1], [1, 0]), bytes(1)),
      /"a" has the data_offsets \[1, 0\]/,
    ],
    [
      "an offset below 0",
      safetensorsFile(one("U8", [1], [-1, 0]), bytes(1)),
      /"a" has the data_offsets \[-1, 0\]/,
    ],
    [
      "three offsets",
      safetensorsFile(one("U8", [1], [0, 1, 2]), bytes(2)),
      /"a" has the data_offsets \[0, 1, 2\]/,
    ],
    [
      "offsets that are texts",
      safetensorsFile(one("U8", [1], ["0", "1"]), bytes(1)),
      /has the data_offsets \["0", "1"\]/,
    ],
    [
      "an end behind the data",
      safetensorsFile(one("U8", [2], [0, 2]), bytes(1)),
      /"a" ends at byte 2 of the data, which has 1/,
    ],
    [
      "more bytes than the shape needs",
      safetensorsFile(one("F32", [1], [0, 8]), bytes(8)),
      /F32 of shape \[1\], needs 4 bytes, but its data_offsets span 8/,
    ],
    [
      "a size that isn't the shape's",
      safetensorsFile(one("F32", [2], [0, 4]), bytes(4)),
      /F32 of shape \[2\], needs 8 bytes, but its data_offsets span 4/,
    ],
    [
      "a hole at the beginning",
      safetensorsFile(one("U8", [1], [1, 2]), bytes(2)),
      /bytes 0 to 1 of its data belong to no/,
    ],
    [
      "a hole in the middle",
      safetensorsFile({ a: entry("U8", [1], [0, 1]), b: entry("U8", [1], [2, 3]) }, bytes(3)),
      /bytes 1 to 2 of its data/,
    ],
    [
      "a hole at the end",
      safetensorsFile(one("U8", [1], [0, 1]), bytes(3)),
      /bytes 1 to 3 of its data belong to no tensor/,
    ],
    ["data without a tensor", safetensorsFile({}, bytes(1)), /bytes 0 to 1 of its data belong to no tensor/],
    [
      "tensors on each other",
      safetensorsFile({ a: entry("U8", [2], [0, 2]), b: entry("U8", [2], [1, 3]) }, bytes(3)),
      /"b" overlaps with/,
    ],
    [
      "the same bytes twice",
      safetensorsFile({ a: entry("U8", [2], [0, 2]), b: entry("U8", [2], [0, 2]) }, bytes(2)),
      /"b" overlaps with/,
    ],
    [
      "one within another",
      safetensorsFile({ a: entry("U8", [3], [0, 3]), b: entry("U8", [1], [1, 2]) }, bytes(3)),
      /"b" overlaps with/,
    ],
    ["a long name", safetensorsFile({ ["n".repeat(1e6)]: null }), /its tensor "n{50,80}… has no dtype/],
  ])("refused: %s", (_, file, message) => expectInputError(() => parse(file), message));

  test("a text of 16 million characters in the metadata", () => {
    const text = '\\"{}[]: '.repeat(2_000_000);
    const { metadata } = parse(safetensorsFile({ __metadata__: { text } }));
    expect(metadata.text).toBe(text);
  }, 20_000);
});
