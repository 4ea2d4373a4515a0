import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";
import { add, at, type Buffer, constant, load, max, type Nest, nest, splat, unary } from "../nest.js";

/*
 * The same loops as layers/conv2d.ts, with a block of images as the innermost dimension. The input has its padding as a
 * border of zeros around it, so that no loop asks where the image ends. Names as there: o filter, c channel, (i, j)
 * output cell, (u, v) kernel cell.
 */

/** Sums in registers: outputs times halves of a cell. More than 8 leave too few of 16 registers for the factors. */
const OUTPUTS_PER_TILE = 4;

/** @param relu whether the output is cut off at zero on the way */
export function convolve(
  name: string,
  layer: Conv2d,
  x: View,
  weight: Buffer,
  bias: Buffer | undefined,
  y: View,
  relu: boolean,
): Nest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  const filter = C * U * V;
  return nest(name, (b) => {
    for (const os of tilesOf(O, OUTPUTS_PER_TILE)) {
      // few filters: several output columns of each instead
      for (const js of tilesOf(J, Math.floor(OUTPUTS_PER_TILE / os.size))) {
        b.loop("o", os.count, (o) =>
          b.loop("i", I, (i) =>
            b.loop("j", js.count, (j) => {
              const sums = grid(b, os.size * js.size, 2, (tile) =>
                bias ? splat(at(bias, os.first + (tile % os.size), [o, os.size])) : constant(0),
              );
              b.loop("c", C, (c) =>
                b.loop("u", U, (u) =>
                  b.loop(
                    "v",
                    V,
                    (v) => {
                      for (let column = 0; column < js.size; column++) {
                        const pixel = HALVES.map((half) =>
                          b.variable(
                            load(
                              at(
                                x.buffer,
                                x.borderStart + (js.first + column) * strideX * BLOCK + half,
                                [c, x.plane],
                                [i, strideY * x.row],
                                [u, dilationY * x.row],
                                [j, js.size * strideX * BLOCK],
                                [v, dilationX * BLOCK],
                              ),
                            ),
                          ),
                        );
                        for (let row = 0; row < os.size; row++) {
                          const w = b.variable(
                            splat(
                              at(
                                weight,
                                (os.first + row) * filter,
                                [o, os.size * filter],
                                [c, U * V],
                                [u, V],
                                [v, 1],
                              ),
                            ),
                          );
                          for (const half of [0, 1])
                            accumulate(sums[column * os.size + row][half], w, pixel[half]);
                        }
                      }
                    },
                    { unrolled: V <= 5 },
                  ),
                ),
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

/** Adds to the input's gradient `dx`, which is zero before, also in its border. */
export function convolveInputGradient(name: string, layer: Conv2d, dy: View, weight: Buffer, dx: View): Nest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  return nest(name, (b) => {
    for (const cs of tilesOf(C, 4)) {
      b.loop("c", cs.count, (c) =>
        b.loop("i", I, (i) =>
          b.loop("u", U, (u) =>
            b.loop("j", J, (j) =>
              b.loop("v", V, (v) => {
                const cellOf = (channel: number, half: number) =>
                  at(
                    dx.buffer,
                    dx.borderStart + (cs.first + channel) * dx.plane + half,
                    [c, cs.size * dx.plane],
                    [i, strideY * dx.row],
                    [u, dilationY * dx.row],
                    [j, strideX * BLOCK],
                    [v, dilationX * BLOCK],
                  );
                const sums = grid(b, cs.size, 2, (channel, h) => load(cellOf(channel, HALVES[h])));
                b.loop("o", O, (o) => {
                  const g = HALVES.map((half) =>
                    b.variable(load(at(dy.buffer, dy.start + half, [o, dy.plane], [i, dy.row], [j, BLOCK]))),
                  );
                  for (let channel = 0; channel < cs.size; channel++) {
                    const w = b.variable(
                      splat(
                        at(
                          weight,
                          (cs.first + channel) * U * V,
                          [o, C * U * V],
                          [c, cs.size * U * V],
                          [u, V],
                          [v, 1],
                        ),
                      ),
                    );
                    for (const half of [0, 1]) accumulate(sums[channel][half], w, g[half]);
                  }
                });
                for (const [channel, halves] of sums.entries()) {
                  for (const [h, sum] of halves.entries()) b.store(cellOf(channel, HALVES[h]), sum);
                }
              }),
            ),
          ),
        ),
      );
    }
  });
}

/** Adds the block's share to the gradients of weight and bias in the slot. */
export function convolveParameterGradients(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
): Nest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  const filter = C * U * V;
  return nest(name, (b) => {
    for (const os of tilesOf(O, 4)) {
      for (const vs of tilesOf(V, os.size === 4 ? 2 : Math.floor(8 / os.size))) {
        b.loop("o", os.count, (o) =>
          b.loop("c", C, (c) =>
            b.loop("u", U, (u) =>
              b.loop("v", vs.count, (v) => {
                const sums = grid(b, os.size, vs.size, () => constant(0));
                b.loop("i", I, (i) =>
                  b.loop("j", J, (j) => {
                    for (const half of HALVES) {
                      const pixels = Array.from({ length: vs.size }, (_, column) =>
                        b.variable(
                          load(
                            at(
                              x.buffer,
                              x.borderStart + (vs.first + column) * dilationX * BLOCK + half,
                              [c, x.plane],
                              [u, dilationY * x.row],
                              [v, vs.size * dilationX * BLOCK],
                              [i, strideY * x.row],
                              [j, strideX * BLOCK],
                            ),
                          ),
                        ),
                      );
                      for (let row = 0; row < os.size; row++) {
                        const g = b.variable(
                          load(
                            at(
                              dy.buffer,
                              dy.start + (os.first + row) * dy.plane + half,
                              [o, os.size * dy.plane],
                              [i, dy.row],
                              [j, BLOCK],
                            ),
                          ),
                        );
                        for (const [column, pixel] of pixels.entries())
                          accumulate(sums[row][column], g, pixel);
                      }
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
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}

/** bias[o] += the sum of all of filter o's gradients. */
function addBiasGradient(b: Parameters<Parameters<typeof nest>[1]>[0], dy: View, biasGradient: Buffer): void {
  const [O, I, J] = dy.shape;
  b.loop("o", O, (o) => {
    const sums = HALVES.map(() => b.variable(constant(0)));
    b.loop("i", I, (i) =>
      b.loop("j", J, (j) => {
        for (const [h, half] of HALVES.entries()) {
          sums[h].set(
            add(sums[h], load(at(dy.buffer, dy.start + half, [o, dy.plane], [i, dy.row], [j, BLOCK]))),
          );
        }
      }),
    );
    const place = at(biasGradient, 0, [o, 1]);
    b.storeLane(place, add(splat(place), unary("sumLanes", add(sums[0], sums[1]))));
  });
}
