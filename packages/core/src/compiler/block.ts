import {
  type Address,
  add,
  at,
  type Buffer,
  type Expression,
  type Index,
  type LoopNestBuilder,
  madd,
  PARALLEL,
  type Variable,
} from "../ir/ir.js";

/** How many images go through the network together. Each cell of a block is 8 float32 numbers, one for each image. */
export const BLOCK = 8;

/** A cell is two vectors of four numbers. */
export const HALVES = [0, 4] as const;

/**
 * Where the cells of a block of images lie: cell [c, p, q] begins at number `start + c*plane + p*row + q*BLOCK` of the
 * buffer. Around each plane there can be a border, which a layer with padding reads; its first window begins at
 * `windowStart`.
 */
export interface View {
  readonly buffer: Buffer;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly start: number;
  readonly windowStart: number;
  readonly plane: number;
  readonly row: number;
}

/** The first of a cell's numbers. */
export function cellAt(
  view: View,
  c: number,
  p: number,
  q: number,
  ...terms: readonly (readonly [Index, number])[]
): Address {
  return at(view.buffer, view.start + c * view.plane + p * view.row + q * BLOCK, ...terms);
}

/** `total` things in tiles of at most `largest`: first the full tiles, then the rest as one smaller tile. */
export function tilesOf(total: number, largest: number): { first: number; count: number; size: number }[] {
  const count = Math.floor(total / largest);
  const rest = total % largest;
  return [
    ...(count > 0 ? [{ first: 0, count, size: largest }] : []),
    ...(rest > 0 ? [{ first: count * largest, count: 1, size: rest }] : []),
  ];
}

/** Calls `write`, which leaves other cells alone, in loops over all cells of a view, for each half of a cell, with the cell's counters and strides. */
export function forEachCell(
  b: LoopNestBuilder,
  view: View,
  write: (cellOf: (other: View) => Address, c: Index, half: number) => void,
): void {
  const [C, H, W] = view.shape;
  const cells = (c: Index, p: Index, q: Index) => {
    for (const half of HALVES) {
      const cellOf = (other: View) =>
        at(other.buffer, other.start + half, [c, other.plane], [p, other.row], [q, BLOCK]);
      write(cellOf, c, half);
    }
  };
  const lines = (c: Index, p: Index) => b.loop("q", W, (q) => cells(c, p, q), PARALLEL);
  if (view.plane < view.row) b.loop("p", H, (p) => b.loop("c", C, (c) => lines(c, p), PARALLEL), PARALLEL);
  else b.loop("c", C, (c) => b.loop("p", H, (p) => lines(c, p), PARALLEL), PARALLEL);
}

/** Adds a product to a sum that is kept in a variable. */
export function accumulate(sum: Variable, a: Expression, b: Expression): void {
  sum.set(madd(a, b, sum));
}

/** Number `k` of a vector, four times. */
export const laneOf = (vector: Expression, k: number): Expression => ({
  kind: "shuffle",
  lanes: [k, k, k, k],
  a: vector,
  b: vector,
});

/** A grid of variables, `rows` by `columns`. */
export function grid(
  b: LoopNestBuilder,
  rows: number,
  columns: number,
  initial: (row: number, column: number) => Expression,
): Variable[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => b.variable(initial(row, column))),
  );
}

/** Four vectors as a square of numbers, its columns as rows. */
export function transposed(b: LoopNestBuilder, [r0, r1, r2, r3]: readonly Variable[]): Expression[] {
  const shuffle = (lanes: readonly number[], a: Expression, c: Expression): Expression => ({
    kind: "shuffle",
    lanes,
    a,
    b: c,
  });
  const left = [b.variable(shuffle([0, 4, 1, 5], r0, r1)), b.variable(shuffle([0, 4, 1, 5], r2, r3))];
  const right = [b.variable(shuffle([2, 6, 3, 7], r0, r1)), b.variable(shuffle([2, 6, 3, 7], r2, r3))];
  return [left, right].flatMap(([a, c]) => [shuffle([0, 1, 4, 5], a, c), shuffle([2, 3, 6, 7], a, c)]);
}

/** A sum in which additions wait for as few others as can be. */
export function treeSum(terms: readonly Expression[]): Expression {
  if (terms.length === 1) return terms[0];
  const middle = Math.ceil(terms.length / 2);
  return add(treeSum(terms.slice(0, middle)), treeSum(terms.slice(middle)));
}
