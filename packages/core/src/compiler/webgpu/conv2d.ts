import {
  type Address,
  at,
  type Buffer,
  constant,
  type Expression,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  pmax,
  splat,
  type Variable,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, tilesOf, type View } from "../block.js";
import { forEachHalf, nested, tileFor, WIDEST_UNROLLED } from "./tiles.js";

/*
 * Convolutions in a shader. An invocation computes a register tile for 4 images: some filters times some columns of a row. What
 * neighbours load of the images lies side by side, and a weight is the same for all of them. Names as in layers/conv2d.ts.
 */

export function convolve(
  name: string,
  layer: Conv2d,
  x: View,
  y: View,
  weight: Buffer,
  bias: Buffer | undefined,
  relu: boolean,
  vectors: number,
): LoopNest {
  const { groups } = layer;
  const C = layer.inputShape[0] / groups;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  const filters = O / groups;
  const filter = C * U * V;
  const tile = tileFor(layer, filters, J, I * groups, vectors);
  return loopNest(name, (b) => {
    for (const os of tilesOf(filters, tile.filters)) {
      for (const js of tilesOf(J, tile.columns)) {
        nested(
          b,
          [
            ["g", groups],
            ["i", I],
            ["j", js.count],
            ["o", os.count],
          ],
          ([g, i, j, o]) =>
            forEachHalf(b, (half) => {
              const sums = grid(b, os.size, js.size, (row) =>
                bias ? splat(at(bias, os.first + row, [g, filters], [o, os.size])) : constant(0),
              );
              b.loop("c", C, (c) =>
                b.loop(
                  "u",
                  U,
                  (u) => {
                    const pixelAt = (q: number, ...terms: Term[]) =>
                      at(
                        x.buffer,
                        x.windowStart + (js.first * strideX + q) * BLOCK,
                        ...([
                          [g, C * x.plane],
                          [c, x.plane],
                          [i, strideY * x.row],
                          [u, dilationY * x.row],
                        ] as const),
                        ...([
                          [j, js.size * strideX * BLOCK],
                          [half, 4],
                        ] as const),
                        ...terms,
                      );
                    const weightAt = (row: number, v: number, ...terms: Term[]) =>
                      splat(
                        at(
                          weight,
                          (os.first + row) * filter + v,
                          ...([
                            [g, filters * filter],
                            [o, os.size * filter],
                            [c, U * V],
                            [u, V],
                          ] as const),
                          ...terms,
                        ),
                      );
                    addRow(b, sums, V, {
                      columnOf: (column, v) => column * strideX + v * dilationX,
                      pixelAt,
                      weightAt,
                      step: dilationX * BLOCK,
                    });
                  },
                  { unrolled: U * V <= 9 },
                ),
              );
              for (const [row, columns] of sums.entries()) {
                for (const [column, sum] of columns.entries()) {
                  b.store(
                    at(
                      y.buffer,
                      y.start + (os.first + row) * y.plane + (js.first + column) * BLOCK,
                      ...([
                        [g, filters * y.plane],
                        [o, os.size * y.plane],
                        [i, y.row],
                      ] as const),
                      ...([
                        [j, js.size * BLOCK],
                        [half, 4],
                      ] as const),
                    ),
                    relu ? pmax(sum, constant(0)) : sum,
                  );
                }
              }
            }),
        );
      }
    }
  });
}

type Term = readonly [Index, number];

interface Row {
  /** Which pixel, counted from the tile's first, a column's output meets in column v of the kernel. */
  columnOf(column: number, v: number): number;
  pixelAt(q: number, ...terms: Term[]): Address;
  weightAt(row: number, v: number, ...terms: Term[]): Expression;
  /** How far the pixels of neighbouring columns of the kernel lie from each other. */
  readonly step: number;
}

/** Adds a row of the kernel to a tile of sums: `[filter][column]`. Pixels that several columns meet are loaded once. */
function addRow(
  b: LoopNestBuilder,
  sums: readonly (readonly Variable[])[],
  V: number,
  { columnOf, pixelAt, weightAt, step }: Row,
): void {
  if (V > WIDEST_UNROLLED) {
    b.loop("v", V, (v) => {
      const pixels = sums[0].map((_, column) => b.variable(load(pixelAt(columnOf(column, 0), [v, step]))));
      for (const [row, columns] of sums.entries()) {
        const w = b.variable(weightAt(row, 0, [v, 1]));
        for (const [column, sum] of columns.entries()) accumulate(sum, w, pixels[column]);
      }
    });
    return;
  }
  const pixels = new Map<number, Variable>();
  for (let v = 0; v < V; v++) {
    const met = sums[0].map((_, column) => {
      const q = columnOf(column, v);
      const pixel = pixels.get(q) ?? b.variable(load(pixelAt(q)));
      pixels.set(q, pixel);
      return pixel;
    });
    for (const [row, columns] of sums.entries()) {
      const w = b.variable(weightAt(row, v));
      for (const [column, sum] of columns.entries()) accumulate(sum, w, met[column]);
    }
  }
}
