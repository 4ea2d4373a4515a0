import {
  add,
  at,
  type Buffer,
  constant,
  div,
  type Expression,
  type Index,
  type LoopNest,
  load,
  loopNest,
  madd,
  mul,
  splat,
  sub,
  unary,
} from "../../ir/ir.js";
import type { BatchNorm } from "../../layers/batchStatistics.js";
import { HALVES, type View } from "../block.js";
import type { Blocks } from "../lower/lowering.js";
import { halvesOf, type Normaliser, ofAll, padded, TOGETHER } from "./batchNorm.js";
import { forEachCellOfLine, forEachLine, forEachTileOfLine } from "./lines.js";

/*
 * The way back through a batch normalisation: the sums of a block's gradients, the batch's means of them, and the gradient of the
 * input, for which blocks have to wait for these means.
 */

/** What a block leaves backward: for each channel the sum of its gradients, then that of gradients times distances. */
export const gradientSumsSize = ({ channels }: BatchNorm) => 2 * padded(channels);

/** What the sums of a block's gradients need of scratch memory. */
export const lineSumsSize = ({ channels }: BatchNorm) => channels * SUMS * 4;

/** The sum of the gradients and that of gradients times distances, each in several variables for both halves of a cell. */
const SUMS = 2 * HALVES.length * TOGETHER;

/**
 * The gradients of weight and bias, added to a slot; and left for the batch, if the gradient of the input needs them.
 * @param sums scratch, for what channels have come to while the block is read row by row
 */
export function sumGradients(
  name: string,
  { channels }: BatchNorm,
  x: View,
  dy: View,
  { mean, inverse }: Normaliser,
  gradients: { readonly weight: Buffer; readonly bias: Buffer },
  left: Buffer,
  sums: Buffer,
): LoopNest {
  const width = Math.min(TOGETHER, x.shape[2]);
  /** The vector of a term and a half for number `k` of the cells that are summed side by side. */
  const sumAt = (c: Index, term: number, h: number, k: number) =>
    at(sums, 4 * ((term * HALVES.length + h) * TOGETHER + k), [c, 4 * SUMS]);
  const inOrder = <Result>(write: (term: number, h: number, k: number) => Result) =>
    [0, 1].map((term) => HALVES.map((_, h) => Array.from({ length: width }, (_, k) => write(term, h, k))));
  return loopNest(name, (b) => {
    b.loop("c", channels, (c) => {
      inOrder((term, h, k) => b.store(sumAt(c, term, h, k), constant(0)));
    });
    forEachLine(b, x, (c, p) => {
      const center = b.variable(splat(at(mean, 0, [c, 1])));
      const sumsOf = inOrder((term, h, k) => b.variable(load(sumAt(c, term, h, k))));
      forEachTileOfLine(b, x, width, c, p, (cellOf, h, k) => {
        const g = b.variable(load(cellOf(dy)));
        const [sum, product] = [sumsOf[0][h][k], sumsOf[1][h][k]];
        sum.set(add(sum, g));
        product.set(madd(g, sub(load(cellOf(x)), center), product));
      });
      inOrder((term, h, k) => b.store(sumAt(c, term, h, k), sumsOf[term][h][k]));
    });
    b.loop("c", channels, (c) => {
      const [plain, weighted] = inOrder((term, h, k) => load(sumAt(c, term, h, k))).map((halves) =>
        halves.map(([first, ...rest]) => rest.reduce<Expression>(add, first)),
      );
      // the gradients of what only fills a block are 0
      const total = b.variable(unary("sumLanes", add(plain[0], plain[1])));
      const stretched = unary("sumLanes", add(weighted[0], weighted[1]));
      const product = b.variable(mul(stretched, splat(at(inverse, 0, [c, 1]))));
      b.storeLane(at(left, 0, [c, 1]), total);
      b.storeLane(at(left, padded(channels), [c, 1]), product);
      for (const [buffer, sum] of [
        [gradients.bias, total],
        [gradients.weight, product],
      ] as const) {
        const place = at(buffer, 0, [c, 1]);
        b.storeLane(place, add(splat(place), sum));
      }
    });
  });
}

/** For each channel, the batch's mean of its gradients, and of its gradients times normalised numbers. */
export function combineGradients(
  name: string,
  layer: BatchNorm,
  memory: { readonly statistics: Buffer; readonly gradientSums: Buffer },
  blocks: Blocks,
  means: { readonly plain: Buffer; readonly weighted: Buffer },
): LoopNest {
  const size = padded(layer.channels);
  const statistics = ofAll(memory.statistics, blocks);
  const sums = ofAll(memory.gradientSums, blocks);
  return loopNest(name, (b) =>
    b.loop("four", size / 4, (four) => {
      const [images, plain, weighted] = [0, 1, 2].map(() => b.variable(constant(0)));
      b.loop("block", "parameter", (block) => {
        images.set(add(images, load(at(statistics, 2 * size, [block, blocks.stride]))));
        plain.set(add(plain, load(at(sums, 0, [block, blocks.stride], [four, 4]))));
        weighted.set(add(weighted, load(at(sums, size, [block, blocks.stride], [four, 4]))));
      });
      const count = b.variable(mul(images, constant(layer.places)));
      b.store(at(means.plain, 0, [four, 4]), div(plain, count));
      b.store(at(means.weighted, 0, [four, 4]), div(weighted, count));
    }),
  );
}

/** weight / deviation * (dy - mean of dy - xhat * mean of dy * xhat); 0 for what only fills the block. */
export function normaliseInputGradient(
  name: string,
  x: View,
  dy: View,
  dx: View,
  { mean, inverse, weight }: Normaliser,
  means: { readonly plain: Buffer; readonly weighted: Buffer },
  ofImages: Buffer,
): LoopNest {
  return loopNest(name, (b) => {
    const mask = halvesOf(b, ofImages);
    forEachLine(b, x, (c, p) => {
      const own = (buffer: Buffer) => splat(at(buffer, 0, [c, 1]));
      const inverted = b.variable(own(inverse));
      const factor = b.variable(mul(own(weight), inverted));
      const factors = mask.map((ones) => b.variable(mul(factor, ones)));
      const [center, plain] = [b.variable(own(mean)), b.variable(own(means.plain))];
      const stretch = b.variable(mul(inverted, own(means.weighted)));
      forEachCellOfLine(b, x, c, p, (cellOf, half) => {
        const rest = madd(sub(load(cellOf(x)), center), stretch, plain);
        b.store(cellOf(dx), mul(factors[half], sub(load(cellOf(dy)), rest)));
      });
    });
  });
}
