import {
  add,
  at,
  type Buffer,
  constant,
  type Expression,
  type Index,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  PARALLEL,
  unary,
  type Variable,
} from "../../ir/ir.js";
import { tilesOf, treeSum } from "../block.js";
import { nested } from "./tiles.js";
import { TUNING } from "./tuning.js";

/* Long sums: many loads at a time, so that they don't wait for each other, and in two rounds where they are very long. */

/** Which of many: a number, and what loops add to it. */
export type Which = readonly [first: number, ...terms: (readonly [Index, number])[]];

/** Calls `write` for each of `count` things, some of them unrolled at a time. */
export function forEachOf(b: LoopNestBuilder, count: number, write: (some: readonly Which[]) => void): void {
  for (const tile of tilesOf(count, TUNING.together)) {
    b.loop("n", tile.count, (n) =>
      write(Array.from({ length: tile.size }, (_, k): Which => [tile.first + k, [n, tile.size]])),
    );
  }
}

/** The sum of `count` things. */
export function sumOf(b: LoopNestBuilder, count: number, value: (which: Which) => Expression): Variable {
  return sumsOf(b, count, 1, (which) => [value(which)])[0];
}

/** Several sums of `count` things each, from the same loads. */
export function sumsOf(
  b: LoopNestBuilder,
  count: number,
  sums: number,
  values: (which: Which) => readonly Expression[],
): Variable[] {
  const totals = Array.from({ length: sums }, () => b.variable(constant(0)));
  forEachOf(b, count, (some) => {
    const all = some.map((which) => values(which).map((value) => b.variable(value)));
    for (const [k, total] of totals.entries()) total.set(add(total, treeSum(all.map((row) => row[k]))));
  });
  return totals;
}

/** Vector `which` of a row that begins at number `start`. */
export const vectorAt = (
  buffer: Buffer,
  start: number,
  [first, ...terms]: Which,
  ...more: (readonly [Index, number])[]
) =>
  load(
    at(buffer, start + 4 * first, ...terms.map(([index, stride]) => [index, 4 * stride] as const), ...more),
  );

/** At least so many invocations add up a long row. */
const ADDERS = 16;

/** Rows of more vectors than this are added up in two rounds. */
const LONG = 64;

/**
 * How many vectors of each row are left after the first round, so that both rounds take about as long: as many as before where that is
 * not worth it.
 */
export const vectorsLeft = (vectors: number) =>
  vectors > LONG ? Math.max(ADDERS, Math.round(Math.sqrt(vectors))) : vectors;

/** Adds up rows of `vectors` to rows of `vectorsLeft(vectors)`. */
export function shortenRows(
  name: string,
  partial: Buffer,
  rows: number,
  vectors: number,
  shorter: Buffer,
): LoopNest {
  const left = vectorsLeft(vectors);
  return loopNest(name, (b) => {
    let written = 0;
    for (const { first, count, size } of partsOf(vectors, left)) {
      nested(
        b,
        [
          ["k", rows],
          ["part", count],
        ],
        ([k, part]) => {
          const sum = sumOf(b, size, (which) =>
            vectorAt(partial, 4 * first, which, [k, 4 * vectors], [part, 4 * size]),
          );
          b.store(at(shorter, 4 * written, [k, 4 * left], [part, 4]), sum);
        },
      );
      written += count;
    }
  });
}

/** `total` things in `parts` parts that differ by at most one. */
function partsOf(total: number, parts: number): { first: number; count: number; size: number }[] {
  const size = Math.floor(total / parts);
  const larger = total % parts;
  return [
    { first: 0, count: larger, size: size + 1 },
    { first: larger * (size + 1), count: parts - larger, size },
  ].filter(({ count }) => count > 0);
}

/** Each number of a gradient is the sum of a row of vectors in `partial`, one row after the other from `first` on. */
function addRows(
  b: LoopNestBuilder,
  partial: Buffer,
  first: number,
  vectors: number,
  gradient: Buffer,
): void {
  b.loop(
    "k",
    gradient.size,
    (k) => {
      const sum = sumOf(b, vectors, (which) =>
        vectorAt(partial, first * 4 * vectors, which, [k, 4 * vectors]),
      );
      b.storeLane(at(gradient, 0, [k, 1]), unary("sumLanes", sum));
    },
    PARALLEL,
  );
}

/** The gradients of weight and bias, from sums as `sumParameterGradients` leaves them. */
export function addPartialSums(
  name: string,
  partial: Buffer,
  vectors: number,
  weightGradient: Buffer,
  biasGradient: Buffer | undefined,
): LoopNest {
  return loopNest(name, (b) => {
    addRows(b, partial, 0, vectors, weightGradient);
    if (biasGradient) addRows(b, partial, weightGradient.size, vectors, biasGradient);
  });
}
