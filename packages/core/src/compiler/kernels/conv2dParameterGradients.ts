import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";
import {
  add,
  at,
  type Buffer,
  constant,
  load,
  type Nest,
  type NestBuilder,
  nest,
  splat,
  unary,
} from "../nest.js";

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
    const largest = gradientTile(O, V);
    const tiles = tilesOf(O, largest.filters).flatMap((os) =>
      tilesOf(I, rowsInCache(os.size, J)).flatMap((is) =>
        tilesOf(V, largest.columns).map((vs) => ({ os, is, vs })),
      ),
    );
    for (const { os, is, vs } of tiles) {
      // few sums: one for each half of a cell, so that the multiply-adds need not wait for each other
      const separate = os.size * vs.size <= 6;
      b.loop("part", is.count, (part) =>
        b.loop("o", os.count, (o) =>
          b.loop("c", C, (c) =>
            b.loop("u", U, (u) =>
              b.loop("v", vs.count, (v) => {
                const sums = grid(b, os.size * vs.size, separate ? 2 : 1, () => constant(0));
                b.loop("i", is.size, (i) =>
                  b.loop("j", J, (j) => {
                    for (const [h, half] of HALVES.entries()) {
                      if (h > 0) b.fence();
                      const pixels = Array.from({ length: vs.size }, (_, column) =>
                        b.variable(
                          load(
                            at(
                              x.buffer,
                              x.windowStart +
                                is.first * strideY * x.row +
                                (vs.first + column) * dilationX * BLOCK +
                                half,
                              [part, is.size * strideY * x.row],
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
                              dy.start + is.first * dy.row + (os.first + row) * dy.plane + half,
                              [part, is.size * dy.row],
                              [o, os.size * dy.plane],
                              [i, dy.row],
                              [j, BLOCK],
                            ),
                          ),
                        );
                        for (const [column, pixel] of pixels.entries()) {
                          accumulate(sums[row * vs.size + column][separate ? h : 0], g, pixel);
                        }
                      }
                    }
                  }),
                );
                for (const [tile, halves] of sums.entries()) {
                  const place = at(
                    weightGradient,
                    (os.first + Math.floor(tile / vs.size)) * filter + vs.first + (tile % vs.size),
                    [o, os.size * filter],
                    [c, U * V],
                    [u, V],
                    [v, vs.size],
                  );
                  const sum = separate ? add(halves[0], halves[1]) : halves[0];
                  b.storeLane(place, add(splat(place), unary("sumLanes", sum)));
                }
              }),
            ),
          ),
        ),
      );
    }
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}

/**
 * How many weights' gradients are summed at the same time: filters times columns of the kernel. The sums and what is
 * multiplied, a vector for each filter and each column, fill 15 registers.
 */
function gradientTile(filters: number, columns: number): { filters: number; columns: number } {
  const wide = columns === 3 || columns >= 5;
  if (filters >= 3) return wide ? { filters: 3, columns: 3 } : { filters: 4, columns: 2 };
  return { filters, columns: Math.floor(8 / filters) };
}

/** How many rows of so many filters' gradients stay in the first-level cache while all weights that meet them are summed. */
function rowsInCache(filters: number, columns: number): number {
  return Math.max(1, Math.floor(16384 / (filters * columns * BLOCK * 4)));
}

/** bias[o] += the sum of all of filter o's gradients. */
export function addBiasGradient(b: NestBuilder, dy: View, biasGradient: Buffer): void {
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
