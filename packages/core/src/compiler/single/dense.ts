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
  mul,
  pmax,
  splat,
  unary,
} from "../../ir/ir.js";
import type { Dense } from "../../layers/dense.js";
import { accumulate, grid, tilesOf } from "../block.js";
import { LANES, type Rows, rowAt } from "./rows.js";

/* A dense layer for one image: four inputs at a time. What is left over at the end of a row of weights goes one by one. */

const wide = (K: number) => Math.floor(K / LANES);
/** The inputs that fill no vector. */
const rest = (K: number) => Array.from({ length: K % LANES }, (_, k) => K - (K % LANES) + k);

export function multiply(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  x: Rows,
  weight: Buffer,
  bias: Buffer | undefined,
  y: Rows,
  relu: boolean,
): LoopNest {
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, 4)) {
      b.loop("o", os.count, (o) => {
        const weightAt = (row: number, k: number, ...terms: readonly (readonly [Index, number])[]) =>
          at(weight, (os.first + row) * K + k, [o, os.size * K], ...terms);
        const sums = grid(b, os.size, 2, () => constant(0));
        for (const ks of tilesOf(wide(K), 2)) {
          b.loop("k", ks.count, (k) => {
            for (let vector = 0; vector < ks.size; vector++) {
              const first = LANES * (ks.first + vector);
              const inputs = b.variable(load(rowAt(x, [0, 0, first], [k, LANES * ks.size])));
              for (let row = 0; row < os.size; row++) {
                accumulate(sums[row][vector], load(weightAt(row, first, [k, LANES * ks.size])), inputs);
              }
            }
          });
        }
        for (const [row, [even, odd]] of sums.entries()) {
          const sum = b.variable(unary("sumLanes", add(even, odd)));
          for (const k of rest(K)) accumulate(sum, splat(weightAt(row, k)), splat(rowAt(x, [0, 0, k])));
          if (bias) sum.set(add(sum, splat(at(bias, os.first + row, [o, os.size]))));
          const place = rowAt(y, [0, 0, os.first + row], [o, os.size]);
          b.storeLane(place, relu ? pmax(sum, constant(0)) : sum);
        }
      });
    }
  });
}

export function multiplyInputGradient(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  dy: Rows,
  weight: Buffer,
  dx: Rows,
): LoopNest {
  return loopNest(name, (b) => {
    for (const ks of tilesOf(wide(K), 8)) {
      b.loop("k", ks.count, (k) => {
        const sums = Array.from({ length: ks.size }, () => b.variable(constant(0)));
        b.loop("o", O, (o) => {
          const g = b.variable(splat(rowAt(dy, [0, 0, 0], [o, 1])));
          for (const [vector, sum] of sums.entries()) {
            const first = LANES * (ks.first + vector);
            accumulate(sum, g, load(at(weight, first, [o, K], [k, LANES * ks.size])));
          }
        });
        for (const [vector, sum] of sums.entries()) {
          b.store(rowAt(dx, [0, 0, LANES * (ks.first + vector)], [k, LANES * ks.size]), sum);
        }
      });
    }
    for (const k of rest(K)) {
      const sum = b.variable(constant(0));
      b.loop("o", O, (o) =>
        accumulate(sum, splat(rowAt(dy, [0, 0, 0], [o, 1])), splat(at(weight, k, [o, K]))),
      );
      b.storeLane(rowAt(dx, [0, 0, k]), sum);
    }
  });
}

/** Adds to the gradients of weight and bias in the slot. */
export function multiplyParameterGradients(
  name: string,
  { inputShape: [K], outputShape: [O] }: Dense,
  x: Rows,
  dy: Rows,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop("o", O, (o) => {
      const g = b.variable(splat(rowAt(dy, [0, 0, 0], [o, 1])));
      b.loop("k", wide(K), (k) => {
        const place = at(weightGradient, 0, [o, K], [k, LANES]);
        b.store(place, madd(g, load(rowAt(x, [0, 0, 0], [k, LANES])), load(place)));
      });
      for (const k of rest(K)) {
        const place = at(weightGradient, k, [o, K]);
        b.storeLane(place, add(splat(place), mul(g, splat(rowAt(x, [0, 0, k])))));
      }
      if (biasGradient) {
        const place = at(biasGradient, 0, [o, 1]);
        b.storeLane(place, add(splat(place), g));
      }
    }),
  );
}
