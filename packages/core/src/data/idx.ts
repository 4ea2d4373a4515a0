import { InputError } from "../errors.js";

/*
 * IDX, the format of MNIST's files (Y. LeCun, C. Cortes, C. Burges): two zero bytes, a byte for the type of the values (8:
 * unsigned bytes, 12: whole numbers of 4 bytes), a byte for the number of dimensions, each dimension as a big-endian 32-bit
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

const KINDS: Readonly<
  Record<IdxKind, { readonly rank: number; readonly type: number; readonly what: string }>
> = {
  images: { rank: 3, type: 8, what: "images" },
  labels: { rank: 1, type: 8, what: "labels" },
  labelRows: { rank: 2, type: 12, what: "rows of labels" },
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
  const { dimensions, values } = parse(bytes, source, "images");
  const [count, height, width] = dimensions;
  return { count, height, width, pixels: values };
}

/** As parseIdxImages, for a file of labels, which has one dimension. */
export function parseIdxLabels(bytes: Uint8Array, source: string): Uint8Array {
  return parse(bytes, source, "labels").values;
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
  const { dimensions, size } = parseHeader(bytes, source, kind);
  const length = found.tooLong ? "too long" : "cut short";
  const { type, what } = KINDS[kind];
  const factors = TYPES[type].bytes === 1 ? dimensions : [...dimensions, TYPES[type].bytes];
  return new InputError(
    `${source}: its header promises ${factors.join(" x ")} = ${size} bytes of ${what}, but ${found.present}: the file is ${length}; get it again.`,
  );
}

function parse(bytes: Uint8Array, source: string, kind: IdxKind) {
  const { dimensions, size } = parseHeader(bytes, source, kind);
  const values = bytes.subarray(idxHeaderLength(kind));
  if (values.length !== size) {
    const found = { present: `${values.length} follow`, tooLong: values.length > size };
    throw wrongIdxLength(bytes, source, kind, found);
  }
  return { dimensions, values };
}

function parseHeader(bytes: Uint8Array, source: string, kind: IdxKind) {
  const { rank, type, what } = KINDS[kind];
  const headerLength = idxHeaderLength(kind);
  if (bytes.length < headerLength) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with a header of ${headerLength} bytes, but this file has ${bytes.length} in all; get it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = magicOf(kind);
  if (magic !== expected) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with the number ${hex(expected)}, but this one begins with ${hex(magic)}; ${hint(magic, kind)}.`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = dimensions.reduce((product, dimension) => product * dimension, TYPES[type].bytes);
  if (size === 0)
    throw new InputError(
      `${source}: its header says ${dimensions.join(" x ")}: there is nothing in it; get it again.`,
    );
  return { dimensions, size };
}

function magicOf(kind: IdxKind): number {
  return 256 * KINDS[kind].type + KINDS[kind].rank;
}

function hint(magic: number, kind: IdxKind): string {
  if (magic >>> 16 === 0x1f8b) return "it looks like gzip: give it a name that ends in .gz";
  if (magic === magicOf("labels")) return "it holds labels, so it is the wrong file";
  if (magic === magicOf("images")) return "it holds images, so it is the wrong file";
  const needed = TYPES[KINDS[kind].type].values;
  const type = magic >>> 16 === 0 ? (magic >>> 8) & 0xff : 0;
  const values = TYPES[type]?.values;
  if (values !== undefined && values !== needed)
    return `its values are ${values}, but ${needed} are needed: convert it`;
  return `it is damaged or not an IDX file of ${needed.replace(/ \(.*/, "")}`;
}

/** The types that an IDX file may say its values have. */
const TYPES: Readonly<Record<number, { readonly values: string; readonly bytes: number }>> = {
  8: { values: "bytes (0 to 255)", bytes: 1 },
  9: { values: "signed bytes", bytes: 1 },
  11: { values: "whole numbers of 2 bytes", bytes: 2 },
  12: { values: "whole numbers of 4 bytes", bytes: 4 },
  13: { values: "floating-point numbers of 4 bytes", bytes: 4 },
  14: { values: "floating-point numbers of 8 bytes", bytes: 8 },
};

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
