import { type Address, at, type Buffer, constant, type Expression, type Index } from "../../ir/ir.js";
import { tilesOf } from "../block.js";
import type { Allocator, Border } from "../memory.js";
import { NO_BORDER } from "../memory.js";

/** Numbers of a vector: cells of a row that lie side by side. */
export const LANES = 4;

/**
 * Where the cells of one image lie: cell [c, p, q] is number `start + c*plane + p*row + q` of the buffer. What lies behind
 * a row's last cell is zero, so that vectors may reach beyond it. Around each plane there can be a border of zeros; a
 * padded layer's first window begins at 0.
 */
export interface Rows {
  readonly buffer: Buffer;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly start: number;
  readonly plane: number;
  readonly row: number;
}

/** Room for one image. A row of numbers is an image of one row. */
export function allocateRows(
  allocator: Allocator,
  name: string,
  shape: readonly [number, number, number],
  [top, right, bottom, left]: Border = NO_BORDER,
): Rows {
  const [channels, height, width] = shape;
  const row = vectors(left + width + right + LANES - 1) * LANES;
  const plane = (top + height + bottom) * row;
  // a vector that begins in the last row may reach beyond it
  const buffer = allocator.numbers(name, channels * plane + 2 * LANES);
  return { buffer, shape, start: top * row + left, plane, row };
}

/** How many vectors so many numbers take. */
export const vectors = (numbers: number) => Math.ceil(numbers / LANES);

/** A row's vectors: the full ones in tiles of at most `largest`, then the last one with so many `lanes` in use. */
export function vectorsOf(width: number, largest: number) {
  const full = tilesOf(Math.floor(width / LANES), largest).map((tile) => ({ ...tile, lanes: LANES }));
  const lanes = width % LANES;
  return lanes === 0 ? full : [...full, { first: Math.floor(width / LANES), count: 1, size: 1, lanes }];
}

/** A vector's first numbers, and zeros. */
export function firstLanes(value: Expression, lanes: number): Expression {
  if (lanes === LANES) return value;
  const from = Array.from({ length: LANES }, (_, lane) => (lane < lanes ? lane : LANES));
  return { kind: "shuffle", lanes: from, a: value, b: constant(0) };
}

export function rowAt(
  { buffer, start, plane, row }: Rows,
  [c, p, q]: readonly [number, number, number],
  ...terms: readonly (readonly [Index, number])[]
): Address {
  return at(buffer, start + c * plane + p * row + q, ...terms);
}
