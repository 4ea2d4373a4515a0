import {
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
  transposedStretch,
  weightStretch,
} from "./scratch.js";
import * as transform from "./transforms.js";

/* The steps that the way forward and the ways back are made of, and where each finds its matrices. */

const ROW = TILES_TOGETHER * BLOCK;

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
  row: layer.outputShape[0],
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

/** `[O, C]`, the gradients of weights. */
export const weightGradientMatrices = (scratch: Scratch, layer: Conv2d): Matrices => ({
  buffer: scratch.weightGradients,
  position: weightStretch(layer),
  row: layer.inputShape[0],
  column: 1,
});

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
  layer: Conv2d,
  x: View,
  group: TileGroup,
  scratch: Scratch,
): void {
  const { position, row } = inputMatrices(scratch, layer);
  forEachTile(b, layer.inputShape[0], group, scratch, (c, t, h, keep) =>
    transform.transformTile(
      b,
      transform.inputs,
      [REACH, REACH],
      (r, q) => load(group.cellOf(x, x.windowStart, r, q, t, [c, x.plane], [h, 4])),
      keep,
      (r, q, value) =>
        b.store(at(scratch.inputs, (REACH * r + q) * position, [c, row], [t, BLOCK], [h, 4]), value),
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
  const { position, row } = inputMatrices(scratch, layer);
  forEachTile(b, layer.inputShape[0], group, scratch, (c, t, h, keep) =>
    transform.transformTile(
      b,
      transform.inputGradients,
      [REACH, REACH],
      (r, q) => load(at(scratch.inputs, (REACH * r + q) * position, [c, row], [t, BLOCK], [h, 4])),
      keep,
      (r, q, value) => {
        const place = group.cellOf(dx, dx.windowStart, r, q, t, [c, dx.plane], [h, 4]);
        b.store(place, add(load(place), value));
      },
    ),
  );
}

/** At m A, to which `finish` gives its last touch. */
export function transformOutputs(
  b: LoopNestBuilder,
  layer: Conv2d,
  y: View,
  group: TileGroup,
  scratch: Scratch,
  finish: (value: Expression, filter: Parameters<typeof at>[2]) => Expression,
): void {
  const { position, row } = outputMatrices(scratch, layer);
  forEachTile(b, layer.outputShape[0], group, scratch, (o, t, h, keep) =>
    transform.transformTile(
      b,
      transform.outputs,
      [REACH, REACH],
      (r, q) => load(at(scratch.outputs, (REACH * r + q) * position, [o, row], [t, BLOCK], [h, 4])),
      keep,
      (r, q, value) => {
        if (r >= group.height || q >= group.width) return;
        b.store(group.cellOf(y, y.start, r, q, t, [o, y.plane], [h, 4]), finish(value, [o, 1]));
      },
    ),
  );
}

/** A y At of the outputs' gradients. */
export function transformOutputGradients(
  b: LoopNestBuilder,
  layer: Conv2d,
  dy: View,
  group: TileGroup,
  scratch: Scratch,
): void {
  const { position, row } = outputMatrices(scratch, layer);
  forEachTile(b, layer.outputShape[0], group, scratch, (o, t, h, keep) =>
    transform.transformTile(
      b,
      transform.outputGradients,
      [TILE, TILE],
      (r, q) =>
        r < group.height && q < group.width
          ? load(group.cellOf(dy, dy.start, r, q, t, [o, dy.plane], [h, 4]))
          : constant(0),
      keep,
      (r, q, value) =>
        b.store(at(scratch.outputs, (REACH * r + q) * position, [o, row], [t, BLOCK], [h, 4]), value),
    ),
  );
}

/** The transformed inputs with channels innermost. */
export function transposeInputs(
  b: LoopNestBuilder,
  layer: Conv2d,
  { tiles }: TileGroup,
  scratch: Scratch,
): void {
  const [C] = layer.inputShape;
  const from = inputMatrices(scratch, layer);
  const to = transposedMatrices(scratch, layer);
  b.loop("position", POSITIONS, (position) =>
    b.loop("t", tiles, (t) =>
      b.loop("c", C / 4, (c) => {
        for (const half of HALVES) {
          const rows = [0, 1, 2, 3].map((channel) =>
            b.variable(
              load(
                at(
                  from.buffer,
                  channel * from.row + half,
                  [position, from.position],
                  [t, BLOCK],
                  [c, 4 * from.row],
                ),
              ),
            ),
          );
          for (const [image, channels] of transposed(b, rows).entries()) {
            const place = (half + image) * to.row;
            b.store(at(to.buffer, place, [position, to.position], [t, BLOCK * to.row], [c, 4]), channels);
          }
        }
      }),
    ),
  );
}

/** Gt u G, added to the gradients in the slot. */
export function addWeightGradients(
  b: LoopNestBuilder,
  layer: Conv2d,
  weightGradient: Buffer,
  scratch: Scratch,
): void {
  const [C] = layer.inputShape;
  const { position, row } = weightGradientMatrices(scratch, layer);
  const keep = keepIn(scratch.tile);
  b.loop("o", layer.outputShape[0], (o) =>
    b.loop("c", C, (c) =>
      transform.transformTile(
        b,
        transform.weightGradients,
        [REACH, REACH],
        (r, q) => splat(at(scratch.weightGradients, (REACH * r + q) * position, [o, row], [c, 1])),
        { store: keep.store(b), load: keep.load },
        (u, v, value) => {
          const place = at(weightGradient, 3 * u + v, [o, 9 * C], [c, 9]);
          b.storeLane(place, add(splat(place), value));
        },
      ),
    ),
  );
}

type Index = Parameters<Parameters<LoopNestBuilder["loop"]>[2]>[0];
type Keep = Parameters<typeof transform.transformTile>[4];

/** Calls `write` in loops over channels, a group's tiles and the halves of a cell. */
function forEachTile(
  b: LoopNestBuilder,
  channels: number,
  { tiles }: TileGroup,
  { tile }: Scratch,
  write: (channel: Index, t: Index, half: Index, keep: Keep) => void,
): void {
  const keep = keepIn(tile);
  b.loop("channel", channels, (channel) =>
    b.loop("t", tiles, (t) =>
      b.loop("half", 2, (half) => write(channel, t, half, { store: keep.store(b), load: keep.load })),
    ),
  );
}
