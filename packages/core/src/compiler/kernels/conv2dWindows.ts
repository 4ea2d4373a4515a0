import {
  type Address,
  at,
  type Buffer,
  type Expression,
  from,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  splat,
  type Variable,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, HALVES, tilesOf, type View } from "../block.js";

/*
 * What the ways forward of a convolution share: how a window's pixels are found, how weights lie, and the loop that adds
 * their products.
 */

/** Filters whose sums are in registers at the same time. With two columns and two halves of a cell that makes 8 sums. */
export const FILTERS_TOGETHER = 2;

/** Wider kernels than this are not unrolled column by column. */
export const WIDEST_UNROLLED = 7;

/** Kernels with more weights than this are not unrolled row by row. */
const MOST_UNROLLED = 9;

/** How many rows and columns of a kernel are unrolled in one round of the loop. */
function unrolledSize({ inputShape: [C], kernel: [U, V] }: Conv2d): readonly [rows: number, columns: number] {
  if (V > WIDEST_UNROLLED) return [1, 1];
  return [C > 1 && U * V <= MOST_UNROLLED ? U : 1, V];
}

/**
 * How far the rows of a window's cells, `[c, u]`, lie from the window's first cell; of kernels that are not unrolled, the
 * cells, `[c, u, v]`. With it a window is one loop, not two or three short ones, each of which would take longer to begin
 * than to run.
 */
export function windowTable(layer: Conv2d, x: View): number[] {
  const [C] = layer.inputShape;
  const [U, V] = layer.kernel;
  const [rows, columns] = unrolledSize(layer);
  const table: number[] = [];
  for (let c = 0; c < C; c++) {
    for (let u = 0; u < U; u += rows) {
      for (let v = 0; v < V; v += columns) {
        table.push(c * x.plane + u * layer.dilation[0] * x.row + v * layer.dilation[1] * BLOCK);
      }
    }
  }
  return table;
}

/** With more weights than this, four times each would not stay in the second-level cache. */
const MOST_SPREAD = 2 ** 14;

/** How many float32 numbers the weights take with each four times; 0 where that would be too many. */
export function splattedSize({ inputShape: [C], outputShape: [O], kernel: [U, V], groups }: Conv2d): number {
  const weights = O * (C / groups) * U * V;
  return weights <= MOST_SPREAD ? 4 * weights : 0;
}

/**
 * Writes each weight four times, in the order in which the kernel reads them: V8 puts the offset of a whole vector into
 * the instruction that loads it, but adds up the address of a single number first.
 */
export function splatWeights(name: string, layer: Conv2d, weight: Buffer, splatted: Buffer): LoopNest {
  const [O] = layer.outputShape;
  const filter = weight.size / O;
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, FILTERS_TOGETHER)) {
      b.loop("o", os.count, (o) =>
        b.loop("k", filter, (k) => {
          for (let row = 0; row < os.size; row++) {
            b.store(
              at(splatted, 4 * (os.first * filter + row), [o, 4 * os.size * filter], [k, 4 * os.size]),
              splat(at(weight, (os.first + row) * filter, [o, os.size * filter], [k, 1])),
            );
          }
        }),
      );
    }
  });
}

/** Some filters that go through a loop together: `tilesOf` the filters. */
export interface FilterTile {
  readonly first: number;
  readonly size: number;
}

/** What the windows' loop needs to know of a layer. */
export interface Windows {
  readonly layer: Conv2d;
  readonly x: View;
  /** `windowTable`'s numbers. */
  readonly table: Buffer;
  readonly weight: Buffer;
  /** The same weights as `splatWeights` writes them. */
  readonly splatted: Buffer | undefined;
}

/**
 * Adds to each sum a window's pixels times a filter's weights.
 * @param sums [column][filter][half]
 * @param first the first cell of the first column's window
 * @param o counts the tiles of filters
 */
export function addWindows(
  b: LoopNestBuilder,
  windows: Windows,
  sums: readonly (readonly (readonly Variable[])[])[],
  first: Address,
  tile: FilterTile,
  o: Index,
): void {
  const { layer, x, table } = windows;
  const [rows, columns] = unrolledSize(layer);
  b.loop("k", table.size, (k) => {
    const window = b.point(first, at(table, 0, [k, 1]));
    for (let u = 0; u < rows; u++) {
      if (u > 0) b.fence();
      addColumns(b, sums, {
        columns,
        stride: layer.stride[1],
        dilation: layer.dilation[1],
        pixelAt: (q, half) => from(x.buffer, window, u * layer.dilation[0] * x.row + q * BLOCK + half),
        weightAt: (row, v) => weightAt(windows, tile, row, o, k, u * columns + v, rows * columns),
      });
    }
  });
}

/** A row of a kernel that lies on a row of pixels. */
export interface KernelRow {
  /** How many of the kernel's columns there are. */
  readonly columns: number;
  readonly stride: number;
  readonly dilation: number;
  /** Where pixel q lies, counted from the first sum's first one. */
  readonly pixelAt: (q: number, half: number) => Address;
  /** The weight of filter `row` in column v, four times. */
  readonly weightAt: (row: number, v: number) => Expression;
}

/**
 * Adds the products of a row, unrolled, to the sums of outputs that lie side by side.
 * @param sums [column][filter][half]
 */
export function addColumns(
  b: LoopNestBuilder,
  sums: readonly (readonly (readonly Variable[])[])[],
  { columns, stride, dilation, pixelAt, weightAt }: KernelRow,
): void {
  // more pixels than those of two outputs would leave too few registers
  const groups = tilesOf(sums.length, 2).flatMap(({ first, count, size }) =>
    Array.from({ length: count }, (_, k) => sums.slice(first + k * size, first + (k + 1) * size)),
  );
  let pixels = new Map<number, readonly Variable[]>();
  for (let v = 0; v < columns; v++) {
    for (const [g, group] of groups.entries()) {
      if (v > 0 || g > 0) b.fence();
      const before = groups.length === 1 ? pixels : undefined;
      pixels = new Map();
      const cells = group.map((_, column) => {
        const q = (2 * g + column) * stride + v * dilation;
        const cell = before?.get(q) ?? HALVES.map((half) => b.variable(load(pixelAt(q, half))));
        pixels.set(q, cell);
        return cell;
      });
      for (let row = 0; row < group[0].length; row++) {
        const w = b.variable(weightAt(row, v));
        for (const [column, filters] of group.entries()) {
          for (const half of [0, 1]) accumulate(filters[row][half], w, cells[column][half]);
        }
      }
    }
  }
}

/** The weight of the tile's filter `row` at round k, column v, four times. */
function weightAt(
  { weight, splatted, layer }: Windows,
  { first, size }: FilterTile,
  row: number,
  o: Index,
  k: Index,
  v: number,
  written: number,
): Expression {
  const filter = weight.size / layer.outputShape[0];
  if (splatted === undefined) {
    return splat(at(weight, (first + row) * filter + v, [o, size * filter], [k, written]));
  }
  return load(
    at(splatted, 4 * (first * filter + v * size + row), [o, 4 * size * filter], [k, 4 * size * written]),
  );
}
