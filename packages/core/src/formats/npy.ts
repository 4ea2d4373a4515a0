import { InputError, show } from "../errors.js";
import { formatShape, type Shape, sizeOf } from "../tensor.js";
import type { Fail } from "./fail.js";
import { half } from "./float16.js";
import { parseNpyHeader } from "./npyHeader.js";

/*
 * .npy is how NumPy saves one array (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): the bytes
 * \x93NUMPY, a version, the length of the header, the header (a Python dictionary with dtype, order and shape), then the
 * numbers.
 */

/** How the numbers of an array are held. float16 is held in float32, 64-bit integers in float64. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** An array as NumPy has it, in row-major order. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: NumberArray;
  /** NumPy's name for what the file holds: `float32`, `int64`, `bool`. */
  readonly dtype: string;
}

/** What is needed to write an array; its dtype is that of `data`. */
export type WritableArray = Pick<NpyArray, "shape" | "data">;

interface DType {
  readonly name: string;
  readonly bytes: number;
  make(length: number): NumberArray;
  read(view: DataView, at: number, little: boolean): number;
}

const DTYPES: Readonly<Record<string, DType>> = {
  f2: {
    name: "float16",
    bytes: 2,
    make: (length) => new Float32Array(length),
    read: (view, at, little) => half(view.getUint16(at, little)),
  },
  f4: {
    name: "float32",
    bytes: 4,
    make: (length) => new Float32Array(length),
    read: (view, at, little) => view.getFloat32(at, little),
  },
  f8: {
    name: "float64",
    bytes: 8,
    make: (length) => new Float64Array(length),
    read: (view, at, little) => view.getFloat64(at, little),
  },
  b1: {
    name: "bool",
    bytes: 1,
    make: (length) => new Uint8Array(length),
    read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  },
  i1: {
    name: "int8",
    bytes: 1,
    make: (length) => new Int8Array(length),
    read: (view, at) => view.getInt8(at),
  },
  u1: {
    name: "uint8",
    bytes: 1,
    make: (length) => new Uint8Array(length),
    read: (view, at) => view.getUint8(at),
  },
  i2: {
    name: "int16",
    bytes: 2,
    make: (length) => new Int16Array(length),
    read: (view, at, little) => view.getInt16(at, little),
  },
  u2: {
    name: "uint16",
    bytes: 2,
    make: (length) => new Uint16Array(length),
    read: (view, at, little) => view.getUint16(at, little),
  },
  i4: {
    name: "int32",
    bytes: 4,
    make: (length) => new Int32Array(length),
    read: (view, at, little) => view.getInt32(at, little),
  },
  u4: {
    name: "uint32",
    bytes: 4,
    make: (length) => new Uint32Array(length),
    read: (view, at, little) => view.getUint32(at, little),
  },
  i8: {
    name: "int64",
    bytes: 8,
    make: (length) => new Float64Array(length),
    read: (view, at, little) => Number(view.getBigInt64(at, little)),
  },
  u8: {
    name: "uint64",
    bytes: 8,
    make: (length) => new Float64Array(length),
    read: (view, at, little) => Number(view.getBigUint64(at, little)),
  },
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/**
 * Reads a .npy file: floating-point numbers of 16, 32 and 64 bits, integers of 8 to 64 bits, booleans; row-major or
 * Fortran order; little or big endian; versions 1 to 3. Whole numbers beyond 2^53 are rounded.
 * @param source what to call the file in an error
 * @throws InputError that says what is wrong, and where
 */
export function parseNpy(bytes: Uint8Array, source: string): NpyArray {
  const fail = (problem: string): never => {
    throw new InputError(`${source}: ${problem}.`);
  };
  return readNpyArray(bytes, readNpyHead(bytes, bytes.length, fail));
}

/** What the beginning of a .npy file says about the rest. */
export interface NpyHead {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly little: boolean;
  readonly fortranOrder: boolean;
  /** Where the numbers begin. */
  readonly begin: number;
}

/**
 * Reads the header.
 * @param bytes the file, or as much of it as `npyHeadLength` says
 * @param length of the file: what the header promises must fill it
 */
export function readNpyHead(bytes: Uint8Array, length: number, fail: Fail): NpyHead {
  if (bytes.length < 10 || MAGIC.some((byte, k) => bytes[k] !== byte))
    return fail("it doesn't begin as a .npy file does, with \\x93NUMPY and a version");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3)
    return fail(`byte 6 says that it is of version ${version}, but there are 1, 2 and 3`);
  const begin = version === 1 ? 10 : 12;
  if (bytes.length < begin) return fail(`it ends at byte ${bytes.length}, before its header`);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = begin + headerLength;
  if (headerLength > LONGEST_HEADER)
    return fail(
      `byte 8 announces a header of ${headerLength} bytes, but real ones have at most ${LONGEST_HEADER}`,
    );
  if (end > bytes.length)
    return fail(`byte 8 announces a header of ${headerLength} bytes, but ${length - begin} bytes follow`);
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(begin, end));
  const { descr, fortranOrder, shape } = parseNpyHeader(text, fail);
  const { dtype, little } = dtypeNamed(descr, fail);
  const needed = sizeOf(shape) * dtype.bytes;
  if (needed !== length - end) {
    return fail(
      `${dtype.name} of shape ${formatShape(shape)} needs ${needed} bytes, but from byte ${end} on it has ${length - end}`,
    );
  }
  return { shape, dtype, little, fortranOrder, begin: end };
}

/** The numbers that follow a header, in memory of their own, put in row-major order one by one. */
export function readNpyArray(
  bytes: Uint8Array,
  { shape, dtype, little, fortranOrder, begin }: NpyHead,
): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset + begin, bytes.byteLength - begin);
  const data = dtype.make(sizeOf(shape));
  const places = fortranOrder ? placesInFortranOrder(shape) : undefined;
  for (let k = 0; k < data.length; k++) {
    data[k] = dtype.read(view, (places ? places.next() : k) * dtype.bytes, little);
  }
  return { shape, data, dtype: dtype.name };
}

/** Real headers have some hundred bytes. */
const LONGEST_HEADER = 100_000;

/** So many bytes of a file say how long its header is. */
export const NPY_START = 12;

/** How many bytes of a file are needed to read its header, by the first ones. */
export function npyHeadLength(start: Uint8Array): number {
  if (start.length < NPY_START) return start.length;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = start[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  return NPY_START + Math.min(length, LONGEST_HEADER);
}

/** A .npy file of version 1, row-major and little-endian, whose numbers begin at a multiple of 64 bytes. */
export function formatNpy({ shape, data }: WritableArray): Uint8Array {
  if (data.length !== sizeOf(shape)) {
    throw new InputError(
      `An array of shape ${formatShape(shape)} holds ${sizeOf(shape)} numbers, but ${data.length} were given.`,
    );
  }
  const descr = descrOf(data);
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const begin = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(begin + data.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[6] = 1;
  view.setUint16(8, begin - 10, true);
  bytes.set(new TextEncoder().encode(`${header.padEnd(begin - 11)}\n`), 10);
  bytes.set(littleEndian(data), begin);
  return bytes;
}

function dtypeNamed(descr: string, fail: Fail): { dtype: DType; little: boolean } {
  const [, order, kind] = /^([<>|=])(\w+)$/.exec(descr) ?? [];
  if (kind?.startsWith("O")) {
    return fail(
      "it holds Python objects, which only Python can read and which can run programs; save arrays of numbers",
    );
  }
  if (kind === undefined || !Object.hasOwn(DTYPES, kind)) {
    return fail(
      `its dtype ${show(descr)} can't be read; save floats of 16, 32 or 64 bits, integers or booleans`,
    );
  }
  return { dtype: DTYPES[kind], little: order !== ">" };
}

function descrOf(data: NumberArray): string {
  if (data instanceof Float32Array) return "<f4";
  if (data instanceof Float64Array) return "<f8";
  const signed = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array;
  const { BYTES_PER_ELEMENT: bytes } = data;
  return `${bytes === 1 ? "|" : "<"}${signed ? "i" : "u"}${bytes}`;
}

function littleEndian(data: NumberArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return bytes;
  const { BYTES_PER_ELEMENT: width } = data;
  return bytes.map((_, k) => bytes[k - (k % width) + (width - 1 - (k % width))]);
}

/** Where the numbers of an array in row-major order lie, one after the other, if its first dimension is contiguous. */
function placesInFortranOrder(shape: Shape): { next(): number } {
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, d) => sizeOf(shape.slice(0, d)));
  let place = 0;
  return {
    next() {
      const present = place;
      for (let d = shape.length - 1; d >= 0; d--) {
        place += strides[d];
        if (++index[d] < shape[d]) break;
        place -= strides[d] * shape[d];
        index[d] = 0;
      }
      return present;
    },
  };
}
