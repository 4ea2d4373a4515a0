import {
  add,
  at,
  type Buffer,
  constant,
  div,
  type Expression,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  madd,
  mul,
  pmax,
  splat,
  sub,
  unary,
  type Variable,
} from "../../ir/ir.js";
import type { BatchNorm } from "../../layers/batchStatistics.js";
import { HALVES, type View } from "../block.js";
import type { Blocks } from "../lower/lowering.js";
import { type CellOf, forEachCellOfLine, forEachLine, forEachTileOfLine } from "./lines.js";

/*
 * Batch normalisation over a batch that goes through in blocks. Each block leaves, for each channel, the mean of its numbers and
 * the sum of the squares of their distances from it; from these all threads work out the batch's, block after block in order, by
 * the formulas of T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
 * (1979), which lose nothing where the mean is large and the variance small. Images that only fill a block are left out.
 */

/** The number of channels, filled up to whole vectors. */
export const padded = (channels: number) => Math.ceil(channels / 4) * 4;

/** What a block leaves: for each channel its mean, then its sum of squares; then the number of its images, four times. */
export const statisticsSize = ({ channels }: BatchNorm) => 2 * padded(channels) + 4;

/** One number for each channel. */
export const perChannel = ({ channels }: BatchNorm) => padded(channels);

/** So many cells of a row are summed side by side, each in two variables. */
export const TOGETHER = 4;

/** Both halves of a cell that has 1 for each image of the block, 0 for what only fills it. */
export const halvesOf = (b: LoopNestBuilder, mask: Buffer): Variable[] =>
  HALVES.map((half) => b.variable(load(at(mask, half))));

/** The sum of what two halves of a cell hold, of images only: one number, four times. */
const sumOfImages = (halves: readonly Expression[], mask: readonly Expression[]) =>
  unary("sumLanes", madd(halves[1], mask[1], mul(halves[0], mask[0])));

/**
 * For both halves of the cells of a channel, the sum of a number made from each cell; in several variables that are added
 * in the end, so that additions needn't wait for each other.
 */
function sumChannel(
  b: LoopNestBuilder,
  view: View,
  c: Index,
  write: (cellOf: CellOf, sum: Variable) => void,
): Expression[] {
  const [, H, W] = view.shape;
  const width = Math.min(TOGETHER, W);
  const sums = HALVES.map(() => Array.from({ length: width }, () => b.variable(constant(0))));
  b.loop("p", H, (p) => forEachTileOfLine(b, view, width, c, p, (cellOf, h, k) => write(cellOf, sums[h][k])));
  return sums.map(([first, ...rest]) => rest.reduce<Expression>(add, first));
}

/**
 * A block's part of the statistics.
 * @param ofImages one cell: 1 for each image of the block, 0 for what only fills it
 */
export function measureBlock(
  name: string,
  { channels, places }: BatchNorm,
  x: View,
  ofImages: Buffer,
  statistics: Buffer,
): LoopNest {
  return loopNest(name, (b) => {
    const mask = halvesOf(b, ofImages);
    const images = b.variable(unary("sumLanes", add(mask[0], mask[1])));
    b.store(at(statistics, 2 * padded(channels)), images);
    const share = b.variable(div(constant(1), mul(images, constant(places))));
    b.loop("c", channels, (c) => {
      // counted from some number of the channel: where all are equal, so is their mean, to the last bit
      const origin = b.variable(splat(at(x.buffer, x.start, [c, x.plane])));
      const sums = sumChannel(b, x, c, (cellOf, sum) => sum.set(add(sum, sub(load(cellOf(x)), origin))));
      const mean = b.variable(madd(sumOfImages(sums, mask), share, origin));
      const squares = sumChannel(b, x, c, (cellOf, sum) => {
        const distance = b.variable(sub(load(cellOf(x)), mean));
        sum.set(madd(distance, distance, sum));
      });
      b.storeLane(at(statistics, 0, [c, 1]), mean);
      b.storeLane(at(statistics, padded(channels), [c, 1]), sumOfImages(squares, mask));
    });
  });
}

/** Of four channels: mean, sum of squares and how many images there are, over all blocks. */
function combine(
  b: LoopNestBuilder,
  { channels, places }: BatchNorm,
  statistics: Buffer,
  stride: number,
  four: Index,
) {
  const [images, mean, squares] = [0, 1, 2].map(() => b.variable(constant(0)));
  b.loop("block", "parameter", (block) => {
    const here = (offset: number, ...terms: [Index, number][]) =>
      b.variable(load(at(statistics, offset, [block, stride], ...terms)));
    const ofBlock = here(2 * padded(channels));
    const distance = b.variable(sub(here(0, [four, 4]), mean));
    const total = b.variable(add(images, ofBlock));
    const share = b.variable(div(ofBlock, total));
    const between = mul(mul(distance, distance), mul(mul(images, share), constant(places)));
    squares.set(add(add(squares, here(padded(channels), [four, 4])), between));
    mean.set(madd(distance, share, mean));
    images.set(total);
  });
  return { images, mean, squares };
}

/** All blocks' memory, counted from the first one's. */
export const ofAll = (buffer: Buffer, { count, stride }: Blocks): Buffer => ({
  ...buffer,
  size: (count - 1) * stride + buffer.size,
});

/** The batch's mean and 1 / standard deviation, from what all blocks have left. */
export function combineBlocks(
  name: string,
  layer: BatchNorm,
  statistics: Buffer,
  blocks: Blocks,
  mean: Buffer,
  inverse: Buffer,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop("four", perChannel(layer) / 4, (four) => {
      const all = combine(b, layer, ofAll(statistics, blocks), blocks.stride, four);
      const variance = div(all.squares, mul(all.images, constant(layer.places)));
      b.store(at(mean, 0, [four, 4]), all.mean);
      b.store(at(inverse, 0, [four, 4]), inverseOf(variance, layer));
    }),
  );
}

const inverseOf = (variance: Expression, { eps }: BatchNorm) =>
  div(constant(1), unary("sqrt", add(variance, constant(eps))));

/** For inference: the running mean and 1 / running deviation. */
export function copyRunning(
  name: string,
  layer: BatchNorm,
  running: { readonly mean: Buffer; readonly variance: Buffer },
  mean: Buffer,
  inverse: Buffer,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop("four", perChannel(layer) / 4, (four) => {
      b.store(at(mean, 0, [four, 4]), load(at(wholeVectors(running.mean), 0, [four, 4])));
      const variance = load(at(wholeVectors(running.variance), 0, [four, 4]));
      b.store(at(inverse, 0, [four, 4]), inverseOf(variance, layer));
    }),
  );
}

/** A parameter in a row, where each takes whole vectors. */
export const wholeVectors = (buffer: Buffer): Buffer => ({ ...buffer, size: padded(buffer.size) });

/** Mixes the batch's mean and sample variance into the running ones. */
export function updateRunning(
  name: string,
  layer: BatchNorm,
  statistics: Buffer,
  { stride }: Blocks,
  running: { readonly mean: Buffer; readonly variance: Buffer },
): LoopNest {
  const { momentum, places } = layer;
  return loopNest(name, (b) =>
    b.loop("four", perChannel(layer) / 4, (four) => {
      const { images, mean, squares } = combine(b, layer, statistics, stride, four);
      const sample = div(squares, sub(mul(images, constant(places)), constant(1)));
      const mix = (buffer: Buffer, batch: Expression) => {
        const place = at(wholeVectors(buffer), 0, [four, 4]);
        b.store(place, madd(constant(momentum), batch, mul(constant(1 - momentum), load(place))));
      };
      mix(running.mean, mean);
      mix(running.variance, sample);
    }),
  );
}

/** What a channel's numbers are normalised by. */
export interface Normaliser {
  readonly mean: Buffer;
  readonly inverse: Buffer;
  readonly weight: Buffer;
}

/** (x - mean) * weight / deviation + bias, and what a ReLU makes of it, if it is fused into the layer. */
export function normalise(
  name: string,
  { mean, inverse, weight }: Normaliser,
  bias: Buffer,
  x: View,
  y: View,
  relu: boolean,
): LoopNest {
  return loopNest(name, (b) =>
    forEachLine(b, x, (c, p) => {
      const [center, factor] = [
        b.variable(splat(at(mean, 0, [c, 1]))),
        b.variable(mul(splat(at(weight, 0, [c, 1])), splat(at(inverse, 0, [c, 1])))),
      ];
      const shift = b.variable(splat(at(bias, 0, [c, 1])));
      forEachCellOfLine(b, x, c, p, (cellOf) => {
        const value = madd(sub(load(cellOf(x)), center), factor, shift);
        b.store(cellOf(y), relu ? pmax(value, constant(0)) : value);
      });
    }),
  );
}
