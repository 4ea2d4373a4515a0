import {
  type Address,
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  from,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  pmax,
  splat,
  type Variable,
} from "../../../ir/ir.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { channelsOfGroup } from "../../../layers/groups.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../../block.js";
import { WIDEST_UNROLLED } from "../../kernels/conv2dWindows.js";
import { multiplyMatrices } from "../../kernels/winograd/matrices.js";
import { forEachTileGroup, type Scratch, TILE, termsOf } from "../../kernels/winograd/scratch.js";
import {
  inputMatrices,
  outputMatrices,
  type TileCells,
  transformInputs,
  transformOutputs,
  weightMatrices,
} from "../../kernels/winograd/steps.js";
import { cellsFor, distanceOf, type Source } from "./cells.js";
import { groupSize, type Packing } from "./pack.js";

/*
 * A convolution of one image, whose channels lie in cells: the weights of filters that lie side by side, times a pixel. Each
 * sum has the order that it has in blocks of images (kernels/conv2d.ts), and so the same bits. Names as in layers/conv2d.ts.
 */

/** Outputs of a row whose sums are in registers at the same time; with two halves of a cell of filters that makes 8 sums. */
const PIXELS_TOGETHER = 4;

/** Kernels with more weights than this are not unrolled. */
const MOST_UNROLLED = 9;

/** Whether vectors of a bias lie as they do in the filters' cells, so that it needn't be packed. */
export function readsBias(layer: Conv2d, isTransformed: boolean): boolean {
  const [O] = layer.outputShape;
  // these two read whole cells
  if (isTransformed || isDepthwise(layer)) return O % BLOCK === 0;
  return fillsCells(layer);
}

/** How a layer's weights are packed. */
export function packingOf(layer: Conv2d): Packing {
  const [O] = layer.outputShape;
  const area = layer.kernel[0] * layer.kernel[1];
  if (isDepthwise(layer)) return { groups: 1, filters: O, depth: area };
  return { groups: layer.groups, filters: O / layer.groups, depth: channelsOfGroup(layer) * area };
}

/** Whether each channel has one filter, and each filter one channel: then both lie at the same place of their cells. */
export function isDepthwise({ inputShape: [C], outputShape: [O], groups }: Conv2d): boolean {
  return groups > 1 && groups === C && groups === O;
}

/** The numbers under a window, in their order: rounds of a loop, and what each of these reads, unrolled. */
export interface Window {
  /** `[groups, rounds]`: how far a round's first number lies from the window. */
  readonly table: readonly number[];
  readonly rounds: number;
  /** How far rounds lie apart, if they do so evenly: then no table is needed. */
  readonly step: number | undefined;
  /** How far the numbers of a round lie from its first one. */
  readonly taps: readonly number[];
}

export function windowOf(layer: Conv2d, x: Source): Window {
  const {
    kernel: [U, V],
    dilation,
    groups,
  } = layer;
  const channels = channelsOfGroup(layer);
  const cell = (u: number, v: number) => u * dilation[0] * x.row + v * dilation[1] * x.column;
  const rows = Array.from({ length: U }, (_, u) => u);
  const columns = Array.from({ length: V }, (_, v) => v);
  // of a kernel of one weight, some channels of a cell are unrolled
  const together =
    U * V > 1 || x.column !== BLOCK ? 1 : ([BLOCK, 4, 2].find((size) => channels % size === 0) ?? 1);
  const isWhole = U * V === 1 || (channels > 1 && U * V <= MOST_UNROLLED);
  const taps = isWhole
    ? rows.flatMap((u) => columns.flatMap((v) => Array.from({ length: together }, (_, c) => cell(u, v) + c)))
    : V <= WIDEST_UNROLLED
      ? columns.map((v) => cell(0, v))
      : [0];
  const starts = isWhole
    ? [0]
    : V <= WIDEST_UNROLLED
      ? rows.map((u) => cell(u, 0))
      : rows.flatMap((u) => columns.map((v) => cell(u, v)));
  const table = Array.from({ length: (groups * channels) / together }, (_, c) =>
    starts.map((start) => x.distanceOf(c * together) + start),
  ).flat();
  const step = table.length > 1 ? table[1] - table[0] : 0;
  const isEven = groups === 1 && table.every((distance, k) => distance === k * step);
  return { table, rounds: table.length / groups, step: isEven ? step : undefined, taps };
}

/** Where filters of groups go that fill no whole cells: `[O]`. */
export const placesOf = ({ outputShape: [O] }: Conv2d, y: View) =>
  Array.from({ length: O }, (_, o) => distanceOf(y, o));

/** Whether the filters of a group fill whole cells, or there is one group. */
export const fillsCells = ({ outputShape: [O], groups }: Conv2d) =>
  groups === 1 || (O / groups) % BLOCK === 0;

export interface Operands<Input> {
  readonly x: Input;
  readonly y: View;
  /** Packed. */
  readonly weight: Buffer;
  /** Packed, or as it is where vectors of it lie as in the filters' cells. */
  readonly bias: Buffer | undefined;
  /** Whether a ReLU is fused: the output is cut off at zero. */
  readonly relu: boolean;
}

/**
 * @param table that of the window; undefined: its rounds lie evenly
 * @param places where outputs go that don't lie in cells as the filters do; undefined: all do
 */
export function convolve(
  name: string,
  layer: Conv2d,
  { x, y, weight, bias, relu }: Operands<Source>,
  { rounds, step, taps }: Window,
  table: Buffer | undefined,
  places: Buffer | undefined,
): LoopNest {
  const { stride, groups } = layer;
  const [, I, J] = layer.outputShape;
  const { filters, depth } = packingOf(layer);
  const size = groupSize({ filters, depth });
  const cells = cellsFor(filters);
  return loopNest(name, (b) =>
    b.loop("g", groups, (g) => {
      for (const js of evenTiles(J, PIXELS_TOGETHER)) {
        for (const os of filterTiles(filters, js.size, places !== undefined)) {
          b.loop("o", os.count, (o) =>
            b.loop("i", I, (i) =>
              b.loop("j", js.count, (j) => {
                const vectors = Math.ceil(os.filters / 4);
                const sums = beginSums(b, js.size, vectors, (vector) =>
                  bias
                    ? at(bias, os.first * BLOCK + 4 * vector, [g, cells * BLOCK], [o, os.cells * BLOCK])
                    : undefined,
                );
                const first = at(
                  x.buffer,
                  x.windowStart + js.first * stride[1] * x.column,
                  [i, stride[0] * x.row],
                  [j, js.size * stride[1] * x.column],
                );
                b.loop("k", rounds, (k) => {
                  const window = table && b.point(first, at(table, 0, [g, rounds], [k, 1]));
                  const pixelAt = (distance: number) =>
                    window
                      ? from(x.buffer, window, distance)
                      : at(x.buffer, first.offset + distance, ...first.terms, [k, step ?? 0]);
                  for (const [t, tap] of taps.entries()) {
                    if (t > 0) b.fence();
                    const weights = Array.from({ length: vectors }, (_, vector) => {
                      const place = (os.first + Math.floor(vector / 2)) * BLOCK * depth + 4 * (vector % 2);
                      return b.variable(
                        load(
                          at(
                            weight,
                            place + t * BLOCK,
                            [g, size],
                            [o, os.cells * BLOCK * depth],
                            [k, taps.length * BLOCK],
                          ),
                        ),
                      );
                    });
                    for (const [q, pixelSums] of sums.entries()) {
                      const pixel = b.variable(splat(pixelAt(tap + q * stride[1] * x.column)));
                      for (const [vector, sum] of pixelSums.entries())
                        accumulate(sum, weights[vector], pixel);
                    }
                  }
                });
                for (const [q, pixelSums] of sums.entries()) {
                  const start = y.start + (js.first + q) * BLOCK;
                  const terms = [
                    [i, y.row],
                    [j, js.size * BLOCK],
                  ] as const;
                  for (const [vector, sum] of pixelSums.entries()) {
                    const value = relu ? pmax(sum, constant(0)) : sum;
                    if (places) {
                      storeLanes(b, value, Math.min(4, os.filters - 4 * vector), (lane) =>
                        from(
                          y.buffer,
                          b.point(
                            at(y.buffer, start, ...terms),
                            at(places, os.first * BLOCK + 4 * vector + lane, [g, filters], [o, BLOCK]),
                          ),
                          0,
                        ),
                      );
                    } else {
                      const place = start + (os.first + Math.floor(vector / 2)) * y.plane + 4 * (vector % 2);
                      b.store(
                        at(y.buffer, place, [g, cells * y.plane], [o, os.cells * y.plane], ...terms),
                        value,
                      );
                    }
                  }
                }
              }),
            ),
          );
        }
      }
    }),
  );
}

/** Filters that go through a loop together. */
interface FilterTile {
  /** The first cell. */
  readonly first: number;
  readonly count: number;
  /** How far the next tile lies. */
  readonly cells: number;
  readonly filters: number;
}

/** As many cells as there are registers for, or one where outputs don't lie as the filters do; the last ones with fewer filters. */
function filterTiles(filters: number, pixels: number, areLoose: boolean): FilterTile[] {
  const cells = areLoose ? 1 : Math.floor(PIXELS_TOGETHER / pixels);
  return tilesOf(filters, BLOCK * cells).map(({ first, count, size }) => ({
    ...{ first: first / BLOCK, count, cells, filters: size },
  }));
}

/** `total` things in tiles of at most `largest`, as even as can be. */
function evenTiles(total: number, largest: number) {
  return tilesOf(total, Math.ceil(total / Math.ceil(total / largest)));
}

/** [pixel][vector] */
function beginSums(
  b: LoopNestBuilder,
  pixels: number,
  vectors: number,
  biasAt: (vector: number) => Address | undefined,
): Variable[][] {
  return grid(b, pixels, vectors, (_, vector) => {
    const address = biasAt(vector);
    return address ? load(address) : constant(0);
  });
}

/** Stores a vector's first numbers, each to a place of its own. */
function storeLanes(
  b: LoopNestBuilder,
  value: Expression,
  lanes: number,
  placeOf: (lane: number) => Address,
): void {
  const numbers = b.variable(value);
  for (let lane = 0; lane < lanes; lane++) {
    const place = placeOf(lane);
    const first: Expression = { kind: "shuffle", lanes: [lane, lane, lane, lane], a: numbers, b: numbers };
    b.storeLane(place, lane === 0 ? numbers : first);
  }
}

/** A depthwise convolution: the weights of eight channels, times their pixels. */
export function convolveDepthwise(
  name: string,
  layer: Conv2d,
  { x, y, weight, bias, relu }: Operands<View>,
): LoopNest {
  const {
    kernel: [U, V],
    stride,
    dilation,
  } = layer;
  const [O, I, J] = layer.outputShape;
  const unrolled = U * V <= MOST_UNROLLED;
  return loopNest(name, (b) => {
    for (const js of evenTiles(J, PIXELS_TOGETHER)) {
      b.loop("o", cellsFor(O), (o) =>
        b.loop("i", I, (i) =>
          b.loop("j", js.count, (j) => {
            const sums = beginSums(b, js.size, HALVES.length, (half) =>
              bias ? at(bias, HALVES[half], [o, BLOCK]) : undefined,
            );
            const addCell = (u: Index, v: Index) => {
              const weights = HALVES.map((half) =>
                b.variable(load(at(weight, half, [o, U * V * BLOCK], [u, V * BLOCK], [v, BLOCK]))),
              );
              for (const [q, halves] of sums.entries()) {
                for (const [h, sum] of halves.entries()) {
                  const pixels = at(
                    x.buffer,
                    x.windowStart + (js.first + q) * stride[1] * BLOCK + HALVES[h],
                    [o, x.plane],
                    [i, stride[0] * x.row],
                    [u, dilation[0] * x.row],
                    [j, js.size * stride[1] * BLOCK],
                    [v, dilation[1] * BLOCK],
                  );
                  accumulate(sum, weights[h], load(pixels));
                }
              }
              b.fence();
            };
            b.loop("u", U, (u) => b.loop("v", V, (v) => addCell(u, v), { unrolled }), { unrolled });
            for (const [q, halves] of sums.entries()) {
              for (const [h, sum] of halves.entries()) {
                const place = y.start + (js.first + q) * BLOCK + HALVES[h];
                b.store(
                  at(y.buffer, place, [o, y.plane], [i, y.row], [j, js.size * BLOCK]),
                  relu ? pmax(sum, constant(0)) : sum,
                );
              }
            }
          }),
        ),
      );
    }
  });
}

/** So many tiles have their matrices in the second-level cache; and in a block's scratch memory, which has room for 24. */
const TILES_TOGETHER = 16;

/**
 * By Winograd's method, as kernels/winograd/convolve.ts does it for blocks: the same steps, but a matrix of tiles with
 * channels innermost, times the weights.
 * @param weights the transformed ones
 */
export function convolveWinograd(
  name: string,
  layer: Conv2d,
  { x, y, weight, bias, relu }: Operands<View>,
  scratch: Scratch,
): LoopNest {
  const [C] = layer.inputShape;
  const [O, , J] = layer.outputShape;
  const across = Math.min(TILES_TOGETHER, Math.max(1, Math.floor(J / TILE)));
  const weights = weightMatrices(weight, layer);
  const inputs = { ...inputMatrices(scratch, layer), row: C };
  const outputs = { ...outputMatrices(scratch, layer), row: weights.row };
  const byTiles =
    ({ buffer, position, row }: typeof inputs): TileCells =>
    ({ tiles }, p, plane, tile, half) =>
      at(buffer, p * position, [plane, BLOCK], ...termsOf(tile, tiles * row, row), [half, 4]);
  return loopNest(name, (b) =>
    forEachTileGroup(
      b,
      layer,
      (group) => {
        transformInputs(b, x, group, byTiles(inputs), scratch);
        multiplyMatrices(
          b,
          { rows: group.rows * group.tiles, depth: C, cells: cellsFor(O), adds: false },
          inputs,
          weights,
          outputs,
        );
        transformOutputs(b, y, group, byTiles(outputs), scratch, (value, o, half) => {
          const sum = bias ? add(value, load(at(bias, 0, [o, BLOCK], [half, 4]))) : value;
          return relu ? pmax(sum, constant(0)) : sum;
        });
      },
      [Math.max(1, Math.floor(TILES_TOGETHER / across)), across],
    ),
  );
}
