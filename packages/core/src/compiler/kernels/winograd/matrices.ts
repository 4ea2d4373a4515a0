import { at, type Buffer, constant, type LoopNestBuilder, load, splat } from "../../../ir/ir.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf } from "../../block.js";
import { POSITIONS } from "./scratch.js";

/** A matrix for each position: how far the next position, row and column lie, in float32 numbers. */
export interface Matrices {
  readonly buffer: Buffer;
  readonly position: number;
  readonly row: number;
  readonly column: number;
}

/**
 * For each position: out = a b, or out += a b. The columns of `b` and `out` are `cells` of eight numbers that lie side by
 * side, those of `a` single numbers: each is multiplied with a row of `b`.
 */
export function multiplyMatrices(
  b: LoopNestBuilder,
  { rows, depth, cells, adds }: { rows: number; depth: number; cells: number; adds: boolean },
  left: Matrices,
  right: Matrices,
  out: Matrices,
): void {
  b.loop("position", POSITIONS, (position) => {
    for (const rs of tilesOf(rows, 4)) {
      b.loop("row", rs.count, (row) =>
        b.loop("cell", cells, (cell) => {
          const place = (r: number, half: number) =>
            at(
              out.buffer,
              (rs.first + r) * out.row + half,
              [position, out.position],
              [row, rs.size * out.row],
              [cell, BLOCK],
            );
          const sums = grid(b, rs.size, 2, (r, h) => (adds ? load(place(r, HALVES[h])) : constant(0)));
          b.loop("k", depth, (k) => {
            const factors = HALVES.map((half) =>
              b.variable(
                load(at(right.buffer, half, [position, right.position], [cell, BLOCK], [k, right.row])),
              ),
            );
            for (let r = 0; r < rs.size; r++) {
              const factor = b.variable(
                splat(
                  at(
                    left.buffer,
                    (rs.first + r) * left.row,
                    [position, left.position],
                    [row, rs.size * left.row],
                    [k, left.column],
                  ),
                ),
              );
              for (const half of [0, 1]) accumulate(sums[r][half], factor, factors[half]);
            }
          });
          for (const [r, halves] of sums.entries()) {
            for (const [h, sum] of halves.entries()) b.store(place(r, HALVES[h]), sum);
          }
        }),
      );
    }
  });
}
