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
  unary,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, grid, tilesOf } from "../block.js";
import { firstLanes, LANES, type Rows, rowAt, vectors, vectorsOf } from "./rows.js";

/* A convolution of one image: four cells of a row at a time. Stride 1 only. Names as in layers/conv2d.ts. */

/** Filters, and vectors of a row, whose sums are in registers at the same time. */
const MAPS_TOGETHER = 2;
const VECTORS_TOGETHER = 4;

/** How far the rows under a window lie from its first cell, `[c, u]`. */
export function forwardTable({ inputShape: [C], kernel: [U], dilation }: Conv2d, x: Rows): number[] {
  return rowsOf(C, U, (c, u) => c * x.plane + u * dilation[0] * x.row);
}

/**
 * How far the gradients that meet the last column of a kernel lie from the first one of all, where they are for input cell
 * (0, 0): `[o, u]`.
 */
export function backwardTable(
  { outputShape: [O], kernel: [U, V], dilation, padding: [top, , , left] }: Conv2d,
  dy: Rows,
): number[] {
  const column = left - (V - 1) * dilation[1];
  return rowsOf(O, U, (o, u) => dy.start + o * dy.plane + (top - u * dilation[0]) * dy.row + column);
}

function rowsOf(maps: number, U: number, offset: (map: number, u: number) => number): number[] {
  return Array.from({ length: maps * U }, (_, k) => offset(Math.floor(k / U), k % U));
}

export function convolve(
  name: string,
  layer: Conv2d,
  x: Rows,
  weight: Buffer,
  bias: Buffer | undefined,
  table: Buffer,
  y: Rows,
  relu: boolean,
): LoopNest {
  const filter = weight.size / layer.outputShape[0];
  const V = layer.kernel[1];
  return loopNest(name, (b) =>
    slide(b, {
      out: y,
      source: x,
      table,
      taps: Array.from({ length: V }, (_, v) => v * layer.dilation[1]),
      weightAt: (map, tile, m, k, v) => at(weight, map * filter + v, [m, tile * filter], [k, V]),
      begin: (map, tile, m) => (bias ? splat(at(bias, map, [m, tile])) : constant(0)),
      finish: (sum) => (relu ? pmax(sum, constant(0)) : sum),
    }),
  );
}

/** For each input cell the gradients of the outputs that it went into; `dy` has zeros around it. */
export function convolveInputGradient(
  name: string,
  layer: Conv2d,
  dy: Rows,
  weight: Buffer,
  table: Buffer,
  dx: Rows,
): LoopNest {
  const [U, V] = layer.kernel;
  const kernel = U * V;
  return loopNest(name, (b) =>
    slide(b, {
      out: dx,
      source: dy,
      table,
      taps: Array.from({ length: V }, (_, v) => (V - 1 - v) * layer.dilation[1]),
      // the table runs over o and u; the weights of channel c lie kernel by kernel, so each o has its own loop
      weightAt: (map, tile, m, k, v) => at(weight, map * kernel + v, [m, tile * kernel], [k, V]),
      maps: { count: layer.outputShape[0], rows: U, weights: weight.size / layer.outputShape[0] },
      begin: () => constant(0),
      finish: (sum) => sum,
    }),
  );
}

interface Slide {
  readonly out: Rows;
  readonly source: Rows;
  readonly table: Buffer;
  /** How far behind what the table says the pixels lie that meet the weights of one row of a kernel. */
  readonly taps: readonly number[];
  weightAt(map: number, tile: number, m: Index, k: Index, v: number): Address;
  /** If the weights of each map of the source lie apart: so many maps, rows of each in the table, and weights between. */
  readonly maps?: { readonly count: number; readonly rows: number; readonly weights: number };
  begin(map: number, tile: number, m: Index): Expression;
  finish(sum: Expression): Expression;
}

/** Sums weights times pixels for every cell of `out`. */
function slide(b: LoopNestBuilder, { out, source, table, taps, weightAt, maps, begin, finish }: Slide): void {
  const [M, P, Q] = out.shape;
  for (const ms of tilesOf(M, MAPS_TOGETHER)) {
    for (const qs of vectorsOf(Q, VECTORS_TOGETHER)) {
      b.loop("m", ms.count, (m) =>
        b.loop("p", P, (p) =>
          b.loop("q", qs.count, (q) => {
            const sums = grid(b, ms.size, qs.size, (row) => begin(ms.first + row, ms.size, m));
            const first = at(source.buffer, LANES * qs.first, [p, source.row], [q, LANES * qs.size]);
            const addRow = (k: Index, tableAt: Address, ...terms: readonly (readonly [Index, number])[]) => {
              const pixels = b.point(first, tableAt);
              for (const [v, tap] of taps.entries()) {
                if (v > 0) b.fence();
                const row = Array.from({ length: qs.size }, (_, vector) =>
                  b.variable(load(from(source.buffer, pixels, tap + LANES * vector))),
                );
                for (let map = 0; map < ms.size; map++) {
                  const place = weightAt(ms.first + map, ms.size, m, k, v);
                  const w = b.variable(splat({ ...place, terms: [...place.terms, ...terms] }));
                  for (const [vector, pixel] of row.entries()) accumulate(sums[map][vector], w, pixel);
                }
              }
            };
            if (maps === undefined) b.loop("k", table.size, (k) => addRow(k, at(table, 0, [k, 1])));
            else {
              b.loop("o", maps.count, (o) =>
                b.loop("u", maps.rows, (u) =>
                  addRow(u, at(table, 0, [o, maps.rows], [u, 1]), [o, maps.weights]),
                ),
              );
            }
            for (const [map, row] of sums.entries()) {
              for (const [vector, sum] of row.entries()) {
                const place = rowAt(
                  out,
                  [ms.first + map, 0, LANES * (qs.first + vector)],
                  [m, ms.size * out.plane],
                  [p, out.row],
                  [q, LANES * qs.size],
                );
                b.store(place, firstLanes(finish(sum), qs.lanes));
              }
            }
          }),
        ),
      );
    }
  }
}

/** Adds to the gradients of weight and bias in the slot. */
export function convolveParameterGradients(
  name: string,
  layer: Conv2d,
  x: Rows,
  dy: Rows,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
): LoopNest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const filter = C * U * V;
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, MAPS_TOGETHER)) {
      for (const vs of tilesOf(V, 4)) {
        b.loop("o", os.count, (o) =>
          b.loop("c", C, (c) =>
            b.loop("u", U, (u) =>
              b.loop("v", vs.count, (v) => {
                const sums = grid(b, os.size, vs.size, () => constant(0));
                b.loop("i", I, (i) =>
                  b.loop("j", vectors(J), (j) => {
                    const gradients = Array.from({ length: os.size }, (_, row) =>
                      b.variable(
                        load(
                          rowAt(dy, [os.first + row, 0, 0], [o, os.size * dy.plane], [i, dy.row], [j, LANES]),
                        ),
                      ),
                    );
                    for (let column = 0; column < vs.size; column++) {
                      const pixels = b.variable(
                        load(
                          at(
                            x.buffer,
                            (vs.first + column) * layer.dilation[1],
                            [c, x.plane],
                            [u, layer.dilation[0] * x.row],
                            [v, vs.size * layer.dilation[1]],
                            [i, x.row],
                            [j, LANES],
                          ),
                        ),
                      );
                      for (const [row, g] of gradients.entries()) accumulate(sums[row][column], g, pixels);
                    }
                  }),
                );
                for (const [row, columns] of sums.entries()) {
                  for (const [column, sum] of columns.entries()) {
                    const place = at(
                      weightGradient,
                      (os.first + row) * filter + vs.first + column,
                      [o, os.size * filter],
                      [c, U * V],
                      [u, V],
                      [v, vs.size],
                    );
                    b.storeLane(place, add(splat(place), unary("sumLanes", sum)));
                  }
                }
              }),
            ),
          ),
        );
      }
    }
    if (biasGradient === undefined) return;
    b.loop("o", O, (o) => {
      const sum = b.variable(constant(0));
      b.loop("i", I, (i) =>
        b.loop("j", vectors(J), (j) =>
          sum.set(add(sum, load(rowAt(dy, [0, 0, 0], [o, dy.plane], [i, dy.row], [j, LANES])))),
        ),
      );
      const place = at(biasGradient, 0, [o, 1]);
      b.storeLane(place, add(splat(place), unary("sumLanes", sum)));
    });
  });
}
