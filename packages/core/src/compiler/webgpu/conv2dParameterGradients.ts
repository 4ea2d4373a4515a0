import { add, at, type Buffer, constant, type LoopNest, load, loopNest, type Variable } from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, grid, tilesOf, type View } from "../block.js";
import { nested, WIDEST_UNROLLED } from "./tiles.js";
import { TUNING } from "./tuning.js";

/*
 * The gradients of a convolution's weights: sums over all positions and images. Each invocation has a register tile of weights
 * and sums up some rows for some of the images; what these leave is added up by sums.ts.
 */

/** How the sums of a layer's weight gradients are split: over lanes, each for some of the images, and over parts of the rows. */
export interface Split {
  readonly lanes: number;
  readonly parts: number;
}

/** The tile of a kernel whose weights' gradients are summed together. */
function kernelTile({ kernel: [U, V] }: Conv2d): { rows: number; columns: number } {
  if (U * V <= TUNING.gradientCells) return { rows: U, columns: V };
  return V <= WIDEST_UNROLLED ? { rows: 1, columns: V } : { rows: 1, columns: 1 };
}

/** @param vectors how many vectors each cell of the batch has */
export function splitFor(layer: Conv2d, vectors: number): Split {
  const C = layer.inputShape[0] / layer.groups;
  const { rows, columns } = kernelTile(layer);
  const filters = Math.ceil(layer.outputShape[0] / layer.groups / TUNING.gradientFilters) * layer.groups;
  const tiles = filters * C * (layer.kernel[0] / rows) * Math.ceil(layer.kernel[1] / columns);
  const wanted = Math.max(1, TUNING.gradientBusy / tiles);
  const lanes = largestDivisor(vectors, Math.max(TUNING.lanes, wanted));
  const [, rowsOfOutput] = layer.outputShape;
  const parts = Math.min(rowsOfOutput, Math.max(1, Math.round(wanted / lanes)));
  return { lanes, parts: Math.ceil(rowsOfOutput / Math.ceil(rowsOfOutput / parts)) };
}

function largestDivisor(total: number, most: number): number {
  for (let k = Math.min(total, Math.floor(most)); k > 1; k--) if (total % k === 0) return k;
  return 1;
}

/** How many numbers `sumParameterGradients` writes. */
export const partialSize = ({ lanes, parts }: Split, weights: number) => 4 * lanes * parts * weights;

/**
 * Sums of the products that the gradients of weights and bias are made of: vectors `[weight or filter][part][lane]`.
 * @param x, dy of the whole batch, with this many vectors in each cell
 */
export function sumParameterGradients(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  partial: Buffer,
  { lanes, parts }: Split,
  vectors: number,
  hasBias: boolean,
): LoopNest {
  const { groups } = layer;
  const C = layer.inputShape[0] / groups;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  const filters = O / groups;
  const cell = 4 * vectors;
  const each = 4 * lanes * parts;
  const kernel = kernelTile(layer);
  const together =
    [4, 3, 2].find((size) => size <= TUNING.gradientColumns && J % size === 0) ??
    Math.min(2, TUNING.gradientColumns);
  /** Parts of the rows: the last may be shorter. */
  const stretches = tilesOf(I, Math.ceil(I / parts));
  return loopNest(name, (b) => {
    let firstPart = 0;
    for (const is of stretches) {
      const part = firstPart;
      for (const os of tilesOf(filters, TUNING.gradientFilters)) {
        for (const vs of tilesOf(V, kernel.columns)) {
          const loops = [
            ["part", is.count],
            ["g", groups],
            ["o", os.count],
            ["u", U / kernel.rows],
            ["v", vs.count],
          ] as const;
          nested(b, [...loops, ["c", C], ["lane", lanes]], ([p, g, o, u, v, c, lane]) => {
            const cells = kernel.rows * vs.size;
            const sums = grid(b, os.size, cells, () => constant(0));
            b.loop("n", vectors / lanes, (n) =>
              b.loop("i", is.size, (i) => {
                for (const js of tilesOf(J, together)) {
                  b.loop("j", js.count, (j) => {
                    const pixels = new Map<number, Variable>();
                    const pixelAt = (row: number, q: number) => {
                      const key = row * 4096 + q;
                      const known = pixels.get(key);
                      if (known) return known;
                      const pixel = b.variable(
                        load(
                          at(
                            x.buffer,
                            x.windowStart +
                              (is.first * strideY + row * dilationY) * x.row +
                              (vs.first * dilationX + js.first * strideX + q) * cell,
                            ...([
                              [p, is.size * strideY * x.row],
                              [g, C * x.plane],
                              [c, x.plane],
                            ] as const),
                            ...([
                              [u, kernel.rows * dilationY * x.row],
                              [v, vs.size * dilationX * cell],
                            ] as const),
                            ...([
                              [i, strideY * x.row],
                              [j, js.size * strideX * cell],
                            ] as const),
                            ...([
                              [n, 4 * lanes],
                              [lane, 4],
                            ] as const),
                          ),
                        ),
                      );
                      pixels.set(key, pixel);
                      return pixel;
                    };
                    for (let k = 0; k < js.size; k++) {
                      const gradients = Array.from({ length: os.size }, (_, row) =>
                        b.variable(
                          load(
                            at(
                              dy.buffer,
                              dy.start +
                                is.first * dy.row +
                                (os.first + row) * dy.plane +
                                (js.first + k) * cell,
                              ...([
                                [p, is.size * dy.row],
                                [g, filters * dy.plane],
                                [o, os.size * dy.plane],
                              ] as const),
                              ...([
                                [i, dy.row],
                                [j, js.size * cell],
                                [n, 4 * lanes],
                                [lane, 4],
                              ] as const),
                            ),
                          ),
                        ),
                      );
                      for (let place = 0; place < cells; place++) {
                        const row = Math.floor(place / vs.size);
                        const pixel = pixelAt(row, k * strideX + (place % vs.size) * dilationX);
                        for (let f = 0; f < os.size; f++) accumulate(sums[f][place], gradients[f], pixel);
                      }
                    }
                  });
                }
              }),
            );
            for (const [f, ofFilter] of sums.entries()) {
              for (const [place, sum] of ofFilter.entries()) {
                const row = Math.floor(place / vs.size);
                const weight = (os.first + f) * C * U * V + row * V + vs.first + (place % vs.size);
                b.store(
                  at(
                    partial,
                    weight * each + part * 4 * lanes,
                    ...([
                      [p, 4 * lanes],
                      [g, filters * C * U * V * each],
                      [o, os.size * C * U * V * each],
                    ] as const),
                    ...([
                      [u, kernel.rows * V * each],
                      [v, vs.size * each],
                      [c, U * V * each],
                      [lane, 4],
                    ] as const),
                  ),
                  sum,
                );
              }
            }
          });
        }
      }
      if (hasBias) {
        nested(
          b,
          [
            ["part", is.count],
            ["o", O],
            ["lane", lanes],
          ],
          ([p, o, lane]) => {
            const sum = b.variable(constant(0));
            b.loop("n", vectors / lanes, (n) =>
              b.loop("i", is.size, (i) =>
                b.loop("j", J, (j) =>
                  sum.set(
                    add(
                      sum,
                      load(
                        at(
                          dy.buffer,
                          dy.start + is.first * dy.row,
                          ...([
                            [p, is.size * dy.row],
                            [o, dy.plane],
                            [i, dy.row],
                          ] as const),
                          ...([
                            [j, cell],
                            [n, 4 * lanes],
                            [lane, 4],
                          ] as const),
                        ),
                      ),
                    ),
                  ),
                ),
              ),
            );
            const first = O * C * U * V * each + part * 4 * lanes;
            b.store(at(partial, first, [p, 4 * lanes], [o, each], [lane, 4]), sum);
          },
        );
      }
      firstPart += is.count;
    }
  });
}
