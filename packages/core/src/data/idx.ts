import { InputError } from "../errors.js";
import { BYTES, INTS, idxTypes, valuesAsBytes, valuesAsLabels } from "./idxValues.js";

/*
 * IDX, the format of MNIST's files (Y. LeCun, C. Cortes, C. Burges): two zero bytes, a byte for the type of the values (8:
 * unsigned bytes, others in idxValues.ts), a byte for the number of dimensions, each dimension as a big-endian 32-bit
 * number, then the values, big-endian, too.
 */

/** Images of an IDX file with three dimensions. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** `[count, height, width]` */
  readonly pixels: Uint8Array;
}

/** What a file holds: images, labels of one byte, or rows of 4-byte numbers whose first is the label. */
export type IdxKind = "images" | "labels" | "labelRows";

interface Kind {
  readonly rank: number;
  /** The type of the values that is usual, and those that are read, too. */
  readonly type: number;
  readonly others: readonly number[];
  readonly what: string;
}

const KINDS: Readonly<Record<IdxKind, Kind>> = {
  images: { rank: 3, type: BYTES, others: [9, 11, INTS, 13, 14], what: "images" },
  labels: { rank: 1, type: BYTES, others: [9, 11, INTS], what: "labels" },
  labelRows: { rank: 2, type: INTS, others: [], what: "rows of labels" },
};

/** How many bytes the header of such a file has. */
export function idxHeaderLength(kind: IdxKind): number {
  return 4 + 4 * KINDS[kind].rank;
}

/**
 * @param source what to call the file in an error
 * @throws InputError if these are not the bytes of an IDX file of images, whole and nothing more
 */
export function parseIdxImages(bytes: Uint8Array, source: string): IdxImages {
  const { dimensions, values, type } = parse(bytes, source, "images");
  const [count, height, width] = dimensions;
  return { count, height, width, pixels: valuesAsBytes(values, type, source) };
}

/** As parseIdxImages, for a file of labels, which has one dimension. */
export function parseIdxLabels(bytes: Uint8Array, source: string): Uint8Array {
  const { values, type } = parse(bytes, source, "labels");
  return valuesAsLabels(values, type, source);
}

/**
 * As parseIdxImages, for a file of whole numbers of 4 bytes in rows of `columns`.
 * @returns the first number of each row
 */
export function parseIdxLabelRows(bytes: Uint8Array, source: string, columns: number): Int32Array {
  const { dimensions, values } = parse(bytes, source, "labelRows");
  const [count, present] = dimensions;
  if (present !== columns) {
    throw new InputError(
      `${source}: its header says ${count} x ${present}, but a row has ${columns} numbers, the label first; get it again.`,
    );
  }
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  return Int32Array.from({ length: count }, (_, row) => view.getInt32(4 * columns * row));
}

/**
 * How many bytes the whole file must have, by its header.
 * @param bytes the file's first bytes, or all
 * @throws InputError if they are not the header of such a file
 */
export function idxLength(bytes: Uint8Array, source: string, kind: IdxKind): number {
  return idxHeaderLength(kind) + parseHeader(bytes, source, kind).size;
}

/** The values that follow a header are fewer or more than it promises. */
export function wrongIdxLength(
  bytes: Uint8Array,
  source: string,
  kind: IdxKind,
  found: { readonly present: string; readonly tooLong: boolean },
): InputError {
  const { dimensions, size, type } = parseHeader(bytes, source, kind);
  const length = found.tooLong ? "too long" : "cut short";
  const { what } = KINDS[kind];
  const factors = idxTypes[type].bytes === 1 ? dimensions : [...dimensions, idxTypes[type].bytes];
  return new InputError(
    `${source}: its header promises ${factors.join(" x ")} = ${size} bytes of ${what}, but ${found.present}: the file is ${length}; get it again.`,
  );
}

function parse(bytes: Uint8Array, source: string, kind: IdxKind) {
  const { dimensions, size, type } = parseHeader(bytes, source, kind);
  const values = bytes.subarray(idxHeaderLength(kind));
  if (values.length !== size) {
    const found = { present: `${values.length} follow`, tooLong: values.length > size };
    throw wrongIdxLength(bytes, source, kind, found);
  }
  return { dimensions, values, type };
}

function parseHeader(bytes: Uint8Array, source: string, kind: IdxKind) {
  const { rank, type: usual, others, what } = KINDS[kind];
  const headerLength = idxHeaderLength(kind);
  if (bytes.length < headerLength) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with a header of ${headerLength} bytes, but this file has ${bytes.length} in all; get it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = magicOf(kind);
  const type = [usual, ...others].find((one) => magic === 256 * one + rank);
  if (type === undefined) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with the number ${hex(expected)}, but this one begins with ${hex(magic)}; ${hint(magic, kind)}.`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = dimensions.reduce((product, dimension) => product * dimension, idxTypes[type].bytes);
  if (size === 0)
    throw new InputError(
      `${source}: its header says ${dimensions.join(" x ")}: there is nothing in it; get it again.`,
    );
  return { dimensions, size, type };
}

function magicOf(kind: IdxKind): number {
  return 256 * KINDS[kind].type + KINDS[kind].rank;
}

function hint(magic: number, kind: IdxKind): string {
  if (magic >>> 16 === 0x1f8b) return "it looks like gzip: give it a name that ends in .gz";
  if (magic === magicOf("labels")) return "it holds labels, so it is the wrong file";
  if (magic === magicOf("images")) return "it holds images, so it is the wrong file";
  const needed = idxTypes[KINDS[kind].type].values;
  const type = magic >>> 16 === 0 ? (magic >>> 8) & 0xff : 0;
  const values = idxTypes[type]?.values;
  if (values !== undefined && values !== needed)
    return `its values are ${values}, but ${needed} are needed: convert it`;
  return `it is damaged or not an IDX file of ${needed.replace(/ \(.*/, "")}`;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
