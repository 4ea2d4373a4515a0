import {
  type Address,
  add,
  at,
  type Buffer,
  constant,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  splat,
  unary,
  type Variable,
} from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";

/** Adds the block's share to the gradients of weight and bias in the slot. */
export function convolveParameterGradients(
  name: string,
  layer: Conv2d,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
): LoopNest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  const filter = C * U * V;
  return loopNest(name, (b) => {
    const tiles = tilesOf(V, V === 3 || V >= 5 ? 3 : 2).flatMap((vs) =>
      filterTiles(O, vs.size).flatMap((os) =>
        tilesOf(I, rowsInCache(os.size, J)).map((is) => ({ os, is, vs })),
      ),
    );
    for (const { os, is, vs } of tiles) {
      b.loop("part", is.count, (part) =>
        b.loop("o", os.count, (o) =>
          b.loop("c", C, (c) =>
            b.loop("u", U, (u) =>
              b.loop("v", vs.count, (v) => {
                const sums = grid(b, os.size, vs.size, () => constant(0));
                b.loop("i", is.size, (i) =>
                  b.loop("half", HALVES.length, (half) => {
                    for (const js of tilesOf(J, cellsTogether(J))) {
                      const firstPixel =
                        x.windowStart +
                        is.first * strideY * x.row +
                        (vs.first * dilationX + js.first * strideX) * BLOCK;
                      const firstGradient =
                        dy.start + is.first * dy.row + os.first * dy.plane + js.first * BLOCK;
                      b.loop("j", js.count, (j) =>
                        addCells(b, sums, {
                          cells: js.size,
                          stride: strideX,
                          dilation: dilationX,
                          pixelAt: (q) =>
                            at(
                              x.buffer,
                              firstPixel + q * BLOCK,
                              [part, is.size * strideY * x.row],
                              [c, x.plane],
                              [u, dilationY * x.row],
                              [v, vs.size * dilationX * BLOCK],
                              [i, strideY * x.row],
                              [half, HALVES[1]],
                              [j, js.size * strideX * BLOCK],
                            ),
                          gradientAt: (row, cell) =>
                            at(
                              dy.buffer,
                              firstGradient + row * dy.plane + cell * BLOCK,
                              [part, is.size * dy.row],
                              [o, os.size * dy.plane],
                              [i, dy.row],
                              [half, HALVES[1]],
                              [j, js.size * BLOCK],
                            ),
                        }),
                      );
                    }
                  }),
                );
                for (const [row, sumsOfFilter] of sums.entries()) {
                  for (const [column, sum] of sumsOfFilter.entries()) {
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
        ),
      );
    }
    if (biasGradient) addBiasGradient(b, dy, biasGradient);
  });
}

/** Some cells of a row of gradients, and the row of pixels that they came from. */
interface Cells {
  readonly cells: number;
  readonly stride: number;
  readonly dilation: number;
  /** Where pixel q lies, counted from the first one under the first cell's window. */
  readonly pixelAt: (q: number) => Address;
  /** The gradient of filter `row` in a cell. */
  readonly gradientAt: (row: number, cell: number) => Address;
}

/**
 * Adds the products of cells' gradients, unrolled, and the pixels under their windows.
 * @param sums [filter][column of the kernel]
 */
function addCells(
  b: LoopNestBuilder,
  sums: readonly (readonly Variable[])[],
  { cells, stride, dilation, pixelAt, gradientAt }: Cells,
): void {
  let pixels = new Map<number, Variable>();
  for (let cell = 0; cell < cells; cell++) {
    if (cell > 0) b.fence();
    const before = pixels;
    pixels = new Map();
    const window = sums[0].map((_, column) => {
      const q = cell * stride + column * dilation;
      const pixel = before.get(q) ?? b.variable(load(pixelAt(q)));
      pixels.set(q, pixel);
      return pixel;
    });
    for (const [row, sumsOfFilter] of sums.entries()) {
      const g = b.variable(load(gradientAt(row, cell)));
      for (const [column, sum] of sumsOfFilter.entries()) accumulate(sum, g, window[column]);
    }
  }
}

/** How many cells of a row are unrolled one after the other: each shares pixels with the one before. */
function cellsTogether(columns: number): number {
  return [4, 3, 2].find((cells) => columns % cells === 0) ?? 4;
}

/**
 * The filters whose weights' gradients are summed at the same time, for so many columns of the kernel. The sums and what is
 * multiplied, a vector for each filter and each column, fill 15 registers.
 */
function filterTiles(filters: number, columns: number) {
  const largest = columns === 3 || (filters % 4 !== 0 && filters % 3 === 0) ? 3 : 4;
  // two tiles of two rather than a full one and one that is nearly empty
  if (largest === 3 && filters % 3 === 1 && filters > 1) {
    const first = filters - 4;
    return [...tilesOf(first, 3), { first, count: 2, size: 2 }];
  }
  return tilesOf(filters, largest);
}

/** How many rows of so many filters' gradients stay in the first-level cache while all weights that meet them are summed. */
function rowsInCache(filters: number, columns: number): number {
  return Math.max(1, Math.floor(16384 / (filters * columns * BLOCK * 4)));
}

/** bias[o] += the sum of all of filter o's gradients. */
export function addBiasGradient(b: LoopNestBuilder, dy: View, biasGradient: Buffer): void {
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
