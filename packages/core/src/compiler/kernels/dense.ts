import {
  add,
  at,
  type Buffer,
  constant,
  type Index,
  type LoopNest,
  load,
  loopNest,
  madd,
  pmax,
  splat,
  unary,
} from "../../ir/ir.js";
import type { Dense } from "../../layers/dense.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, transposed, type View } from "../block.js";

/* As layers/dense.ts, with a block of images as the innermost dimension: o output, k input. */

/** How many outputs are computed at the same time; two halves of each, two of what they share and one weight fill 15 registers. */
function outputsTogether(outputs: number): number {
  return outputs % 5 === 0 && outputs % 4 !== 0 ? 5 : 4;
}

/** @param relu whether a ReLU is fused: the output is cut off at zero */
export function multiply(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  x: View,
  weight: Buffer,
  bias: Buffer | undefined,
  y: View,
  relu: boolean,
): LoopNest {
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, outputsTogether(O))) {
      b.loop("o", os.count, (o) => {
        const sums = grid(b, os.size, 2, (row) =>
          bias ? splat(at(bias, os.first + row, [o, os.size])) : constant(0),
        );
        b.loop("k", K, (k) => {
          const inputs = HALVES.map((half) => b.variable(load(at(x.buffer, x.start + half, [k, BLOCK]))));
          for (let row = 0; row < os.size; row++) {
            const w = b.variable(splat(at(weight, (os.first + row) * K, [o, os.size * K], [k, 1])));
            for (const half of [0, 1]) accumulate(sums[row][half], w, inputs[half]);
          }
        });
        for (const [row, halves] of sums.entries()) {
          for (const [h, sum] of halves.entries()) {
            b.store(
              at(y.buffer, y.start + (os.first + row) * BLOCK + HALVES[h], [o, os.size * BLOCK]),
              relu ? pmax(sum, constant(0)) : sum,
            );
          }
        }
      });
    }
  });
}

/** So many inputs' gradients stay in the first-level cache while all outputs' shares are added to them. */
const INPUTS_IN_CACHE = 256;

export function multiplyInputGradient(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  dy: View,
  weight: Buffer,
  dx: View,
): LoopNest {
  return loopNest(name, (b) => {
    for (const ks of tilesOf(K, INPUTS_IN_CACHE)) {
      b.loop("part", ks.count, (part) => {
        const [first, ...others] = tilesOf(O, outputsTogether(O));
        const addShare = (
          start: number,
          rows: number,
          o: readonly (readonly [Index, number])[],
          sets: boolean,
        ) => {
          const g = grid(b, rows, 2, (row, h) =>
            load(at(dy.buffer, dy.start + (start + row) * BLOCK + HALVES[h], ...scaled(o, rows * BLOCK))),
          );
          b.loop("k", ks.size, (k) => {
            const place = (half: number) =>
              at(dx.buffer, dx.start + ks.first * BLOCK + half, [part, ks.size * BLOCK], [k, BLOCK]);
            const sums = HALVES.map((half) => b.variable(sets ? constant(0) : load(place(half))));
            for (let row = 0; row < rows; row++) {
              const w = b.variable(
                splat(
                  at(weight, (start + row) * K + ks.first, [part, ks.size], [k, 1], ...scaled(o, rows * K)),
                ),
              );
              for (const half of [0, 1]) accumulate(sums[half], w, g[row][half]);
            }
            for (const [h, sum] of sums.entries()) b.store(place(HALVES[h]), sum);
          });
        };
        addShare(0, first.size, [], true);
        for (const { first: start, count, size } of [
          { ...first, first: first.size, count: first.count - 1 },
          ...others,
        ]) {
          b.loop("o", count, (o) => addShare(start, size, [[o, 1]], false));
        }
      });
    }
  });
}

const scaled = (terms: readonly (readonly [Index, number])[], factor: number) =>
  terms.map(([index, stride]): [Index, number] => [index, stride * factor]);

/**
 * Adds the block's share to the gradients of weight and bias in the slot. A weight's gradient is a sum over images, which
 * lie side by side in a vector; so that four weights can be summed at once, the inputs are transposed first.
 * @param scratch for `[BLOCK, K]` numbers
 */
export function multiplyParameterGradients(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
  scratch: Buffer,
): LoopNest {
  const wide = K - (K % 4);
  return loopNest(name, (b) => {
    b.loop("k", wide / 4, (k) => {
      for (const half of HALVES) {
        const rows = [0, 1, 2, 3].map((row) =>
          b.variable(load(at(x.buffer, x.start + row * BLOCK + half, [k, 4 * BLOCK]))),
        );
        for (const [image, inputs] of transposed(b, rows).entries()) {
          b.store(at(scratch, (half + image) * K, [k, 4]), inputs);
        }
      }
    });
    for (const os of tilesOf(O, outputsTogether(O))) {
      for (const ks of tilesOf(wide / 4, 2)) {
        b.loop("o", os.count, (o) =>
          b.loop("k", ks.count, (k) => {
            const place = (row: number, vector: number) =>
              at(
                weightGradient,
                (os.first + row) * K + (ks.first + vector) * 4,
                [o, os.size * K],
                [k, ks.size * 4],
              );
            const sums = grid(b, os.size, ks.size, (row, vector) => load(place(row, vector)));
            b.loop(
              "n",
              BLOCK,
              (n) => {
                b.fence();
                const inputs = Array.from({ length: ks.size }, (_, vector) =>
                  b.variable(load(at(scratch, (ks.first + vector) * 4, [n, K], [k, ks.size * 4]))),
                );
                for (let row = 0; row < os.size; row++) {
                  const g = b.variable(
                    splat(at(dy.buffer, dy.start + (os.first + row) * BLOCK, [o, os.size * BLOCK], [n, 1])),
                  );
                  for (const [vector, input] of inputs.entries()) accumulate(sums[row][vector], g, input);
                }
              },
              { unrolled: true },
            );
            for (const [row, vectors] of sums.entries()) {
              for (const [vector, sum] of vectors.entries()) b.store(place(row, vector), sum);
            }
          }),
        );
      }
    }
    // the rest, where the number of inputs is no multiple of four
    b.loop("o", O, (o) => {
      const [g0, g1] = HALVES.map((half) => b.variable(load(at(dy.buffer, dy.start + half, [o, BLOCK]))));
      for (let k = wide; k < K; k++) {
        const [x0, x1] = HALVES.map((half) => load(at(x.buffer, x.start + k * BLOCK + half)));
        const place = at(weightGradient, k, [o, K]);
        const product = madd(g1, x1, madd(g0, x0, constant(0)));
        b.storeLane(place, add(splat(place), unary("sumLanes", product)));
      }
      if (biasGradient) {
        const place = at(biasGradient, 0, [o, 1]);
        b.storeLane(place, add(splat(place), unary("sumLanes", add(g0, g1))));
      }
    });
  });
}
