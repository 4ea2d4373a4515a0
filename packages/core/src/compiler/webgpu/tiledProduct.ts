import {
  at,
  type Buffer,
  constant,
  type Index,
  LANES,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  type Sum,
  type Variable,
} from "../../ir/ir.js";
import { accumulate, grid, laneOf, tilesOf, transposed } from "../block.js";
import { nested } from "./tiles.js";
import { TUNING } from "./tuning.js";

/*
 * Products of large matrices, tiled through workgroup memory. A workgroup computes 128 rows by 64 columns of the result: its lanes copy
 * a slice of both factors, 16 numbers deep, into memory that they share, wait, multiply what is there, wait, and go on to the next slice.
 * So a number of a factor is read from the device's memory once for 64 or 128 results, not for 8.
 *
 * In workgroup memory the number of a slice comes first, then the row or column. What lies the other way round is turned by squares of
 * four by four on the way. A lane has 8 rows by 8 columns in registers: in each half of the tile's rows, and of its columns, four side by
 * side, and the next lane the next four, so that neighbours read neighbouring vectors.
 */

const ROWS = 128;
const COLUMNS = 64;
const DEPTH = 16;
/** The lanes, as three counters: `high` and the other two count rows and columns of lanes. */
const [HIGH, MIDDLE, LOW] = [16, 2, 4];
/** What lies one number deeper begins four numbers further than it would have to, so that squares are stored to other banks. */
const GAP = 4;

/** A slice of a factor in workgroup memory: `[number][row or column]`. */
interface Slice {
  readonly buffer: Buffer;
  readonly across: number;
}

const sliceOf = (name: string, across: number, offset: number): Slice => ({
  buffer: { name, region: "workgroup", offset, size: DEPTH * (across + GAP) },
  across,
});

const ROW_SLICE = sliceOf("rows", ROWS, 0);
const COLUMN_SLICE = sliceOf("columns", COLUMNS, 4 * ROW_SLICE.buffer.size);

/** A matrix as a factor; one of both strides is 1. Rows, columns or summed numbers that lie side by side are a multiple of four. */
export interface Factor {
  readonly buffer: Buffer;
  readonly start: number;
  /** How far the next row of the left factor lies, the next column of the right one. */
  readonly across: number;
  /** How far the next number lies that is summed over. */
  readonly along: number;
}

export interface Sizes {
  /** Of the left factor, and the result. */
  readonly rows: number;
  /** Of the right factor, and the result: a multiple of four. */
  readonly columns: number;
  /** How many products each number of the result is the sum of. */
  readonly summed: number;
}

/** Where the result goes: its columns lie side by side. */
export interface Result {
  readonly buffer: Buffer;
  readonly start: number;
  /** How far the next row lies, and the result of the next part of the sum. */
  readonly row: number;
  readonly part: number;
}

const workgroupsOf = ({ rows, columns }: Sizes) => Math.ceil(rows / ROWS) * Math.ceil(columns / COLUMNS);

/** Into how many parts the sums may be split. */
const mostParts = ({ summed }: Sizes) => Math.max(1, Math.floor(summed / (4 * DEPTH)));

/** Into how many parts the sums are split, so that enough workgroups keep a device busy. */
export function partsOfProduct(sizes: Sizes): number {
  const wanted = Math.min(Math.ceil(TUNING.tiledBusy / workgroupsOf(sizes)), mostParts(sizes));
  return Math.ceil(sizes.summed / lengthOfPart(sizes.summed, wanted));
}

const lengthOfPart = (summed: number, parts: number) => Math.ceil(summed / DEPTH / parts) * DEPTH;

/** Whether a product is so large that tiles pay. */
export function isLarge(sizes: Sizes, { splits }: { readonly splits: boolean }): boolean {
  const { rows, columns, summed } = sizes;
  const workgroups = workgroupsOf(sizes);
  return (
    rows * columns * summed >= TUNING.tiledFrom &&
    rows * columns >= TUNING.tiledFilled * workgroups * ROWS * COLUMNS &&
    workgroups * (splits ? mostParts(sizes) : 1) >= TUNING.tiledBusy / 2
  );
}

/** The product of two matrices; each part of the sums by itself, if there are several. */
export function tiledProduct(
  name: string,
  { rows, columns, summed }: Sizes,
  left: Factor,
  right: Factor,
  result: Result,
  parts = 1,
): LoopNest {
  return loopNest(name, (b) => {
    let before = 0;
    for (const part of tilesOf(summed, lengthOfPart(summed, parts))) {
      const loops = [
        ["part", part.count],
        ["rowTile", Math.ceil(rows / ROWS)],
        ["columnTile", Math.ceil(columns / COLUMNS)],
      ] as const;
      nested(b, loops, ([p, rowTile, columnTile]) =>
        forEachLane(b, (lane) => {
          const sums = grid(b, 8, 2, () => constant(0));
          for (const { first, count, size } of tilesOf(part.size, DEPTH)) {
            b.loop("slice", count, (slice) => {
              const depth = { first: sum(part.first + first, [p, part.size], [slice, DEPTH]), size };
              copySlice(b, lane, ROW_SLICE, left, rowTile, rows, depth);
              copySlice(b, lane, COLUMN_SLICE, right, columnTile, columns, depth);
              b.barrier();
              b.loop("n", size, (n) => multiplySlices(b, lane, n, sums));
              b.barrier();
            });
          }
          for (const [k, ofRow] of sums.entries()) {
            const row = sum(64 * (k >> 2) + (k % 4), [rowTile, ROWS], [lane.high, 4]);
            for (const [half, value] of ofRow.entries()) {
              const column = sum(32 * half, [columnTile, COLUMNS], [lane.middle, 16], [lane.low, 4]);
              const cell = plus(
                plus(sum(result.start + before * result.part, [p, result.part]), row, result.row),
                column,
              );
              whereAll(b, [below(row, rows, ROWS), below(column, columns, COLUMNS)], () =>
                b.store({ buffer: result.buffer, ...cell }, value),
              );
            }
          }
        }),
      );
      before += part.count;
    }
  });
}

type Term = readonly [Index, number];

const sum = (offset: number, ...terms: readonly Term[]): Sum => ({ offset, terms });

const plus = (a: Sum, b: Sum, times = 1): Sum => ({
  offset: a.offset + times * b.offset,
  terms: [...a.terms, ...b.terms.map(([index, stride]): Term => [index, times * stride])],
});

/** A sum that must be below a bound. */
type Bound = readonly [Sum, number];

/** That a place in a tile is one of `count`; undefined where it always is. */
const below = (place: Sum, count: number, tile: number): Bound | undefined =>
  count % tile === 0 ? undefined : [place, count];

function whereAll(
  b: LoopNestBuilder,
  [bound, ...others]: readonly (Bound | undefined)[],
  write: () => void,
): void {
  const inside = others.length === 0 ? write : () => whereAll(b, others, write);
  if (bound) b.when(...bound, inside);
  else inside();
}

interface Lane {
  readonly high: Index;
  readonly middle: Index;
  readonly low: Index;
}

const forEachLane = (b: LoopNestBuilder, write: (lane: Lane) => void) =>
  b.loop(
    "high",
    HIGH,
    (high) =>
      b.loop(
        "middle",
        MIDDLE,
        (middle) => b.loop("low", LOW, (low) => write({ high, middle, low }), LANES),
        LANES,
      ),
    LANES,
  );

/** Numbers that are summed over: where they begin, and how many. */
interface Depth {
  readonly first: Sum;
  readonly size: number;
}

/** Copies what a tile of a factor needs for a slice. @param count how many rows or columns the factor has */
function copySlice(
  b: LoopNestBuilder,
  { high, middle, low }: Lane,
  { buffer, across }: Slice,
  factor: Factor,
  tile: Index,
  count: number,
  depth: Depth,
): void {
  /** The cell of the factor in row or column `line`, so many numbers after the slice's first. */
  const cellOf = (line: Sum, deeper: Sum) => ({
    buffer: factor.buffer,
    ...plus(plus(sum(factor.start), line, factor.across), plus(depth.first, deeper), factor.along),
  });
  const stored = (line: Sum, deeper: Sum) => ({ buffer, ...plus(line, deeper, across + GAP) });
  if (factor.across === 1) {
    const deeper = sum(0, [high, 1]);
    for (let first = 0; first < across; first += 32) {
      const own = sum(first, [middle, 16], [low, 4]);
      const line = plus(sum(0, [tile, across]), own);
      whereAll(b, [below(deeper, depth.size, DEPTH), below(line, count, across)], () =>
        b.store(stored(own, deeper), load(cellOf(line, deeper))),
      );
    }
    return;
  }
  const own = across === ROWS ? sum(0, [high, 8], [middle, 4]) : sum(0, [high, 4]);
  const isOnes: Bound | undefined = across === ROWS ? undefined : [sum(0, [middle, 1]), 1];
  const deeper = sum(0, [low, 4]);
  whereAll(b, [isOnes, below(deeper, depth.size, DEPTH)], () => {
    const lines = [0, 1, 2, 3].map((k) => {
      const line = plus(sum(k, [tile, across]), own);
      const bound = below(line, count, across);
      const cells = load(cellOf(line, deeper));
      if (bound === undefined) return b.variable(cells);
      const known = b.variable(constant(0));
      b.when(...bound, () => known.set(cells));
      return known;
    });
    for (const [k, turned] of transposed(b, lines).entries())
      b.store(stored(own, plus(sum(k), deeper)), turned);
  });
}

/** Multiplies what lies `n` numbers deep in the slices. */
function multiplySlices(
  b: LoopNestBuilder,
  { high, middle, low }: Lane,
  n: Index,
  sums: readonly (readonly Variable[])[],
): void {
  const fromSlice = ({ buffer, across }: Slice, half: number, ...lane: readonly Term[]) =>
    b.variable(load(at(buffer, (half * across) / 2, [n, across + GAP], ...lane)));
  const left = [0, 1].map((half) => fromSlice(ROW_SLICE, half, [high, 4]));
  const right = [0, 1].map((half) => fromSlice(COLUMN_SLICE, half, [middle, 16], [low, 4]));
  for (const [k, ofRow] of sums.entries()) {
    const factor = laneOf(left[k >> 2], k % 4);
    for (const [half, sum] of ofRow.entries()) accumulate(sum, factor, right[half]);
  }
}
