import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";
import {
  type Address,
  at,
  type Buffer,
  constant,
  from,
  type Index,
  load,
  max,
  type Nest,
  type NestBuilder,
  nest,
  splat,
  type Variable,
} from "../nest.js";

/*
 * The same sums as in layers/conv2d.ts, with a block of images as the innermost dimension. The input has its padding as a
 * border of zeros around it, so that no loop asks where the image ends. Names as there: o filter, c channel, (i, j)
 * output cell, (u, v) kernel cell.
 */

/** Sums in registers: outputs times halves of a cell. More than 8 leave too few of 16 registers for the factors. */
const OUTPUTS_PER_TILE = 4;

/**
 * How far each cell of a window lies from its first, in the order of the weights [c, u, v]. With it a window is one loop,
 * not three short ones, each of which would take longer to begin than to run.
 */
export function windowTable({ inputShape: [C], kernel: [U, V], dilation }: Conv2d, x: View): number[] {
  const table: number[] = [];
  for (let c = 0; c < C; c++) {
    for (let u = 0; u < U; u++) {
      for (let v = 0; v < V; v++) table.push(c * x.plane + u * dilation[0] * x.row + v * dilation[1] * BLOCK);
    }
  }
  return table;
}

/**
 * Adds to each sum the window's pixels times the filter's weights.
 * @param sums [column * filters + filter][half]
 * @param window its first cell, and how far the next column's lies from it
 */
export function addWindows(
  b: NestBuilder,
  sums: readonly (readonly Variable[])[],
  { x, first, table, columnStep }: { x: View; first: Address; table: Buffer; columnStep: number },
  filters: number,
  weightOf: (filter: number, k: Index) => Address,
): void {
  b.loop("k", table.size, (k) => {
    const pixels = b.point(first, at(table, 0, [k, 1]));
    const weights = Array.from({ length: filters }, (_, filter) => b.variable(splat(weightOf(filter, k))));
    for (let column = 0; column < sums.length / filters; column++) {
      for (const [h, half] of HALVES.entries()) {
        const pixel = b.variable(load(from(x.buffer, pixels, column * columnStep + half)));
        for (const [filter, w] of weights.entries()) accumulate(sums[column * filters + filter][h], w, pixel);
      }
    }
  });
}

/**
 * @param table windowTable's
 * @param relu whether the output is cut off at zero on the way
 */
export function convolve(
  name: string,
  layer: Conv2d,
  x: View,
  weight: Buffer,
  bias: Buffer | undefined,
  table: Buffer,
  y: View,
  relu: boolean,
): Nest {
  const [O, I, J] = layer.outputShape;
  const [strideY, strideX] = layer.stride;
  const filter = table.size;
  return nest(name, (b) => {
    for (const os of tilesOf(O, OUTPUTS_PER_TILE)) {
      // few filters: several output columns of each instead
      for (const js of tilesOf(J, Math.floor(OUTPUTS_PER_TILE / os.size))) {
        b.loop("i", I, (i) =>
          b.loop("o", os.count, (o) =>
            b.loop("j", js.count, (j) => {
              const sums = grid(b, os.size * js.size, 2, (tile) =>
                bias ? splat(at(bias, os.first + (tile % os.size), [o, os.size])) : constant(0),
              );
              const first = at(
                x.buffer,
                x.windowStart + js.first * strideX * BLOCK,
                [i, strideY * x.row],
                [j, js.size * strideX * BLOCK],
              );
              addWindows(b, sums, { x, first, table, columnStep: strideX * BLOCK }, os.size, (row, k) =>
                at(weight, (os.first + row) * filter, [o, os.size * filter], [k, 1]),
              );
              for (const [tile, halves] of sums.entries()) {
                const row = tile % os.size;
                const column = Math.floor(tile / os.size);
                for (const [h, sum] of halves.entries()) {
                  b.store(
                    at(
                      y.buffer,
                      y.start + (os.first + row) * y.plane + (js.first + column) * BLOCK + HALVES[h],
                      [o, os.size * y.plane],
                      [i, y.row],
                      [j, js.size * BLOCK],
                    ),
                    relu ? max(sum, constant(0)) : sum,
                  );
                }
              }
            }),
          ),
        );
      }
    }
  });
}
