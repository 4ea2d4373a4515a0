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
import { accumulate, BLOCK, grid, laneOf, tilesOf, type View } from "../block.js";
import { sumOf, vectorAt } from "./sums.js";
import { nested } from "./tiles.js";
import { TUNING } from "./tuning.js";

/*
 * Dense layers in a shader: o counts outputs, k inputs. An invocation has 4 images, or 8 where that leaves enough invocations: then
 * each weight that it loads is used twice as often.
 */

/** Inputs whose products are summed by an invocation of their own, at least. */
const SHORTEST = 32;

/** How the outputs are computed: the inputs are split into parts, each summed by itself; an invocation has 1 or both halves of a cell. */
export interface InputSplit {
  readonly parts: number;
  readonly halves: 1 | 2;
}

export function splitInputs({ inputShape: [K], outputShape: [O] }: Dense, vectors: number): InputSplit {
  const most = Math.max(1, Math.floor(K / SHORTEST));
  const tiles = Math.ceil(O / TUNING.outputs);
  const halves = (tiles * vectors * most) / 2 >= TUNING.denseBusy ? 2 : 1;
  const invocations = (tiles * vectors) / halves;
  return { halves, parts: Math.min(Math.ceil(TUNING.denseBusy / invocations), most) };
}

/** How many numbers a block needs for the sums of parts. */
export const partialSize = (layer: Dense, parts: number) => parts * layer.outputShape[0] * BLOCK;

/** Which vectors of a cell an invocation has: one of the two by its counter, or both. */
const vectorsOf = (halves: 1 | 2): readonly number[] => (halves === 1 ? [0] : [0, 4]);

/** y = W x + bias, in one kernel or, if the inputs are split, in two. */
export function multiply(
  name: string,
  layer: Dense,
  x: View,
  y: View,
  weight: Buffer,
  bias: Buffer | undefined,
  relu: boolean,
  { parts, halves }: InputSplit,
  partial: Buffer | undefined,
): LoopNest[] {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  const own = vectorsOf(halves);
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
            ["half", 2 / halves],
          ],
          ([p, o, half]) => {
            const sums = grid(b, os.size, own.length, () => constant(0));
            b.loop("k", ks.size, (k) => {
              const numbers = Array.from({ length: unit }, (_, n) =>
                own.map((vector) =>
                  b.variable(
                    load(
                      at(
                        x.buffer,
                        x.start + (ks.first * unit + n) * x.plane + vector,
                        ...([
                          [p, ks.size * unit * x.plane],
                          [k, unit * x.plane],
                          [half, 4],
                        ] as const),
                      ),
                    ),
                  ),
                ),
              );
              for (const [row, ofRow] of sums.entries()) {
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
                for (const [n, vectors] of numbers.entries()) {
                  const factor = fours ? laneOf(w, n) : w;
                  for (const [k, number] of vectors.entries()) accumulate(ofRow[k], factor, number);
                }
              }
            });
            for (const [row, ofRow] of sums.entries()) {
              for (const [k, vector] of own.entries()) {
                if (partial) {
                  const start = (first * O + os.first + row) * BLOCK + vector;
                  b.store(at(partial, start, [p, O * BLOCK], [o, os.size * BLOCK], [half, 4]), ofRow[k]);
                  continue;
                }
                const start = y.start + (os.first + row) * y.plane + vector;
                b.store(
                  at(y.buffer, start, [o, os.size * y.plane], [half, 4]),
                  outputOf(ofRow[k], bias, relu, os.first + row, [o, os.size]),
                );
              }
            }
          },
        );
      }
      part += ks.count;
    }
  });
  if (!partial) return [products];
  const total = stretches.reduce((count, ks) => count + ks.count, 0);
  return [products, addParts(name, layer, partial, total, y, bias, relu)];
}

type Term = readonly [Index, number];

/** What becomes of the sum of an output's products. */
function outputOf(sum: Expression, bias: Buffer | undefined, relu: boolean, ...place: [number, ...Term[]]) {
  const all = bias ? add(sum, splat(at(bias, ...place))) : sum;
  return relu ? pmax(all, constant(0)) : all;
}

/** The outputs from the sums of parts of their inputs. @param partial cells `[part][output]` */
export function addParts(
  name: string,
  { outputShape: [O] }: Dense,
  partial: Buffer,
  parts: number,
  y: View,
  bias: Buffer | undefined,
  relu: boolean,
): LoopNest {
  const loops = [
    ["o", O],
    ["half", 2],
  ] as const;
  return loopNest(name, (b) =>
    nested(b, loops, ([o, half]) => {
      const sum = sumOf(b, parts, ([first, ...terms]) =>
        load(
          at(
            partial,
            first * O * BLOCK,
            ...terms.map(([index, stride]): Term => [index, stride * O * BLOCK]),
            ...([
              [o, BLOCK],
              [half, 4],
            ] as const),
          ),
        ),
      );
      b.store(at(y.buffer, y.start, [o, y.plane], [half, 4]), outputOf(sum, bias, relu, 0, [o, 1]));
    }),
  );
}

/** Tiles of the gradient of the input: so many inputs for one or both halves of a cell, from the largest to the smallest. */
const TILES = [
  { inputs: 16, halves: 2 },
  { inputs: 8, halves: 2 },
  { inputs: 8, halves: 1 },
  { inputs: 4, halves: 1 },
] as const;

/** dx = Wᵀ dy. @param vectors how many each cell of the batch has */
export function multiplyInputGradient(
  name: string,
  layer: Dense,
  dy: View,
  weight: Buffer,
  dx: View,
  vectors: number,
): LoopNest {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  const invocations = ({ inputs, halves }: (typeof TILES)[number]) =>
    Math.ceil(K / inputs) * (vectors / halves);
  const tile = TILES.find((one) => invocations(one) >= TUNING.denseBusy) ?? TILES[TILES.length - 1];
  const own = vectorsOf(tile.halves);
  return loopNest(name, (b) => {
    for (const ks of tilesOf(K, tile.inputs)) {
      const fours = ks.size % 4 === 0 && K % 4 === 0;
      nested(
        b,
        [
          ["k", ks.count],
          ["half", 2 / tile.halves],
        ],
        ([k, half]) => {
          const sums = grid(b, ks.size, own.length, () => constant(0));
          b.loop("o", O, (o) => {
            const gradients = own.map((vector) =>
              b.variable(load(at(dy.buffer, dy.start + vector, [o, dy.plane], [half, 4]))),
            );
            const place = (n: number) => at(weight, ks.first + n, [o, K], [k, ks.size]);
            const weights = fours
              ? Array.from({ length: ks.size / 4 }, (_, n) => b.variable(load(place(4 * n))))
              : undefined;
            for (const [n, ofInput] of sums.entries()) {
              const w = weights ? laneOf(weights[n >> 2], n % 4) : b.variable(splat(place(n)));
              for (const [h, sum] of ofInput.entries()) accumulate(sum, w, gradients[h]);
            }
          });
          for (const [n, ofInput] of sums.entries()) {
            for (const [h, vector] of own.entries()) {
              const start = dx.start + (ks.first + n) * dx.plane + vector;
              b.store(at(dx.buffer, start, [k, ks.size * dx.plane], [half, 4]), ofInput[h]);
            }
          }
        },
      );
    }
  });
}

/**
 * How many invocations share the images of a weight's gradient: they are neighbours that read neighbouring vectors. One where there
 * are few images, or too many weights to keep so many sums of each.
 */
export function lanesOfImages({ inputShape: [K], outputShape: [O] }: Dense, vectors: number): number {
  const lanes = TUNING.denseLanes;
  const fits = vectors % lanes === 0 && vectors >= 2 * lanes && K * O * lanes <= TUNING.denseSums;
  return fits ? lanes : 1;
}

/**
 * The gradients of the weights: each the sum over all images of a product.
 * @param x, dy of the whole batch, with this many vectors in each cell
 * @param sums the gradients of the weights, or with several lanes numbers `[weight][lane]` that are still to be added
 */
export function multiplyWeightGradients(
  name: string,
  layer: Dense,
  x: View,
  dy: View,
  sums: Buffer,
  vectors: number,
): LoopNest {
  const [K] = layer.inputShape;
  const [O] = layer.outputShape;
  const lanes = lanesOfImages(layer, vectors);
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, TUNING.outputs)) {
      for (const ks of tilesOf(K, TUNING.inputs)) {
        nested(
          b,
          [
            ["o", os.count],
            ["k", ks.count],
            ["lane", lanes],
          ],
          ([o, k, lane]) => {
            const tile = grid(b, os.size, ks.size, () => constant(0));
            b.loop("n", vectors / lanes, (n) => {
              const numberOf = (view: View, row: number, ...terms: Term[]) =>
                b.variable(
                  load(at(view.buffer, view.start + row * view.plane, ...terms, [n, 4 * lanes], [lane, 4])),
                );
              const numbers = Array.from({ length: ks.size }, (_, c) =>
                numberOf(x, ks.first + c, [k, ks.size * x.plane]),
              );
              for (let row = 0; row < os.size; row++) {
                const g = numberOf(dy, os.first + row, [o, os.size * dy.plane]);
                for (const [c, number] of numbers.entries()) accumulate(tile[row][c], g, number);
              }
            });
            for (const [row, columns] of tile.entries()) {
              for (const [c, sum] of columns.entries()) {
                const place = ((os.first + row) * K + ks.first + c) * lanes;
                const terms: Term[] = [
                  [o, os.size * K * lanes],
                  [k, ks.size * lanes],
                  [lane, 1],
                ];
                b.storeLane(at(sums, place, ...terms), unary("sumLanes", sum));
              }
            }
          },
        );
      }
    }
  });
}

/** The gradient of the bias: the sum of the outputs' over all images. @param dy of the whole batch */
export function sumBiasGradient(
  name: string,
  { outputShape: [O] }: Dense,
  dy: View,
  biasGradient: Buffer,
  vectors: number,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop(
      "o",
      O,
      (o) => {
        const sum = sumOf(b, vectors, (vector) => vectorAt(dy.buffer, dy.start, vector, [o, dy.plane]));
        b.storeLane(at(biasGradient, 0, [o, 1]), unary("sumLanes", sum));
      },
      PARALLEL,
    ),
  );
}
