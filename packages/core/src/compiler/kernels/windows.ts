import { type Address, at, type Index, type LoopNestBuilder, PARALLEL } from "../../ir/ir.js";
import type { Pool2d } from "../../layers/pool2d.js";
import { BLOCK, HALVES, type View } from "../block.js";

/* Loops over windows, and over the cells under one. */

/** Windows of more cells than this are not unrolled cell by cell. */
const LARGEST_UNROLLED = 25;

/** Whether no cell lies under two windows; then a gradient can be stored and need not be added. */
export function windowsAreApart({ kernel, stride }: Pool2d): boolean {
  return stride[0] >= kernel[0] && stride[1] >= kernel[1];
}

/**
 * Calls `write` in loops over the outputs [c, i, j] of windows that move over each channel, for each half of a cell.
 * @param parallel whether `write` stores nothing that it stores for another window, too
 */
export function forEachWindow(
  b: LoopNestBuilder,
  layer: Pool2d,
  write: (output: readonly [Index, Index, Index], half: number) => void,
  parallel: boolean,
): void {
  const [C, I, J] = layer.outputShape;
  const halves = (c: Index, i: Index, j: Index) => {
    for (const half of HALVES) write([c, i, j], half);
  };
  b.loop(
    "c",
    C,
    (c) => b.loop("i", I, (i) => b.loop("j", J, (j) => halves(c, i, j), { parallel }), { parallel }),
    PARALLEL,
  );
}

/** The cells under the window of output [c, i, j], in reading order. */
export function forEachCellIn(
  b: LoopNestBuilder,
  layer: Pool2d,
  [c, i, j]: readonly [Index, Index, Index],
  half: number,
  write: (cellOf: (view: View) => Address) => void,
): void {
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const unrolled = U * V <= LARGEST_UNROLLED;
  b.loop(
    "u",
    U,
    (u) =>
      b.loop(
        "v",
        V,
        (v) =>
          write((view) =>
            at(
              view.buffer,
              view.windowStart + half,
              [c, view.plane],
              [i, strideY * view.row],
              [u, view.row],
              [j, strideX * BLOCK],
              [v, BLOCK],
            ),
          ),
        { unrolled },
      ),
    { unrolled },
  );
}
