import {
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  type Index,
  type LoopNest,
  load,
  loopNest,
  PARALLEL,
  pmax,
  splat,
  unary,
} from "../../ir/ir.js";
import type { Dense } from "../../layers/dense.js";
import { accumulate, BLOCK, grid, tilesOf, type View } from "../block.js";
import { sumOf, vectorAt } from "./sums.js";
import { nested } from "./tiles.js";
import { TUNING } from "./tuning.js";

/* Dense layers in a shader: o counts outputs, k inputs. An invocation has 4 images. */

/** Inputs whose products are summed by an invocation of their own, at least. */
const SHORTEST = 32;

/** Into how many parts the inputs are split, each summed by itself. */
export function partsOfInputs({ inputShape: [K], outputShape: [O] }: Dense, vectors: number): number {
  const invocations = Math.ceil(O / TUNING.outputs) * vectors;
  return Math.max(1, Math.min(Math.ceil(TUNING.denseBusy / invocations), Math.floor(K / SHORTEST)));
}

/** How many numbers a block needs for the sums of the parts. */
export const partialSize = (layer: Dense, parts: number) =>
  parts === 1 ? 0 : parts * layer.outputShape[0] * BLOCK;

/** A number times four weights side by side, or one after the other where they may not begin at a whole vector. */
const lane = (vector: Expression, k: number): Expression => ({
  kind: "shuffle",
  lanes: [k, k, k, k],
  a: vector,
  b: vector,
});

/** y = W x + bias, in one kernel or, if the inputs are split, in two. */
export function multiply(
  name: string,
  layer: Dense,
  x: View,
  y: View,
  weight: Buffer,
  bias: Buffer | undefined,
  relu: boolean,
  split: { readonly parts: number; readonly partial: Buffer | undefined },
): LoopNest[] {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  const { parts, partial } = split;
  const end = (sum: Expression, ...place: [number, ...Term[]]) => {
    const all = bias ? add(sum, splat(at(bias, ...place))) : sum;
    return relu ? pmax(all, constant(0)) : all;
  };
  const fours = K % 4 === 0;
  const unit = fours ? 4 : 1;
  const stretches = tilesOf(K / unit, Math.ceil(K / unit / parts));
  const products = loopNest(partial ? `${name}.parts` : name, (b) => {
    let part = 0;
    for (const ks of stretches) {
      const first = part;
      for (const os of tilesOf(O, TUNING.outputs)) {
        nested(
          b,
          [
            ["part", ks.count],
            ["o", os.count],
            ["half", 2],
          ],
          ([p, o, half]) => {
            const sums = grid(b, os.size, 1, () => constant(0)).map(([sum]) => sum);
            b.loop("k", ks.size, (k) => {
              const numbers = Array.from({ length: unit }, (_, n) =>
                b.variable(
                  load(
                    at(
                      x.buffer,
                      x.start + (ks.first * unit + n) * x.plane,
                      ...([
                        [p, ks.size * unit * x.plane],
                        [k, unit * x.plane],
                        [half, 4],
                      ] as const),
                    ),
                  ),
                ),
              );
              for (const [row, sum] of sums.entries()) {
                const place = at(
                  weight,
                  (os.first + row) * K + ks.first * unit,
                  ...([
                    [o, os.size * K],
                    [p, ks.size * unit],
                    [k, unit],
                  ] as const),
                );
                const w = b.variable(fours ? load(place) : splat(place));
                for (const [n, number] of numbers.entries()) accumulate(sum, fours ? lane(w, n) : w, number);
              }
            });
            for (const [row, sum] of sums.entries()) {
              if (partial) {
                const start = (first * O + os.first + row) * BLOCK;
                b.store(at(partial, start, [p, O * BLOCK], [o, os.size * BLOCK], [half, 4]), sum);
                continue;
              }
              const start = y.start + (os.first + row) * y.plane;
              b.store(
                at(y.buffer, start, [o, os.size * y.plane], [half, 4]),
                end(sum, os.first + row, [o, os.size]),
              );
            }
          },
        );
      }
      part += ks.count;
    }
  });
  if (!partial) return [products];
  const total = stretches.reduce((count, ks) => count + ks.count, 0);
  return [
    products,
    loopNest(name, (b) =>
      nested(
        b,
        [
          ["o", O],
          ["half", 2],
        ],
        ([o, half]) => {
          const sum = b.variable(constant(0));
          b.loop("part", total, (p) =>
            sum.set(add(sum, load(at(partial, 0, [p, O * BLOCK], [o, BLOCK], [half, 4])))),
          );
          b.store(at(y.buffer, y.start, [o, y.plane], [half, 4]), end(sum, 0, [o, 1]));
        },
      ),
    ),
  ];
}

type Term = readonly [Index, number];

/** dx = Wᵀ dy */
export function multiplyInputGradient(
  name: string,
  layer: Dense,
  dy: View,
  weight: Buffer,
  dx: View,
): LoopNest {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  return loopNest(name, (b) => {
    for (const ks of tilesOf(K, TUNING.inputs)) {
      const fours = ks.size % 4 === 0 && K % 4 === 0;
      nested(
        b,
        [
          ["k", ks.count],
          ["half", 2],
        ],
        ([k, half]) => {
          const sums = grid(b, ks.size, 1, () => constant(0)).map(([sum]) => sum);
          b.loop("o", O, (o) => {
            const g = b.variable(load(at(dy.buffer, dy.start, [o, dy.plane], [half, 4])));
            const place = (n: number) => at(weight, ks.first + n, [o, K], [k, ks.size]);
            const vectors = fours
              ? Array.from({ length: ks.size / 4 }, (_, n) => b.variable(load(place(4 * n))))
              : undefined;
            for (const [n, sum] of sums.entries())
              accumulate(sum, vectors ? lane(vectors[n >> 2], n % 4) : splat(place(n)), g);
          });
          for (const [n, sum] of sums.entries()) {
            b.store(
              at(dx.buffer, dx.start + (ks.first + n) * dx.plane, [k, ks.size * dx.plane], [half, 4]),
              sum,
            );
          }
        },
      );
    }
  });
}

/**
 * The gradients of weights and bias: each the sum over all images of a product.
 * @param x, dy of the whole batch, with this many vectors in each cell
 */
export function multiplyParameterGradients(
  name: string,
  layer: Dense,
  x: View,
  dy: View,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
  vectors: number,
): LoopNest {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, TUNING.outputs)) {
      for (const ks of tilesOf(K, TUNING.inputs)) {
        nested(
          b,
          [
            ["o", os.count],
            ["k", ks.count],
          ],
          ([o, k]) => {
            const sums = grid(b, os.size, ks.size, () => constant(0));
            b.loop("n", vectors, (n) => {
              const numbers = Array.from({ length: ks.size }, (_, c) =>
                b.variable(
                  load(at(x.buffer, x.start + (ks.first + c) * x.plane, [k, ks.size * x.plane], [n, 4])),
                ),
              );
              for (let row = 0; row < os.size; row++) {
                const start = dy.start + (os.first + row) * dy.plane;
                const g = b.variable(load(at(dy.buffer, start, [o, os.size * dy.plane], [n, 4])));
                for (const [c, number] of numbers.entries()) accumulate(sums[row][c], g, number);
              }
            });
            for (const [row, columns] of sums.entries()) {
              for (const [c, sum] of columns.entries()) {
                const place = (os.first + row) * K + ks.first + c;
                b.storeLane(
                  at(weightGradient, place, [o, os.size * K], [k, ks.size]),
                  unary("sumLanes", sum),
                );
              }
            }
          },
        );
      }
    }
    if (!biasGradient) return;
    b.loop(
      "o",
      O,
      (o) => {
        const sum = sumOf(b, vectors, (vector) => vectorAt(dy.buffer, dy.start, vector, [o, dy.plane]));
        b.storeLane(at(biasGradient, 0, [o, 1]), unary("sumLanes", sum));
      },
      PARALLEL,
    );
  });
}
