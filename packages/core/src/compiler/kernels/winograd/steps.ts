import {
  type Address,
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  splat,
} from "../../../ir/ir.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { BLOCK, HALVES, transposed, type View } from "../../block.js";
import type { Matrices } from "./matrices.js";
import {
  inputStretch,
  outputStretch,
  POSITIONS,
  REACH,
  type Scratch,
  TILE,
  TILES_TOGETHER,
  type TileGroup,
  type TileIndex,
  termsOf,
  transposedStretch,
  weightRow,
  weightStretch,
} from "./scratch.js";
import * as transform from "./transforms.js";

/* The steps that the way forward and the ways back are made of, and where each finds its matrices. */

const ROW = TILES_TOGETHER * BLOCK;

/** Where the half of a cell of a transformed tile lies. */
export type TileCells = (
  group: TileGroup,
  position: number,
  plane: Index,
  tile: TileIndex,
  half: Index,
) => Address;

/** Those of a group of tiles of a block of images, a plane for each channel. */
export const cellsOf =
  ({ buffer, position, row }: Matrices): TileCells =>
  ({ tiles }, p, plane, tile, half) =>
    at(buffer, p * position, [plane, row], ...termsOf(tile, tiles * BLOCK, BLOCK), [half, 4]);

/** `[C, tiles]`, cells of inputs or of their gradients. */
export const inputMatrices = (scratch: Scratch, layer: Conv2d): Matrices => ({
  buffer: scratch.inputs,
  position: inputStretch(layer),
  row: ROW,
  column: 1,
});

/** `[O, tiles]`, cells of outputs or of their gradients. */
export const outputMatrices = (scratch: Scratch, layer: Conv2d): Matrices => ({
  buffer: scratch.outputs,
  position: outputStretch(layer),
  row: ROW,
  column: 1,
});

/** `[C, O]` weights. */
export const weightMatrices = (weights: Buffer, layer: Conv2d): Matrices => ({
  buffer: weights,
  position: weightStretch(layer),
  row: weightRow(layer),
  column: 1,
});

/** The same matrix with its rows as columns. */
export const turned = ({ row, column, ...matrices }: Matrices): Matrices => ({
  ...matrices,
  row: column,
  column: row,
});

/** `[tiles * BLOCK, C]`, inputs. */
export const transposedMatrices = (scratch: Scratch, layer: Conv2d): Matrices => ({
  buffer: scratch.transposed,
  position: transposedStretch(layer),
  row: layer.inputShape[0],
  column: 1,
});

/** `[filters, C]`, the gradients of the weights of so many filters. */
export const weightGradientMatrices = (
  buffer: Buffer,
  { inputShape: [C] }: Conv2d,
  filters: number,
): Matrices => ({ buffer, position: filters * C, row: C, column: 1 });

/** Keeps what lies between the transforms of columns and of rows. */
const keepIn = (tile: Buffer) => ({
  store: (b: LoopNestBuilder) => (r: number, q: number, value: Expression) =>
    b.store(at(tile, 4 * (REACH * r + q)), value),
  load: (r: number, q: number) => load(at(tile, 4 * (REACH * r + q))),
});

/** G g Gt of each filter's kernel for each channel: `[POSITIONS, C, O]`. Once for each step. */
export function transformWeights(
  name: string,
  layer: Conv2d,
  weight: Buffer,
  scratch: Scratch,
  weights: Buffer,
): LoopNest {
  const [C] = layer.inputShape;
  const [O] = layer.outputShape;
  const { position, row } = weightMatrices(weights, layer);
  const keep = keepIn(scratch.tile);
  return loopNest(name, (b) =>
    b.loop("c", C, (c) =>
      b.loop("o", O, (o) =>
        transform.transformTile(
          b,
          transform.weights,
          [3, 3],
          (u, v) => splat(at(weight, 3 * u + v, [o, 9 * C], [c, 9])),
          { store: keep.store(b), load: keep.load },
          (r, q, value) => b.storeLane(at(weights, (REACH * r + q) * position, [c, row], [o, 1]), value),
        ),
      ),
    ),
  );
}

/** Bt d B of a group's tiles. */
export function transformInputs(
  b: LoopNestBuilder,
  x: View,
  group: TileGroup,
  inputs: TileCells,
  scratch: Scratch,
): void {
  forEachTile(b, x, group, inputs, scratch, (c, tile, h, keep, transformed) =>
    transform.transformTile(
      b,
      transform.inputs,
      [REACH, REACH],
      (r, q) => load(group.cellOf(x, x.windowStart, r, q, tile, [c, x.plane], [h, 4])),
      keep,
      (r, q, value) => b.store(transformed(r, q), value),
    ),
  );
}

/** B p Bt, added to where the tiles' inputs lie. */
export function addInputGradients(
  b: LoopNestBuilder,
  layer: Conv2d,
  dx: View,
  group: TileGroup,
  scratch: Scratch,
): void {
  const inputs = cellsOf(inputMatrices(scratch, layer));
  forEachTile(b, dx, group, inputs, scratch, (c, tile, h, keep, transformed) =>
    transform.transformTile(
      b,
      transform.inputGradients,
      [REACH, REACH],
      (r, q) => load(transformed(r, q)),
      keep,
      (r, q, value) => {
        const place = group.cellOf(dx, dx.windowStart, r, q, tile, [c, dx.plane], [h, 4]);
        b.store(place, add(load(place), value));
      },
    ),
  );
}

/** At m A, to which `finish` gives its last touch, told the counters of planes and halves of a cell. */
export function transformOutputs(
  b: LoopNestBuilder,
  y: View,
  group: TileGroup,
  outputs: TileCells,
  scratch: Scratch,
  finish: (value: Expression, plane: Index, half: Index) => Expression,
): void {
  forEachTile(b, y, group, outputs, scratch, (o, tile, h, keep, transformed) =>
    transform.transformTile(
      b,
      transform.outputs,
      [REACH, REACH],
      (r, q) => load(transformed(r, q)),
      keep,
      (r, q, value) => {
        if (r >= group.height || q >= group.width) return;
        b.store(group.cellOf(y, y.start, r, q, tile, [o, y.plane], [h, 4]), finish(value, o, h));
      },
    ),
  );
}

/** A y At of the outputs' gradients. */
export function transformOutputGradients(
  b: LoopNestBuilder,
  dy: View,
  group: TileGroup,
  outputs: TileCells,
  scratch: Scratch,
): void {
  forEachTile(b, dy, group, outputs, scratch, (o, tile, h, keep, transformed) =>
    transform.transformTile(
      b,
      transform.outputGradients,
      [TILE, TILE],
      (r, q) =>
        r < group.height && q < group.width
          ? load(group.cellOf(dy, dy.start, r, q, tile, [o, dy.plane], [h, 4]))
          : constant(0),
      keep,
      (r, q, value) => b.store(transformed(r, q), value),
    ),
  );
}

/**
 * The transformed inputs with channels innermost.
 * @param place where four channels of an image's tile go, from number `first` of a cell of channels on
 */
export function transposeInputs(
  b: LoopNestBuilder,
  layer: Conv2d,
  { tiles }: TileGroup,
  scratch: Scratch,
  place: (position: Index, tile: Index, image: number, cell: Index, first: number) => Address,
): void {
  const from = inputMatrices(scratch, layer);
  const channelAt = (channel: number, half: number, position: Index, t: Index, cell: Index) =>
    at(
      from.buffer,
      channel * from.row + half,
      [position, from.position],
      [t, BLOCK],
      [cell, BLOCK * from.row],
    );
  b.loop("position", POSITIONS, (position) =>
    b.loop("t", tiles, (t) =>
      b.loop("cell", layer.inputShape[0] / BLOCK, (cell) => {
        for (const first of HALVES) {
          for (const half of HALVES) {
            const rows = [0, 1, 2, 3].map((channel) =>
              b.variable(load(channelAt(first + channel, half, position, t, cell))),
            );
            for (const [image, channels] of transposed(b, rows).entries()) {
              b.store(place(position, t, half + image, cell, first), channels);
            }
          }
        }
      }),
    ),
  );
}

/** Gt u G of so many filters' gradients, stored or `added` to those in the slot. */
export function transformWeightGradients(
  b: LoopNestBuilder,
  { inputShape: [C] }: Conv2d,
  filters: number,
  { buffer, position, row }: Matrices,
  weightGradient: Buffer,
  tile: Buffer,
  added: boolean,
): void {
  const keep = keepIn(tile);
  b.loop("o", filters, (o) =>
    b.loop("c", C, (c) =>
      transform.transformTile(
        b,
        transform.weightGradients,
        [REACH, REACH],
        (r, q) => splat(at(buffer, (REACH * r + q) * position, [o, row], [c, 1])),
        { store: keep.store(b), load: keep.load },
        (u, v, value) => {
          const place = at(weightGradient, 3 * u + v, [o, 9 * C], [c, 9]);
          b.storeLane(place, added ? add(splat(place), value) : value);
        },
      ),
    ),
  );
}

type Index = Parameters<Parameters<LoopNestBuilder["loop"]>[2]>[0];
type Keep = Parameters<typeof transform.transformTile>[4];

/**
 * Calls `write` in loops over the planes of a view, a group's tiles and the halves of a cell, with the places of these
 * tiles' cells when they are transformed.
 */
function forEachTile(
  b: LoopNestBuilder,
  { shape: [planes] }: View,
  group: TileGroup,
  cells: TileCells,
  { tile: kept }: Scratch,
  write: (
    plane: Index,
    tile: TileIndex,
    half: Index,
    keep: Keep,
    transformed: (r: number, q: number) => Address,
  ) => void,
): void {
  const keep = { store: keepIn(kept).store(b), load: keepIn(kept).load };
  b.loop("channel", planes, (plane) => {
    const inRow = (row: Index | undefined) =>
      b.loop("t", group.tiles, (column) =>
        b.loop("half", 2, (half) => {
          const tile = { row, column };
          write(plane, tile, half, keep, (r, q) => cells(group, REACH * r + q, plane, tile, half));
        }),
      );
    if (group.rows === 1) inRow(undefined);
    else b.loop("s", group.rows, inRow);
  });
}
