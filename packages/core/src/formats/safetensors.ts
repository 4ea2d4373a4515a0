import { InputError, show } from "../errors.js";
import { formatShape, type NamedTensors, type Shape, sizeOf, type Tensor, tensor } from "../tensor.js";
import type { Fail } from "./fail.js";
import { half } from "./float16.js";
import { duplicateKey, hasTooManyValues } from "./json.js";

/*
 * safetensors (https://github.com/huggingface/safetensors): 8 bytes with the length of the header, little-endian; the
 * header, JSON that gives each tensor's dtype, shape and place; then the tensors' bytes, one after the other.
 */

/** How many bytes a value of each dtype takes. */
const BYTES: Record<string, number> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** The header's key that is no tensor. */
const METADATA = "__metadata__";

/** The format's own limit for the header. */
const LONGEST_HEADER = 100_000_000;

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly SafetensorsEntry[];
}

export interface SafetensorsEntry {
  readonly name: string;
  /** `F32`, `BF16`, `I64`, ... */
  readonly dtype: string;
  readonly shape: Shape;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a file and makes every check that the format asks for.
 * @param source what to call the file in an error
 * @throws InputError that says what is wrong, and where
 */
export function parseSafetensors(bytes: Uint8Array, source: string): SafetensorsFile {
  const fail = (problem: string): never => {
    throw new InputError(`${source}: ${problem}; it is damaged or not a safetensors file.`);
  };
  if (bytes.length < 8)
    return fail(`it has ${bytes.length} bytes, fewer than the 8 that every safetensors file begins with`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > LONGEST_HEADER)
    return fail(`its first 8 bytes announce a header of ${headerLength} bytes`);
  const start = 8 + Number(headerLength);
  if (start > bytes.length) {
    return fail(
      `its first 8 bytes announce a header of ${headerLength} bytes, but only ${bytes.length - 8} follow`,
    );
  }
  const header = parseHeader(bytes.subarray(8, start), fail);
  const data = bytes.subarray(start);

  const tensors: SafetensorsEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) metadata = checkMetadata(value, fail);
    else tensors.push(parseEntry(name, value, data, fail));
  }
  checkLayout(tensors, data, fail);
  return { metadata, tensors };
}

/** The values of a tensor of floating-point numbers (F16, BF16, F32, F64) in float32. @throws InputError for others */
export function floatsOf({ name, dtype, shape, bytes }: SafetensorsEntry, source: string): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: Record<string, (k: number) => number> = {
    F16: (k) => half(view.getUint16(2 * k, true)),
    BF16: (k) => upperHalf(view.getUint16(2 * k, true)),
    F32: (k) => view.getFloat32(4 * k, true),
    F64: (k) => view.getFloat64(8 * k, true),
  };
  if (!Object.hasOwn(read, dtype)) {
    throw new InputError(
      `${source}: ${show(name)} holds ${dtype} values; weights must be F32, F64, F16 or BF16.`,
    );
  }
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, k) => read[dtype](k)),
  );
}

/** A file's bytes, with all tensors in F32, in the order given. */
export function formatSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === METADATA)
      throw new InputError(`A tensor cannot be called ${METADATA}; call it something else.`);
    if (data.length !== sizeOf(shape)) {
      throw new InputError(
        `The tensor ${show(name)} has shape ${formatShape(shape)}, which holds ${sizeOf(shape)} numbers, but it has ${data.length}.`,
      );
    }
    const begin = end;
    end += 4 * sizeOf(shape);
    header.push([name, { dtype: "F32", shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8; // padded with spaces, so that the numbers are aligned
  const bytes = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerLength), true);
  let offset = 8 + headerLength;
  for (const { data } of Object.values(tensors)) {
    for (const value of data) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) return fail("its header does not begin with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = hasTooManyValues(text) ? undefined : JSON.parse(text);
  } catch {
    return fail("its header is not JSON in UTF-8");
  }
  if (header === undefined)
    return fail("its header has more than a million values, far more than that of any model");
  const twice = duplicateKey(text);
  if (twice !== undefined) return fail(`its header has the key ${show(twice)} twice`);
  return header as Record<string, unknown>;
}

function checkMetadata(value: unknown, fail: Fail): Record<string, string> {
  const plain = isObject(value) && Object.values(value).every((text) => typeof text === "string");
  return plain ? (value as Record<string, string>) : fail("its __metadata__ has something else than texts");
}

function parseEntry(name: string, value: unknown, data: Uint8Array, fail: Fail): SafetensorsEntry {
  const which = `its tensor ${show(name)}`;
  if (!isObject(value)) return fail(`${which} has no dtype, shape and data_offsets`);
  for (const key of ["dtype", "shape", "data_offsets"]) {
    if (!Object.hasOwn(value, key)) return fail(`${which} has no ${key}`);
  }
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  if (Object.keys(rest).length > 0) return fail(`${which} has an unknown key ${show(Object.keys(rest)[0])}`);
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES, dtype)) {
    return fail(`${which} has the unknown dtype ${show(dtype)}`);
  }
  if (!isListOfCounts(shape) || overflows(shape)) return fail(`${which} has the shape ${show(shape)}`);
  if (!isListOfCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`${which} has the data_offsets ${show(offsets)}`);
  }
  const [begin, end] = offsets;
  if (end > data.length) return fail(`${which} ends at byte ${end} of the data, which has ${data.length}`);
  const needed = sizeOf(shape) * BYTES[dtype];
  if (end - begin !== needed) {
    return fail(
      `${which}, ${dtype} of shape ${show(shape)}, needs ${needed} bytes, but its data_offsets span ${end - begin}`,
    );
  }
  return { name, dtype, shape, bytes: data.subarray(begin, end) };
}

/** The tensors must fill the data without a gap and without lying on each other. */
function checkLayout(tensors: readonly SafetensorsEntry[], data: Uint8Array, fail: Fail): void {
  const inOrder = tensors.map(({ name, bytes }) => ({
    name,
    begin: bytes.byteOffset - data.byteOffset,
    end: bytes.byteOffset - data.byteOffset + bytes.length,
  }));
  inOrder.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const { name, begin, end } of inOrder) {
    if (begin < filled) fail(`its tensor ${show(name)} overlaps with another one`);
    if (begin > filled) fail(`bytes ${filled} to ${begin} of its data belong to no tensor`);
    filled = end;
  }
  if (filled < data.length) fail(`bytes ${filled} to ${data.length} of its data belong to no tensor`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOfCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** Whether the sizes, multiplied one after the other, are ever more than can be counted exactly. */
function overflows(shape: Shape): boolean {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (product > Number.MAX_SAFE_INTEGER) return true;
  }
  return false;
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function upperHalf(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
