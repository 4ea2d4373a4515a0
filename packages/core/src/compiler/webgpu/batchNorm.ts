import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  madd,
  max,
  mul,
  PARALLEL,
  pmax,
  select,
  splat,
  sub,
  unary,
  type Variable,
} from "../../ir/ir.js";
import type { BatchNorm } from "../../layers/batchStatistics.js";
import { forEachCell, tilesOf, type View } from "../block.js";
import { sumOf, sumsOf, vectorAt, type Which } from "./sums.js";
import { nested } from "./tiles.js";

/*
 * Batch normalisation in a shader. Each vector of images is summed by itself, then these sums are put together for each
 * channel, first the means, then the squares of distances: by the formulas of T. Chan, G. Golub, R. LeVeque, "Updating
 * formulae and a pairwise algorithm for computing sample variances" (1979). Images that only fill the batch are left out.
 */

/**
 * How a channel's numbers are split: into parts of the rows for each vector of images; these are put together in lanes, as many as there
 * are things in each, about: what takes the time is how many loads follow each other.
 */
export interface NormSplit {
  readonly parts: number;
  readonly lanes: number;
}

/** About so many invocations keep a device busy. */
const BUSY = 32768;

/** @param height rows of a channel; vectors: how many each cell of the batch has */
export function splitFor({ channels }: BatchNorm, height: number, vectors: number): NormSplit {
  const wanted = Math.ceil(BUSY / (channels * vectors));
  // parts of the same number of rows
  const parts = Array.from({ length: Math.min(wanted, height) }, (_, k) => k + 1).findLast(
    (count) => height % count === 0,
  );
  const items = (parts ?? 1) * vectors;
  const rounds = (lanes: number) => lanes + items / lanes;
  const lanes = [64, 32, 16, 8, 4, 2, 1].filter((count) => items % count === 0);
  return {
    parts: parts ?? 1,
    lanes: lanes.reduce((best, next) => (rounds(next) < rounds(best) ? next : best)),
  };
}

/** What the kernels of a layer leave for each other. */
export interface NormMemory {
  readonly split: NormSplit;
  /** Vectors `[channel][part][vector of images]`: means and squares, or backward sums of two kinds. */
  readonly means: Buffer;
  readonly squares: Buffer;
  /** And how many numbers these stand for: none where images only fill the batch. */
  readonly ofItems: Buffer;
  /** Vectors `[channel][lane]`: the same, put together, and how many numbers they stand for. */
  readonly mergedMeans: Buffer;
  readonly mergedSquares: Buffer;
  readonly counts: Buffer;
  /** A number for each channel. */
  readonly mean: Buffer;
  readonly inverse: Buffer;
  /** How many numbers of the batch a channel has. */
  readonly count: Buffer;
  /** The sample variance, for the running one. */
  readonly sample: Buffer;
  readonly plain: Buffer;
  readonly weighted: Buffer;
}

const TOGETHER = 4;

/** Sums over the cells of a part of channel c, for vector n of the images, in several variables that are added in the end. */
export function sumCells(
  b: LoopNestBuilder,
  { shape: [, , W] }: View,
  [c, part, n]: readonly Index[],
  { rows, cell }: { readonly rows: number; readonly cell: number },
  terms: number,
  write: (load: (view: View) => Expression, sums: readonly Variable[]) => void,
): Expression[] {
  const width = Math.min(TOGETHER, W);
  const sums = Array.from({ length: terms }, () =>
    Array.from({ length: width }, () => b.variable(constant(0))),
  );
  b.loop("p", rows, (p) => {
    for (const { first, count, size } of tilesOf(W, width)) {
      b.loop("q", count, (q) => {
        for (let k = 0; k < size; k++) {
          const loadFrom = (view: View) =>
            load(
              at(
                view.buffer,
                view.start + (first + k) * cell,
                ...([
                  [c, view.plane],
                  [part, rows * view.row],
                  [p, view.row],
                ] as const),
                ...([
                  [q, size * cell],
                  [n, 4],
                ] as const),
              ),
            );
          write(
            loadFrom,
            sums.map((row) => row[k]),
          );
        }
      });
    }
  });
  return sums.map(([first, ...rest]) => rest.reduce<Expression>(add, first));
}

/** The mean of each part of a channel for each vector of images, and the sum of the squares of distances from it. */
export function measure(
  name: string,
  { channels }: BatchNorm,
  x: View,
  { means, squares, ofItems, split }: NormMemory,
  mask: Buffer,
  vectors: number,
): LoopNest {
  const cell = 4 * vectors;
  const rows = x.shape[1] / split.parts;
  const cells = rows * x.shape[2];
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
        // counted from some number of the channel: where all are equal, so is their mean, to the last bit
        const origin = b.variable(splat(at(x.buffer, x.start, [c, x.plane])));
        const [sum] = sumCells(b, x, which, { rows, cell }, 1, (number, [total]) =>
          total.set(add(total, sub(number(x), origin))),
        );
        const mean = b.variable(madd(sum, constant(1 / cells), origin));
        const [square] = sumCells(b, x, which, { rows, cell }, 1, (number, [total]) => {
          const distance = b.variable(sub(number(x), mean));
          total.set(madd(distance, distance, total));
        });
        const place = (buffer: Buffer) => at(buffer, 0, [c, split.parts * cell], [part, cell], [n, 4]);
        b.store(place(means), mean);
        b.store(place(squares), square);
        b.store(place(ofItems), mul(load(at(mask, 0, [n, 4])), constant(cells)));
      },
    ),
  );
}

/** Puts items together that follow each other, in `lanes`: for each of the four images of their vectors. */
export function merge(name: string, { channels }: BatchNorm, memory: NormMemory, vectors: number): LoopNest {
  const { parts, lanes } = memory.split;
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
        const item = (buffer: Buffer, which: Which) =>
          vectorAt(buffer, 0, which, [c, 4 * items], [lane, 4 * each]);
        const origin = b.variable(item(memory.means, [0]));
        const [count, sum] = sumsOf(b, each, 2, (which) => {
          const number = b.variable(item(memory.ofItems, which));
          return [number, mul(sub(item(memory.means, which), origin), number)];
        });
        // where no image is one, any number but 0 will do
        const share = b.variable(div(constant(1), max(count, constant(1))));
        const mean = b.variable(madd(sum, share, origin));
        const square = sumOf(b, each, (which) => {
          const distance = b.variable(sub(item(memory.means, which), mean));
          const number = b.variable(item(memory.ofItems, which));
          const own = select(binary("gt", number, constant(0)), item(memory.squares, which), constant(0));
          return madd(mul(distance, distance), number, own);
        });
        const keep = (buffer: Buffer, value: Expression) =>
          b.store(at(buffer, 0, [c, 4 * lanes], [lane, 4]), value);
        keep(memory.mergedMeans, mean);
        keep(memory.mergedSquares, square);
        keep(memory.counts, count);
      },
    ),
  );
}

/** The batch's mean, 1 / standard deviation and sample variance of each channel. */
export function combine(name: string, { channels, eps }: BatchNorm, memory: NormMemory): LoopNest {
  const { lanes } = memory.split;
  return loopNest(name, (b) =>
    b.loop(
      "c",
      channels,
      (c) => {
        const item = (buffer: Buffer, which: Which) => vectorAt(buffer, 0, which, [c, 4 * lanes]);
        const total = (sum: Expression) => b.variable(unary("sumLanes", sum));
        const origin = b.variable(splat(at(memory.mergedMeans, 0, [c, 4 * lanes])));
        const sums = sumsOf(b, lanes, 2, (which) => {
          const number = b.variable(item(memory.counts, which));
          return [number, mul(sub(item(memory.mergedMeans, which), origin), number)];
        });
        const [count, sum] = sums.map(total);
        const mean = b.variable(add(origin, div(sum, count)));
        const squares = sumOf(b, lanes, (which) => {
          const distance = b.variable(sub(item(memory.mergedMeans, which), mean));
          return madd(mul(distance, distance), item(memory.counts, which), item(memory.mergedSquares, which));
        });
        const square = total(squares);
        const keep = (buffer: Buffer, value: Expression) => b.storeLane(at(buffer, 0, [c, 1]), value);
        keep(memory.mean, mean);
        keep(memory.count, count);
        keep(memory.inverse, inverseOf(div(square, count), eps));
        keep(memory.sample, div(square, sub(count, constant(1))));
      },
      PARALLEL,
    ),
  );
}

const inverseOf = (variance: Expression, eps: number) =>
  div(constant(1), unary("sqrt", add(variance, constant(eps))));

/** For inference: the running mean and 1 / running deviation. */
export function takeRunning(
  name: string,
  { channels, eps }: BatchNorm,
  running: { readonly mean: Buffer; readonly variance: Buffer },
  { mean, inverse }: Pick<NormMemory, "mean" | "inverse">,
): LoopNest {
  return loopNest(name, (b) =>
    b.loop(
      "c",
      channels,
      (c) => {
        b.storeLane(at(mean, 0, [c, 1]), splat(at(running.mean, 0, [c, 1])));
        b.storeLane(at(inverse, 0, [c, 1]), inverseOf(splat(at(running.variance, 0, [c, 1])), eps));
      },
      PARALLEL,
    ),
  );
}

/** Mixes the batch's mean and sample variance into the running ones. */
export function updateRunning(
  name: string,
  { channels, momentum }: BatchNorm,
  { mean, sample }: NormMemory,
  running: { readonly mean: Buffer; readonly variance: Buffer },
): LoopNest {
  return loopNest(name, (b) =>
    b.loop(
      "c",
      channels,
      (c) => {
        for (const [target, batch] of [
          [running.mean, mean],
          [running.variance, sample],
        ]) {
          const place = at(target, 0, [c, 1]);
          const kept = mul(constant(1 - momentum), splat(place));
          b.storeLane(place, madd(constant(momentum), splat(at(batch, 0, [c, 1])), kept));
        }
      },
      PARALLEL,
    ),
  );
}

/** (x - mean) * weight / deviation + bias, and what a ReLU makes of it, if it is fused into the layer: of a block. */
export function normalise(
  name: string,
  { mean, inverse }: Pick<NormMemory, "mean" | "inverse">,
  { weight, bias }: { readonly weight: Buffer; readonly bias: Buffer },
  x: View,
  y: View,
  relu: boolean,
): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, x, (cellOf, c) => {
      const own = (buffer: Buffer) => splat(at(buffer, 0, [c, 1]));
      const factor = mul(own(weight), own(inverse));
      const value = madd(sub(load(cellOf(x)), own(mean)), factor, own(bias));
      b.store(cellOf(y), relu ? pmax(value, constant(0)) : value);
    }),
  );
}
