import { type Index, type LoopNestBuilder, PARALLEL } from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { TUNING } from "./tuning.js";

/* How convolutions are split among invocations. */

/** A register tile: so many filters (channels, for the gradient of the input) times so many columns. */
export interface Tile {
  readonly filters: number;
  readonly columns: number;
}

/** From the largest to the smallest. The larger, the fewer loads for each multiply-add; the smaller, the more invocations. */
const TILES: readonly Tile[] = [
  { filters: 8, columns: 4 },
  { filters: 4, columns: 4 },
  { filters: 4, columns: 2 },
  { filters: 2, columns: 2 },
  { filters: 2, columns: 1 },
];

/** Kernels of more weights than this get small tiles, so that what is unrolled stays short. */
const LARGEST_KERNEL = 25;

/**
 * The largest tile with which enough invocations keep a device busy.
 * @param filters, columns what is tiled; others: how many rows and groups there are; vectors: of each cell
 */
export function tileFor(
  { kernel: [U, V] }: Conv2d,
  filters: number,
  columns: number,
  others: number,
  vectors: number,
): Tile {
  const small = TILES.slice(3);
  const fits = (U * V > LARGEST_KERNEL ? small : TILES).filter(
    (tile) => tile.filters <= Math.max(2, filters) && tile.columns <= Math.max(1, columns),
  );
  const invocations = (tile: Tile) =>
    Math.ceil(filters / tile.filters) * Math.ceil(columns / tile.columns) * others * vectors;
  return fits.find((tile) => invocations(tile) >= TUNING.busy) ?? fits[fits.length - 1];
}

/** Wider rows of a kernel are a loop. */
export const WIDEST_UNROLLED = 7;

/** The two vectors of a cell, as a parallel loop. */
export const forEachHalf = (b: LoopNestBuilder, write: (half: Index) => void) =>
  b.loop("half", 2, write, PARALLEL);

/** Parallel loops, one inside the other. */
export function nested(
  b: LoopNestBuilder,
  loops: readonly (readonly [string, number])[],
  write: (indices: readonly Index[]) => void,
  outer: readonly Index[] = [],
): void {
  const [first, ...rest] = loops;
  if (first === undefined) {
    write(outer);
    return;
  }
  b.loop(first[0], first[1], (index) => nested(b, rest, write, [...outer, index]), PARALLEL);
}
