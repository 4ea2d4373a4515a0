import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { crc32 } from "../../src/formats/crc32.js";
import { formatZip } from "../../src/formats/zip.js";
import { formatNpy, formatNpz, parseNpy, parseNpz, type WritableArray } from "../../src/index.js";
import { numpyFile, runPython, testWithNumpy } from "../support/numpy.js";

const expected: Record<string, { shape: number[]; dtype: string; values: (number | string)[] }> = JSON.parse(
  new TextDecoder().decode(numpyFile("arrays.json")),
);

describe.each(["stored.npz", "deflated.npz"])("%s", (file) => {
  const arrays = parseNpz(numpyFile(file), file);

  test("has all arrays", () => {
    expect(Object.keys(arrays)).toEqual(Object.keys(expected));
  });

  test.each(Object.keys(expected))("%s", (name) => {
    const { shape, dtype, data } = arrays[name];
    const { values } = expected[name];

    expect({ shape, dtype }).toEqual({ shape: expected[name].shape, dtype: expected[name].dtype });
    expect(Array.from(data, (value) => value + 0)).toEqual(values.map((value) => Number(value) + 0));
  });
});

test.each([1, 2, 3])("version %i of .npy", (version) => {
  const { shape, data } = parseNpy(numpyFile(`version${version}.npy`), "it");

  expect([shape, [...data]]).toEqual([
    [2, 3],
    [0, 1, 2, 3, 4, 5],
  ]);
});

test.each([
  ["objects", /^objects: it holds Python objects, .*; save arrays of numbers\.$/],
  ["fields", /^fields: it holds a structured array, with named fields; save each field/],
  ["texts", /^texts: its dtype "<U3" can't be read; save floats/],
  ["complex", /^complex: its dtype "<c16" can't be read/],
])("%s are refused", async (name, message) => {
  await expectInputError(() => parseNpy(numpyFile(`${name}.npy`), name), message);
});

/** A .npy file with a header of one's own. */
function withHeader(header: string, data = 0, version = 1): Uint8Array {
  const head = [0, 8, 16, 24].slice(0, version === 1 ? 2 : 4).map((shift) => header.length >> shift);
  const start = [0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...head];
  return Uint8Array.from([...start, ...new TextEncoder().encode(header), ...new Uint8Array(data)]);
}

test.each([
  ["{'shape': (2L, 3L), 'fortran_order': False, 'descr': '|i1'}\n", [2, 3], 6],
  ['{"descr": "=f4", "fortran_order": True, "shape": ( 3 , )}', [3], 12],
  ["{'descr': '<f8', 'fortran_order': False, 'shape': ()}", [], 8],
  [`{'descr': '<f8', 'fortran_order': False, 'shape': ()}${" ".repeat(300)}`, [], 8],
])("a header may be written as %s", (header, shape, bytes) => {
  for (const version of [1, 2, 3]) {
    expect(parseNpy(withHeader(header, bytes, version), "it").shape).toEqual(shape);
  }
});

const rest = "'fortran_order': False, 'shape': (2,)}";
test.each([
  [new Uint8Array(4), /^it: it doesn't begin as a \.npy file does/],
  [withHeader("{}", 0, 4), /byte 6 says that it is of version 4/],
  [withHeader("{'descr': '<f4'", 8), /its header is "\{'descr': '<f4'", not a dictionary/],
  [withHeader("{'descr': '<f4', 'shape': (2,)}", 8), /no key "fortran_order"/],
  [withHeader(`{'descr': '<f4', 'descr': '<f4', ${rest}`, 8), /the key "descr" twice/],
  [withHeader(`{'descr': '<f4', 'more': 1, ${rest}`, 8), /unknown key "more"/],
  [withHeader(`{'descr': 4, ${rest}`, 8), /its dtype is "4"/],
  [withHeader(`{'descr': '<f3', ${rest}`, 8), /its dtype "<f3" can't be read/],
  [withHeader("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", 8), /its fortran_order is "0"/],
  [withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8), /its shape is "\(-2,\)"/],
  [
    withHeader(`{'descr': '<f4', ${rest}`, 7),
    /float32 of shape \[2\] needs 8 bytes, but from byte \d+ on it has 7/,
  ],
  [withHeader(`{'descr': '<f4', ${rest}`, 9), /needs 8 bytes, but from byte \d+ on it has 9/],
  [
    withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999)}"),
    /needs 3\.9+2e\+22 bytes/,
  ],
  [
    withHeader(`{'descr': '<f4', ${rest}`, 8).subarray(0, 30),
    /byte 8 announces a header of 55 bytes, but 20/,
  ],
  [
    withHeader(`{'descr': '<f4', ${rest}`.padEnd(100_001), 8, 2),
    /byte 8 announces a header of 100001 bytes, but real ones have at most 100000/,
  ],
])("a damaged .npy file gets a sentence (%#)", async (bytes, message) => {
  await expectInputError(() => parseNpy(bytes, "it"), message);
});

const arrays = {
  x: { shape: [2, 2], data: Float32Array.of(1, -0.1, 3e38, NaN) },
  "grad.fc1.weight": { shape: [3], data: Float64Array.of(0.1, -1e300, Infinity) },
  y: { shape: [2], data: Int32Array.of(7, -2147483648) },
  pixels: { shape: [3, 1], data: Uint8Array.of(0, 128, 255) },
  loss: { shape: [], data: Float64Array.of(0.08012345678901234) },
  none: { shape: [0, 4], data: Int16Array.of() },
};

test("what is written is read again", () => {
  const read = parseNpz(formatNpz(arrays), "it");

  expect(Object.keys(read)).toEqual(Object.keys(arrays));
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    expect({ shape: read[name].shape, data: read[name].data }).toEqual({ shape, data });
  }
});

test("the same arrays give the same bytes", () => {
  expect(formatNpz(arrays)).toEqual(formatNpz(arrays));
});

test("an array whose shape doesn't fit its numbers isn't written", async () => {
  const wrong = { shape: [3], data: Float32Array.of(1, 2) };
  await expectInputError(() => formatNpy(wrong), /shape \[3\] holds 3 numbers, but 2 were given/);
});

testWithNumpy("NumPy opens what is written", () => {
  const folder = mkdtempSync(join(tmpdir(), "unravel-npz-"));
  try {
    const path = join(folder, "a.npz");
    writeFileSync(path, formatNpz(arrays));
    const program = `
import json, sys, zipfile
import numpy as np
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
a = np.load(sys.argv[1])
print(json.dumps({k: [a[k].dtype.str, list(a[k].shape), a[k].ravel().tolist(), a[k].ctypes.data % 8] for k in a.files}))`;
    const read = JSON.parse(
      runPython(program, path).replaceAll("NaN", "null").replaceAll("Infinity", "9e999"),
    );

    for (const [name, { shape, data }] of Object.entries<WritableArray>(arrays)) {
      const [dtype, ...found] = read[name];
      const values = Array.from(data, (value) => (Number.isNaN(value) ? null : value));
      expect(found.slice(0, 2), name).toEqual([shape, values]);
      expect(dtype, name).toMatch({ x: /f4/, y: /i4/, pixels: /u1/, none: /i2/ }[name] ?? /f8/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const member = (name: string) => ({ name, bytes: formatNpy({ shape: [3], data: Float32Array.of(1, 2, 3) }) });
const sound = formatZip([member("x.npy"), member("y.npy")]);

/** A sound file with some bytes changed, counted from where `text` stands for the nth time. */
function changed(signature: number[], nth: number, at: number, ...bytes: number[]): Uint8Array {
  const copy = sound.slice();
  let place = -1;
  for (let k = 0; k <= nth; k++) {
    place = copy.findIndex((_, i) => i > place && signature.every((byte, j) => copy[i + j] === byte));
  }
  copy.set(bytes, place + at);
  return copy;
}
const LOCAL = [0x50, 0x4b, 3, 4];
const CENTRAL = [0x50, 0x4b, 1, 2];
const END = [0x50, 0x4b, 5, 6];

test.each([
  [
    "empty",
    new Uint8Array(0),
    /^it: it doesn't begin as a \.npz file does, with PK; write it with np\.savez\.$/,
  ],
  ["cut off", sound.subarray(0, sound.length - 1), /none of them begin the record that ends a zip file/],
  ["no arrays", formatZip([{ name: "a.txt", bytes: new Uint8Array(3) }]), /it holds no arrays/],
  ["twice", formatZip([member("x.npy"), member("x.npy")]), /it has the member "x\.npy" twice/],
  [
    "a byte of a number changed",
    changed(LOCAL, 1, 170, 9),
    /its member "y\.npy": its checksum is \w{8}, but/,
  ],
  ["encrypted", changed(CENTRAL, 0, 8, 1), /its member "x\.npy" is encrypted; save it without/],
  [
    "another method",
    changed(CENTRAL, 1, 10, 12),
    /its member "y\.npy" is packed with method 12; save it with/,
  ],
  [
    "a size that can't be",
    changed(CENTRAL, 1, 24, 1),
    /its member "y\.npy" can't unpack from 140 bytes to the 1 that/,
  ],
  [
    "both sizes too large",
    changed(CENTRAL, 1, 20, 0, 1, 0, 0, 0, 1),
    /should have 256 bytes from byte \d+ on, but/,
  ],
  [
    "a start elsewhere",
    changed(CENTRAL, 1, 42, 5),
    /its member "y\.npy" should begin at byte 5, but does not/,
  ],
  ["both start together", changed(CENTRAL, 1, 42, 0), /its member "y\.npy", at byte 0, lies on another one/],
  ["an entry is missing", changed(END, 0, 10, 3), /its directory should have entry 3 of 3, but has not/],
  [
    "a name too long",
    changed(CENTRAL, 1, 28, 255),
    /entry 2 of its directory, at byte \d+, reaches beyond its end/,
  ],
  [
    "sizes that aren't given",
    changed(CENTRAL, 0, 24, 255, 255, 255, 255),
    /doesn't give its true sizes at byte/,
  ],
  ["a directory elsewhere", changed(END, 0, 16, 255, 255), /announces a directory of \d+ bytes at byte/],
])("a damaged .npz file gets a sentence: %s", async (_, bytes, message) => {
  await expectInputError(() => parseNpz(bytes, "it"), message);
});

/** A zip file with one deflated member, of which only what is given is true. */
function deflatedFile(packed: Uint8Array, size: number, crc: number): Uint8Array {
  const file = formatZip([{ name: "x.npy", bytes: packed }]);
  const view = new DataView(file.buffer);
  const central = file.length - 22 - 46 - 5;
  for (const [at, method] of [
    [0, 8],
    [central, 10],
  ])
    view.setUint16(at + method, 8, true); // deflated
  view.setUint32(central + 16, crc, true);
  view.setUint32(central + 24, size, true);
  return file;
}

const zeros = formatNpy({ shape: [100000], data: new Float64Array(100000) });
const fewerZeros = formatNpy({ shape: [12484], data: new Float64Array(12484) });
const packedZeros = new Uint8Array(deflateRawSync(zeros));

test("a member that unpacks to a thousand times its size is read", () => {
  const { x } = parseNpz(deflatedFile(packedZeros, zeros.length, crc32(zeros)), "it");

  expect(x.data.length).toBe(100000);
  expect(zeros.length / packedZeros.length).toBeGreaterThan(900);
});

/** A member that gives some bytes more or fewer than its header and the directory say. */
const packedZerosAnd = (more: number) =>
  new Uint8Array(deflateRawSync(Buffer.concat([zeros, new Uint8Array(8)]).subarray(0, zeros.length + more)));
const bits = (...bytes: number[]) => Uint8Array.from([...bytes, ...new Uint8Array(40)]);
test.each([
  ["more than it should", packedZerosAnd(1), zeros.length, /unpacks to more than the 800128 bytes that it/],
  ["less than it should", packedZerosAnd(-1), zeros.length, /ends after 800127 of the 800128 bytes/],
  [
    "more than its header says",
    packedZeros,
    zeros.length + 1,
    /needs 800000 bytes, but from byte 128 on it has 800001/,
  ],
  ["more than deflate can", packedZeros, 2e6, /can't unpack from \d+ bytes to the 2000000/],
  [
    "cut off",
    new Uint8Array(deflateRawSync(fewerZeros)).subarray(0, 100),
    fewerZeros.length,
    /at byte 100 of its packed data: the packed data ends too early/,
  ],
  ["a type that isn't there", bits(7), 100, /a block has a type that doesn't exist/],
  ["a stored length", bits(1, 5, 0, 5, 0), 100, /the length of a stored block contradicts itself/],
  ["too many codes", bits(0xfd), 100, /it describes more codes than there can be/],
  ["a reference to before the beginning", bits(3, 2), 100, /it refers 1 bytes back, but there are only 0/],
])("deflated data is refused: %s", async (_, packed, size, message) => {
  await expectInputError(() => parseNpz(deflatedFile(packed, size, 0), "it"), message);
});

test("every kind of block is unpacked", () => {
  const noise = Float64Array.from({ length: 3000 }, (_, k) => Math.sin(k * k) * (k % 7));
  const bytes = formatNpy({ shape: [3000], data: noise });
  for (const options of [{ level: 0 }, { level: 1 }, { level: 9 }, { strategy: 4 }, { strategy: 2 }]) {
    const packed = new Uint8Array(deflateRawSync(bytes, options));
    const { x } = parseNpz(deflatedFile(packed, bytes.length, crc32(bytes)), "it");
    expect(x.data, JSON.stringify(options)).toEqual(noise);
  }
});
