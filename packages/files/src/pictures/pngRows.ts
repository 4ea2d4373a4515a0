import { Unzlib } from "fflate";
import { InputError } from "unravel-cnn";

/*
 * The pixel data of a PNG: a zlib stream of rows, each after the number of the filter that it was made with. They are unpacked
 * piece by piece into memory for as many bytes as the header promises, and put right there, row by row: a picture takes its own
 * size, and twice that if it is interlaced. (W3C, Portable Network Graphics, third edition: 7 to 9.)
 */

/** What the header says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a value: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Values of a pixel. */
  readonly channels: number;
  readonly interlaced: boolean;
}

/** Where a pass of an interlaced picture begins, and how far its pixels are apart. */
type Pass = readonly [left: number, top: number, right: number, down: number];

const WHOLE: readonly Pass[] = [[0, 0, 1, 1]];
const ADAM7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** A pass as a picture of its own. */
interface Part {
  readonly pass: Pass;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row, without its filter's number. */
  readonly rowLength: number;
}

function partsOf({ width, height, depth, channels, interlaced }: PngHeader): Part[] {
  return (interlaced ? ADAM7 : WHOLE).flatMap((pass) => {
    const [left, top, right, down] = pass;
    const columns = Math.max(0, Math.ceil((width - left) / right));
    const rows = columns > 0 ? Math.max(0, Math.ceil((height - top) / down)) : 0;
    return rows > 0 ? [{ pass, columns, rows, rowLength: Math.ceil((columns * channels * depth) / 8) }] : [];
  });
}

/** The most that deflate packs into one. */
const LARGEST_RATIO = 1032;

/** Bytes that are unpacked at once. */
const PIECE = 8192;

/**
 * The values of all pixels, row after row without a gap, each row beginning with a new byte; 16-bit values with the high byte
 * first.
 * @param packed the pixel data's pieces, in order
 * @throws InputError if they don't give just as many bytes as the header promises, or make no sense
 */
export function readRows(packed: readonly Uint8Array[], header: PngHeader): Uint8Array {
  const parts = partsOf(header);
  const expected = parts.reduce((sum, { rows, rowLength }) => sum + rows * (1 + rowLength), 0);
  const bytes = unpack(packed, expected);
  const distance = Math.max(1, (header.channels * header.depth) / 8);
  let from = 0;
  let to = 0;
  for (const { rows, rowLength } of parts) {
    undoFilters(bytes, { from, to, rows, rowLength, distance });
    from += rows * (1 + rowLength);
    to += rows * rowLength;
  }
  return header.interlaced ? spread(bytes, parts, header) : bytes.subarray(0, to);
}

/** Unpacks what must give `expected` bytes, and no further. */
function unpack(packed: readonly Uint8Array[], expected: number): Uint8Array {
  const packedLength = packed.reduce((sum, { length }) => sum + length, 0);
  if (packedLength * LARGEST_RATIO < expected) throw damaged("it has too little pixel data for its size");
  const bytes = new Uint8Array(expected);
  let filled = 0;
  let complete = false;
  const unpacker = new Unzlib((piece, final) => {
    if (piece.length > expected - filled) throw damaged("it has more pixel data than its size says");
    bytes.set(piece, filled);
    filled += piece.length;
    complete ||= final;
  });
  try {
    for (const data of packed) {
      for (let from = 0; from < data.length; from += PIECE) unpacker.push(data.subarray(from, from + PIECE));
    }
    unpacker.push(new Uint8Array(0), true);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw damaged("its pixel data can't be unpacked");
  }
  if (!complete || filled !== expected) throw damaged("its pixel data end too early");
  return bytes;
}

/**
 * Undoes the filters of rows that begin at `from`, and writes them without the filters' numbers from `to` on, which never is
 * ahead of what is read. A filter is a difference from the pixel on the left, above, or both.
 * @param distance bytes from a pixel to the one on its left
 */
function undoFilters(
  bytes: Uint8Array,
  {
    from,
    to,
    rows,
    rowLength,
    distance,
  }: { from: number; to: number; rows: number; rowLength: number; distance: number },
): void {
  for (let row = 0; row < rows; row++) {
    const filter = bytes[from + row * (rowLength + 1)];
    if (filter > 4) throw damaged("its pixel data make no sense");
    const source = from + row * (rowLength + 1) + 1;
    const target = to + row * rowLength;
    const above = row > 0 ? target - rowLength : -1;
    for (let k = 0; k < rowLength; k++) {
      const left = k >= distance ? bytes[target + k - distance] : 0;
      const up = above >= 0 ? bytes[above + k] : 0;
      const upLeft = above >= 0 && k >= distance ? bytes[above + k - distance] : 0;
      bytes[target + k] = bytes[source + k] + prediction(filter, left, up, upLeft);
    }
  }
}

function prediction(filter: number, left: number, up: number, upLeft: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4:
      return paeth(left, up, upLeft);
    default:
      return 0;
  }
}

/** Of three neighbours, the one that is nearest to left + up - upLeft. */
function paeth(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** The pixels of all passes at their places. They have whole bytes. */
function spread(bytes: Uint8Array, parts: readonly Part[], header: PngHeader): Uint8Array {
  const size = (header.channels * header.depth) / 8;
  const result = new Uint8Array(header.width * header.height * size);
  let at = 0;
  for (const { pass, columns, rows } of parts) {
    const [left, top, right, down] = pass;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const place = ((top + row * down) * header.width + left + column * right) * size;
        for (let k = 0; k < size; k++) result[place + k] = bytes[at++];
      }
    }
  }
  return result;
}

export function damaged(why: string): InputError {
  return new InputError(`The PNG is damaged: ${why}.`);
}
