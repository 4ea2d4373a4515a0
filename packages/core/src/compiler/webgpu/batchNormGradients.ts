import {
  add,
  at,
  type Buffer,
  div,
  type LoopNest,
  load,
  loopNest,
  madd,
  mul,
  PARALLEL,
  splat,
  sub,
  unary,
} from "../../ir/ir.js";
import type { BatchNorm } from "../../layers/batchStatistics.js";
import { forEachCell, type View } from "../block.js";
import { type NormMemory, sumCells } from "./batchNorm.js";
import { sumOf, vectorAt } from "./sums.js";
import { nested } from "./tiles.js";

/* The way back through batch normalisation: sums over the batch first, then each cell. */

/** For each part of a channel and vector of images: the sum of the gradients, and of the gradients times normalised numbers. */
export function sumGradients(
  name: string,
  { channels }: BatchNorm,
  x: View,
  dy: View,
  { mean, inverse, means: plainSums, squares: weightedSums, split }: NormMemory,
  vectors: number,
): LoopNest {
  const cell = 4 * vectors;
  const rows = x.shape[1] / split.parts;
  return loopNest(name, (b) =>
    nested(
      b,
      [
        ["c", channels],
        ["part", split.parts],
        ["n", vectors],
      ],
      (which) => {
        const [c, part, n] = which;
        const center = b.variable(splat(at(mean, 0, [c, 1])));
        const [plain, weighted] = sumCells(b, x, which, { rows, cell }, 2, (number, [sum, product]) => {
          const g = b.variable(number(dy));
          sum.set(add(sum, g));
          product.set(madd(sub(number(x), center), g, product));
        });
        const place = (buffer: Buffer) => at(buffer, 0, [c, split.parts * cell], [part, cell], [n, 4]);
        b.store(place(plainSums), plain);
        b.store(place(weightedSums), mul(weighted, splat(at(inverse, 0, [c, 1]))));
      },
    ),
  );
}

/** Adds the parts of each lane. */
export function mergeGradients(
  name: string,
  { channels }: BatchNorm,
  { means, squares, mergedMeans, mergedSquares, split }: NormMemory,
  vectors: number,
): LoopNest {
  const { parts, lanes } = split;
  const items = parts * vectors;
  const each = items / lanes;
  return loopNest(name, (b) =>
    nested(
      b,
      [
        ["c", channels],
        ["lane", lanes],
      ],
      ([c, lane]) => {
        for (const [from, to] of [
          [means, mergedMeans],
          [squares, mergedSquares],
        ]) {
          const sum = sumOf(b, each, (which) => vectorAt(from, 0, which, [c, 4 * items], [lane, 4 * each]));
          b.store(at(to, 0, [c, 4 * lanes], [lane, 4]), sum);
        }
      },
    ),
  );
}

/** The gradients of weight and bias, and these divided by how many numbers of the batch there are. */
export function combineGradients(
  name: string,
  { channels }: BatchNorm,
  memory: NormMemory,
  gradients: { readonly weight: Buffer; readonly bias: Buffer },
): LoopNest {
  const { lanes } = memory.split;
  return loopNest(name, (b) =>
    b.loop(
      "c",
      channels,
      (c) => {
        const count = b.variable(splat(at(memory.count, 0, [c, 1])));
        for (const [sums, gradient, mean] of [
          [memory.mergedMeans, gradients.bias, memory.plain],
          [memory.mergedSquares, gradients.weight, memory.weighted],
        ]) {
          const ofLanes = sumOf(b, lanes, (which) => vectorAt(sums, 0, which, [c, 4 * lanes]));
          const sum = b.variable(unary("sumLanes", ofLanes));
          b.storeLane(at(gradient, 0, [c, 1]), sum);
          b.storeLane(at(mean, 0, [c, 1]), div(sum, count));
        }
      },
      PARALLEL,
    ),
  );
}

/** weight / deviation * (dy - mean of dy - xhat * mean of dy * xhat), of a block; 0 for images that only fill the batch. */
export function normaliseInputGradient(
  name: string,
  { mean, inverse, plain, weighted }: NormMemory,
  weight: Buffer,
  x: View,
  dy: View,
  dx: View,
  mask: Buffer,
): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, x, (cellOf, c, half) => {
      const own = (buffer: Buffer) => splat(at(buffer, 0, [c, 1]));
      const inverted = b.variable(own(inverse));
      const stretch = mul(inverted, own(weighted));
      const rest = madd(sub(load(cellOf(x)), own(mean)), stretch, own(plain));
      const factor = mul(mul(own(weight), inverted), load(at(mask, half)));
      b.store(cellOf(dx), mul(factor, sub(load(cellOf(dy)), rest)));
    }),
  );
}
