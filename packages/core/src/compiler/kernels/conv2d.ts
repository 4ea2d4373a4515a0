import {
  type Address,
  at,
  type Buffer,
  constant,
  type Expression,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  loopNest,
  pmax,
  splat,
  type Variable,
} from "../../ir/ir.js";
import { BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";
import { addWindows, FILTERS_TOGETHER, type FilterTile, type Windows } from "./conv2dWindows.js";

/*
 * The same sums as in layers/conv2d.ts, with a block of images as the innermost dimension. The input has its padding as a
 * border of zeros around it, so that no loop asks where the image ends. Names as there: o filter, c channel, (i, j)
 * output cell, (u, v) kernel cell.
 */

/** Outputs whose sums are in registers: filters times columns. More than 8 sums leave too few of 15 for the factors. */
const OUTPUTS_PER_TILE = 4;

/** @param relu whether a ReLU is fused: the output is cut off at zero */
export function convolve(
  name: string,
  windows: Windows,
  bias: Buffer | undefined,
  y: View,
  relu: boolean,
): LoopNest {
  const { layer, x } = windows;
  const [O, I, J] = layer.outputShape;
  const [strideY, strideX] = layer.stride;
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, FILTERS_TOGETHER)) {
      // few filters: several output columns of each instead
      for (const js of tilesOf(J, OUTPUTS_PER_TILE / os.size)) {
        b.loop("i", I, (i) =>
          b.loop("o", os.count, (o) =>
            b.loop("j", js.count, (j) => {
              const sums = Array.from({ length: js.size }, () => biases(b, bias, os, o));
              const first = at(
                x.buffer,
                x.windowStart + js.first * strideX * BLOCK,
                [i, strideY * x.row],
                [j, js.size * strideX * BLOCK],
              );
              addWindows(b, windows, sums, first, os, o);
              storeSums(b, sums, (column, row, half, sum) => [
                at(
                  y.buffer,
                  y.start + (os.first + row) * y.plane + (js.first + column) * BLOCK + half,
                  [o, os.size * y.plane],
                  [i, y.row],
                  [j, js.size * BLOCK],
                ),
                relu ? pmax(sum, constant(0)) : sum,
              ]);
            }),
          ),
        );
      }
    }
  });
}

/**
 * Stores the sums of cells that lie side by side.
 * @param sums [column][row][half]
 * @param store where each goes, and what becomes of it
 */
export function storeSums(
  b: LoopNestBuilder,
  sums: readonly (readonly (readonly Variable[])[])[],
  store: (column: number, row: number, half: number, sum: Variable) => readonly [Address, Expression],
): void {
  for (const [column, rows] of sums.entries()) {
    for (const [row, halves] of rows.entries()) {
      for (const [h, sum] of halves.entries()) b.store(...store(column, row, HALVES[h], sum));
    }
  }
}

/** [filter][half], to begin sums with. */
export function biases(
  b: LoopNestBuilder,
  bias: Buffer | undefined,
  { first, size }: FilterTile,
  o: Index,
): Variable[][] {
  return grid(b, size, 2, (row) => (bias ? splat(at(bias, first + row, [o, size])) : constant(0)));
}
