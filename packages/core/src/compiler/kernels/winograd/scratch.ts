import { type Address, at, type Buffer, type Index, type LoopNestBuilder } from "../../../ir/ir.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { BLOCK, tilesOf, type View } from "../../block.js";
import type { Allocator, Border } from "../../memory.js";

/** A tile has so many outputs in each direction, and is made from so many inputs. */
export const TILE = 4;
export const REACH = 6;
export const POSITIONS = REACH * REACH;

/** Tiles of a row that go through together: what they need stays in the second-level cache. */
export const TILES_TOGETHER = 3;

/** Each position's stretch is longer by a line of the cache, so that they don't all fall on the same few places of it. */
export const LINE = 16;

/** Fewer channels, or filters, and the transforms cost more than they save. */
const FEWEST = 8;

/** Whether this convolution is computed by Winograd's method where that is allowed. */
export function winogradPays({
  inputShape: [C],
  outputShape: [O],
  kernel,
  stride,
  dilation,
  groups,
}: Conv2d): boolean {
  const suits = kernel.every((size) => size === 3) && [...stride, ...dilation].every((step) => step === 1);
  return suits && groups === 1 && C >= FEWEST && O >= FEWEST && C % BLOCK === 0 && O % 4 === 0;
}

/** The padding of a convolution, and what the last tiles need beyond it. */
export function winogradPadding({
  padding: [top, right, bottom, left],
  outputShape: [, I, J],
}: Conv2d): Border {
  const missing = (outputs: number) => Math.ceil(outputs / TILE) * TILE - outputs;
  return [top, right + missing(J), bottom + missing(I), left];
}

/** Memory that kernels of all layers use one after the other, and each layer's transformed weights. Cells are blocks. */
export interface Scratch {
  /** One position's `[C, TILES_TOGETHER]` cells after the other: inputs, or their gradients. */
  readonly inputs: Buffer;
  /** `[O, TILES_TOGETHER]` cells: outputs, or their gradients. */
  readonly outputs: Buffer;
  /** `[TILES_TOGETHER * BLOCK, C]` numbers: the inputs with channels innermost. */
  readonly transposed: Buffer;
  /** `[O, C]` numbers. */
  readonly weightGradients: Buffer;
  /** What lies between the transforms of columns and of rows: a vector for each position. */
  readonly tile: Buffer;
}

/** Room for the largest of the layers. */
export function allocateScratch(allocator: Allocator, layers: readonly Conv2d[], training: boolean): Scratch {
  const largest = (size: (layer: Conv2d) => number) => Math.max(...layers.map(size));
  const take = (name: string, size: (layer: Conv2d) => number) =>
    allocator.scratch(`winograd.${name}`, POSITIONS * largest(size));
  return {
    inputs: take("inputs", inputStretch),
    outputs: take("outputs", outputStretch),
    transposed: take("transposed", training ? transposedStretch : () => 0),
    weightGradients: take("weightGradients", training ? gradientStretch : () => 0),
    tile: allocator.scratch("winograd.tile", POSITIONS * 4),
  };
}

/** How many tiles an image has. */
export const tileCount = ({ outputShape: [, I, J] }: Conv2d) => Math.ceil(I / TILE) * Math.ceil(J / TILE);

/** How many numbers a channel's weights take: whole cells, since the filters of one image lie in these. */
export const weightRow = ({ outputShape: [O] }: Conv2d) => BLOCK * Math.ceil(O / BLOCK);

/** How many numbers one position takes. */
export const weightStretch = (layer: Conv2d) => layer.inputShape[0] * weightRow(layer);
export const gradientStretch = ({ inputShape: [C], outputShape: [O] }: Conv2d) => C * O;
export const inputStretch = ({ inputShape: [C] }: Conv2d) => C * TILES_TOGETHER * BLOCK + LINE;
export const outputStretch = ({ outputShape: [O] }: Conv2d) => O * TILES_TOGETHER * BLOCK + LINE;
export const transposedStretch = ({ inputShape: [C] }: Conv2d) => C * TILES_TOGETHER * BLOCK + LINE;

/** Which of a group's tiles: its counter from left to right, and from top to bottom where there are several rows. */
export interface TileIndex {
  readonly column: Index;
  readonly row: Index | undefined;
}

/** Some tiles that are computed together. */
export interface TileGroup {
  /** From left to right. */
  readonly tiles: number;
  /** From top to bottom. */
  readonly rows: number;
  /** How many outputs a tile has: less than `TILE` at the last row or column. */
  readonly height: number;
  readonly width: number;
  /** Cell (r, q) of a tile, counted from the tile's first output or, with `origin` = windowStart, its first input. */
  cellOf(
    view: View,
    origin: number,
    r: number,
    q: number,
    tile: TileIndex,
    ...terms: readonly (readonly [Index, number])[]
  ): Address;
  /** What a tile has in a buffer where all tiles of the layer lie, row by row and `stride` numbers apart: number `offset` of it. */
  numberOf(
    buffer: Buffer,
    offset: number,
    stride: number,
    tile: TileIndex,
    ...terms: readonly (readonly [Index, number])[]
  ): Address;
}

/**
 * Calls `write` in loops over all tiles of a layer's output.
 * @param most how many go through together, at most: from top to bottom, and from left to right
 */
export function forEachTileGroup(
  b: LoopNestBuilder,
  { outputShape: [, I, J] }: Conv2d,
  write: (group: TileGroup) => void,
  most: readonly [rows: number, columns: number] = [1, TILES_TOGETHER],
): void {
  for (const lines of tilesOf(I, TILE)) {
    for (const rows of tilesOf(lines.count, most[0])) {
      b.loop("i", rows.count, (i) => {
        for (const columns of tilesOf(J, TILE)) {
          for (const group of tilesOf(columns.count, most[1])) {
            const top = lines.first + TILE * rows.first;
            const left = columns.first + TILE * group.first;
            const inRow = Math.ceil(J / TILE);
            const before = (top * inRow + left) / TILE;
            b.loop("j", group.count, (j) =>
              write({
                tiles: group.size,
                rows: rows.size,
                height: lines.size,
                width: columns.size,
                cellOf: (view, origin, r, q, tile, ...terms) =>
                  at(
                    view.buffer,
                    origin + (top + r) * view.row + (left + q) * BLOCK,
                    [i, TILE * rows.size * view.row],
                    [j, TILE * group.size * BLOCK],
                    ...termsOf(tile, TILE * view.row, TILE * BLOCK),
                    ...terms,
                  ),
                numberOf: (buffer, offset, stride, tile, ...terms) =>
                  at(
                    buffer,
                    before * stride + offset,
                    [i, rows.size * inRow * stride],
                    [j, group.size * stride],
                    ...termsOf(tile, inRow * stride, stride),
                    ...terms,
                  ),
              }),
            );
          }
        }
      });
    }
  }
}

/** The terms of an address where tiles lie so far apart from top to bottom, and from left to right. */
export function termsOf({ row, column }: TileIndex, down: number, right: number): [Index, number][] {
  return row
    ? [
        [row, down],
        [column, right],
      ]
    : [[column, right]];
}
