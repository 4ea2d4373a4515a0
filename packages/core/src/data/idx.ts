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

/**
 * @param source what to call the file in an error
 * @throws InputError if these are not the bytes of an IDX file of images, whole and nothing more
 */
export function parseIdxImages(bytes: Uint8Array, source: string): IdxImages {
  const { dimensions, values } = parse(bytes, source, 3, "images");
  const [count, height, width] = dimensions;
  return { count, height, width, pixels: values };
}

/** As parseIdxImages, for a file of labels, which has one dimension. */
export function parseIdxLabels(bytes: Uint8Array, source: string): Uint8Array {
  return parse(bytes, source, 1, "labels").values;
}

function parse(bytes: Uint8Array, source: string, rank: number, what: string) {
  const headerLength = 4 + 4 * rank;
  if (bytes.length < headerLength) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with a header of ${headerLength} bytes, but this file has ${bytes.length} in all; get it again.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = 0x0800 + rank;
  if (magic !== expected) {
    throw new InputError(
      `${source}: an IDX file of ${what} begins with the number ${hex(expected)}, but this one begins with ${hex(magic)}; ${hint(magic)}.`,
    );
  }
  const dimensions = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (size === 0)
    throw new InputError(
      `${source}: its header says ${dimensions.join(" x ")}: there is nothing in it; get it again.`,
    );
  const present = bytes.length - headerLength;
  if (present !== size) {
    throw new InputError(
      `${source}: its header promises ${dimensions.join(" x ")} = ${size} bytes of ${what}, but ${present} follow: the file is ` +
        `${present < size ? "cut short" : "too long"}; get it again.`,
    );
  }
  return { dimensions, values: bytes.subarray(headerLength) };
}

function hint(magic: number): string {
  if (magic >>> 16 === 0x1f8b) return "it looks like gzip: give it a name that ends in .gz";
  if (magic === 0x0801) return "it holds labels, so it is the wrong file";
  if (magic === 0x0803) return "it holds images, so it is the wrong file";
  return "it is damaged or not an IDX file of bytes";
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
