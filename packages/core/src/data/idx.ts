import { InputError } from "../errors.js";

/*
 * IDX, the format of MNIST's files (Y. LeCun, C. Cortes, C. Burges): two zero bytes, a byte for the type of the values (8:
 * unsigned bytes), a byte for the number of dimensions, each dimension as a big-endian 32-bit number, then the values.
 */

/** Images of an IDX file with three dimensions. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** `[count, height, width]` */
  readonly pixels: Uint8Array;
}

/** What a file holds: images have three dimensions, labels one. */
export type IdxKind = "images" | "labels";

const RANKS: Readonly<Record<IdxKind, number>> = { images: 3, labels: 1 };

/** How many bytes the header of such a file has. */
export function idxHeaderLength(kind: IdxKind): number {
  return 4 + 4 * RANKS[kind];
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
  return new InputError(
    `${source}: its header promises ${dimensions.join(" x ")} = ${size} bytes of ${kind}, but ${found.present}: the file is ${length}; get it again.`,
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
  const headerLength = idxHeaderLength(kind);
  if (bytes.length < headerLength) {
    throw new InputError(
      `${source}: an IDX file of ${kind} begins with a header of ${headerLength} bytes, but this file has ${bytes.length} in all; get it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = 0x0800 + RANKS[kind];
  if (magic !== expected) {
    throw new InputError(
      `${source}: an IDX file of ${kind} begins with the number ${hex(expected)}, but this one begins with ${hex(magic)}; ${hint(magic)}.`,
    );
  }
  const dimensions = Array.from({ length: RANKS[kind] }, (_, i) => view.getUint32(4 + 4 * i));
  const size = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (size === 0)
    throw new InputError(
      `${source}: its header says ${dimensions.join(" x ")}: there is nothing in it; get it again.`,
    );
  return { dimensions, size };
}

function hint(magic: number): string {
  if (magic >>> 16 === 0x1f8b) return "it looks like gzip: give it a name that ends in .gz";
  if (magic === 0x0801) return "it holds labels, so it is the wrong file";
  if (magic === 0x0803) return "it holds images, so it is the wrong file";
  const type = magic >>> 16 === 0 ? TYPES[(magic >>> 8) & 0xff] : undefined;
  if (type !== undefined) return `its values are ${type}, but bytes (0 to 255) are needed: convert it`;
  return "it is damaged or not an IDX file of bytes";
}

/** The other types that an IDX file may say its values have. */
const TYPES: Readonly<Record<number, string>> = {
  9: "signed bytes",
  11: "whole numbers of 2 bytes",
  12: "whole numbers of 4 bytes",
  13: "floating-point numbers of 4 bytes",
  14: "floating-point numbers of 8 bytes",
};

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
