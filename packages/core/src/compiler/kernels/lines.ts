import { type Address, at, type Index, type LoopNestBuilder } from "../../ir/ir.js";
import { BLOCK, HALVES, tilesOf, type View } from "../block.js";

/* Loops over the rows of a view, and over the cells of a row. */

/** Where a view has the numbers that a loop has come to. */
export type CellOf = (view: View) => Address;

/** Calls `write` in loops over the rows of all channels, in the order in which they lie in memory. */
export function forEachLine(
  b: LoopNestBuilder,
  { shape: [C, H], plane, row }: View,
  write: (c: Index, p: Index) => void,
): void {
  if (plane < row) b.loop("p", H, (p) => b.loop("c", C, (c) => write(c, p)));
  else b.loop("c", C, (c) => b.loop("p", H, (p) => write(c, p)));
}

/** Calls `write` in a loop over the cells of a row, for each half of a cell, 0 and 1. */
export function forEachCellOfLine(
  b: LoopNestBuilder,
  { shape: [, , W] }: View,
  c: Index,
  p: Index,
  write: (cellOf: CellOf, half: number) => void,
): void {
  b.loop("q", W, (q) => {
    for (const [h, half] of HALVES.entries()) {
      write((view) => at(view.buffer, view.start + half, [c, view.plane], [p, view.row], [q, BLOCK]), h);
    }
  });
}

/** Calls `write` in loops over the cells of a row, `width` at a time, for each of these and each half of a cell. */
export function forEachTileOfLine(
  b: LoopNestBuilder,
  { shape: [, , W] }: View,
  width: number,
  c: Index,
  p: Index,
  write: (cellOf: CellOf, h: number, k: number) => void,
): void {
  for (const { first, count, size } of tilesOf(W, width)) {
    b.loop("q", count, (q) => {
      for (let k = 0; k < size; k++) {
        for (const [h, half] of HALVES.entries()) {
          const cellOf: CellOf = (view) =>
            at(
              view.buffer,
              view.start + (first + k) * BLOCK + half,
              [c, view.plane],
              [p, view.row],
              [q, size * BLOCK],
            );
          write(cellOf, h, k);
        }
      }
    });
  }
}
