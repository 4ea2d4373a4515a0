import type { Normalization } from "../../graph/model.js";
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
  max,
  mul,
  pmax,
  splat,
  sub,
  unary,
} from "../../ir/ir.js";
import { BLOCK, type View } from "../block.js";
import { firstLanes, LANES, type Rows, rowAt, vectors, vectorsOf } from "./rows.js";

/* What has no weights, for one image: four cells of a row at a time. */

/** Scales an image of bytes, `[C, H, W]`, as data/batch.ts does. */
export function loadImage(name: string, bytes: Buffer, x: Rows, { mean, std }: Normalization): LoopNest {
  const [C, H, W] = x.shape;
  return loopNest(name, (b) => {
    for (let c = 0; c < C; c++) {
      for (const qs of vectorsOf(W, 1)) {
        b.loop("p", H, (p) =>
          b.loop("q", qs.count, (q) => {
            const addresses = [0, 1, 2, 3].map((lane) =>
              at(bytes, c * H * W + LANES * qs.first + Math.min(lane, qs.lanes - 1), [p, W], [q, LANES]),
            );
            let value: Expression = div({ kind: "bytes", addresses }, constant(255));
            if (mean[c] !== 0) value = sub(value, constant(mean[c]));
            if (std[c] !== 1) value = div(value, constant(std[c]));
            const place = rowAt(x, [c, 0, LANES * qs.first], [p, x.row], [q, LANES]);
            b.store(place, firstLanes(value, qs.lanes));
          }),
        );
      }
    }
  });
}

export function rectify(name: string, x: Rows, y: Rows): LoopNest {
  return loopNest(name, (b) =>
    forEachVector(b, x, (placeIn) => b.store(placeIn(y), pmax(load(placeIn(x)), constant(0)))),
  );
}

/** Keeps the gradient where the output `y` is positive. `dy` and `dx` may be the same. */
export function rectifyInputGradient(name: string, y: Rows, dy: Rows, dx: Rows): LoopNest {
  return loopNest(name, (b) =>
    forEachVector(b, y, (placeIn) => {
      const open = binary("gt", load(placeIn(y)), constant(0));
      b.store(placeIn(dx), binary("and", load(placeIn(dy)), open));
    }),
  );
}

/** Stores what is made of the numbers at the same place of other rows, and zeros behind a row's last cell. */
export function mapRows(
  name: string,
  inputs: readonly Rows[],
  y: Rows,
  output: (numbers: readonly Expression[], b: LoopNestBuilder) => Expression,
): LoopNest {
  const [C, H, W] = y.shape;
  return loopNest(name, (b) =>
    b.loop("c", C, (c) =>
      b.loop("p", H, (p) => {
        for (const qs of vectorsOf(W, 1)) {
          b.loop("q", qs.count, (q) => {
            const placeIn = (rows: Rows) =>
              rowAt(rows, [0, 0, LANES * qs.first], [c, rows.plane], [p, rows.row], [q, LANES]);
            const numbers = inputs.map((rows) => load(placeIn(rows)));
            b.store(placeIn(y), firstLanes(output(numbers, b), qs.lanes));
          });
        }
      }),
    ),
  );
}

/** Calls `write` in loops over all vectors of an image. */
function forEachVector(
  b: LoopNestBuilder,
  { shape: [C, H, W] }: Rows,
  write: (placeIn: (rows: Rows) => ReturnType<typeof rowAt>) => void,
): void {
  b.loop("c", C, (c) =>
    b.loop("p", H, (p) =>
      b.loop("q", vectors(W), (q) =>
        write((rows) => rowAt(rows, [0, 0, 0], [c, rows.plane], [p, rows.row], [q, LANES])),
      ),
    ),
  );
}

/** From maps to one row, without the room between the maps' rows. What a row writes too much the next one overwrites. */
export function flatten(name: string, x: Rows, y: Rows): LoopNest {
  return loopNest(name, (b) =>
    forEachRowVector(b, x, (inMaps, inRow, lanes) => b.store(inRow(y), firstLanes(load(inMaps(x)), lanes))),
  );
}

export function flattenInputGradient(name: string, dy: Rows, dx: Rows): LoopNest {
  return loopNest(name, (b) =>
    forEachRowVector(b, dx, (inMaps, inRow, lanes) =>
      b.store(inMaps(dx), firstLanes(load(inRow(dy)), lanes)),
    ),
  );
}

function forEachRowVector(
  b: LoopNestBuilder,
  { shape: [C, H, W] }: Rows,
  write: (
    inMaps: (rows: Rows) => ReturnType<typeof rowAt>,
    inRow: (rows: Rows) => ReturnType<typeof rowAt>,
    lanes: number,
  ) => void,
): void {
  b.loop("c", C, (c) =>
    b.loop("p", H, (p) => {
      for (const qs of vectorsOf(W, 1)) {
        b.loop("q", qs.count, (q) => {
          const first = LANES * qs.first;
          write(
            (rows) => rowAt(rows, [0, 0, first], [c, rows.plane], [p, rows.row], [q, LANES]),
            (rows) => rowAt(rows, [0, 0, first], [c, H * W], [p, W], [q, LANES]),
            qs.lanes,
          );
        });
      }
    }),
  );
}

/** The mean of each map of `x`, into a row. */
export function averagePlanes(name: string, x: Rows, y: Rows): LoopNest {
  const [C, H, W] = x.shape;
  return loopNest(name, (b) =>
    b.loop("c", C, (c) => {
      const sum = b.variable(constant(0));
      b.loop("p", H, (p) =>
        b.loop("q", vectors(W), (q) =>
          sum.set(add(sum, load(rowAt(x, [0, 0, 0], [c, x.plane], [p, x.row], [q, LANES])))),
        ),
      );
      b.storeLane(rowAt(y, [0, 0, 0], [c, 1]), mul(unary("sumLanes", sum), constant(1 / (H * W))));
    }),
  );
}

/** The gradient of each mean, in equal shares, into all cells of its map. */
export function spreadOverPlanes(name: string, dy: Rows, dx: Rows): LoopNest {
  const [C, H, W] = dx.shape;
  return loopNest(name, (b) =>
    b.loop("c", C, (c) => {
      const share = b.variable(mul(splat(rowAt(dy, [0, 0, 0], [c, 1])), constant(1 / (H * W))));
      b.loop("p", H, (p) => {
        for (const qs of vectorsOf(W, 1)) {
          b.loop("q", qs.count, (q) => {
            const place = rowAt(dx, [0, 0, LANES * qs.first], [c, dx.plane], [p, dx.row], [q, LANES]);
            b.store(place, firstLanes(share, qs.lanes));
          });
        }
      });
    }),
  );
}

/** A max-pool of 2x2. */
export function pool(name: string, x: Rows, y: Rows): LoopNest {
  return loopNest(name, (b) =>
    forEachPairs(b, y, (place, lanes) => {
      const [even0, odd0] = pairs(b, place(x, 2, 0));
      const [even1, odd1] = pairs(b, place(x, 2, 1));
      b.store(place(y, 1, 0)[0], firstLanes(max(max(even0, odd0), max(even1, odd1)), lanes));
    }),
  );
}

/** @param rectified whether nothing passes where the winner is 0, as before a ReLU */
export function poolInputGradient(
  name: string,
  x: Rows,
  y: Rows,
  dy: Rows,
  dx: Rows,
  rectified: boolean,
): LoopNest {
  return loopNest(name, (b) =>
    forEachPairs(b, y, (place) => {
      const largest = b.variable(load(place(y, 1, 0)[0]));
      const gradient = load(place(dy, 1, 0)[0]);
      // becomes zero once it has gone to a winner
      const g = b.variable(
        rectified ? binary("and", gradient, binary("gt", largest, constant(0))) : gradient,
      );
      for (const row of [0, 1]) {
        const [even, odd] = pairs(b, place(x, 2, row)).map((cells) => {
          const wins = b.variable(binary("eq", cells, largest));
          const share = b.variable(binary("and", g, wins));
          g.set(binary("andnot", g, wins));
          return share;
        });
        const [left, right] = place(dx, 2, row);
        b.store(left, { kind: "shuffle", lanes: [0, 4, 1, 5], a: even, b: odd });
        b.store(right, { kind: "shuffle", lanes: [2, 6, 3, 7], a: even, b: odd });
      }
    }),
  );
}

/** Calls `write` in loops over the vectors of a pool's output; `place` gives the two vectors at `scale` times its place. */
function forEachPairs(
  b: LoopNestBuilder,
  { shape: [C, I, J] }: Rows,
  write: (
    place: (
      rows: Rows,
      scale: number,
      row: number,
    ) => readonly [ReturnType<typeof rowAt>, ReturnType<typeof rowAt>],
    lanes: number,
  ) => void,
): void {
  b.loop("c", C, (c) =>
    b.loop("i", I, (i) => {
      for (const js of vectorsOf(J, 1)) {
        b.loop("j", js.count, (j) =>
          write((rows, scale, row) => {
            const address = (further: number) =>
              rowAt(
                rows,
                [0, row, scale * LANES * js.first + further],
                [c, rows.plane],
                [i, scale * rows.row],
                [j, scale * LANES],
              );
            return [address(0), address(LANES)];
          }, js.lanes),
        );
      }
    }),
  );
}

/** Eight cells of a row: those at even places and those at odd ones. */
function pairs(
  b: LoopNestBuilder,
  [left, right]: readonly [ReturnType<typeof rowAt>, ReturnType<typeof rowAt>],
) {
  const a = b.variable(load(left));
  const c = b.variable(load(right));
  return [
    b.variable({ kind: "shuffle", lanes: [0, 2, 4, 6], a, b: c }),
    b.variable({ kind: "shuffle", lanes: [1, 3, 5, 7], a, b: c }),
  ];
}

/** The scores into the first image of a block, for the loss. */
export function toBlock(name: string, x: Rows, y: View): LoopNest {
  return copyNumbers(name, x.shape[2], (k) => [
    rowAt(x, [0, 0, 0], [k, 1]),
    at(y.buffer, y.start, [k, BLOCK]),
  ]);
}

/** Their gradients back. */
export function fromBlock(name: string, dy: View, dx: Rows): LoopNest {
  return copyNumbers(name, dx.shape[2], (k) => [
    at(dy.buffer, dy.start, [k, BLOCK]),
    rowAt(dx, [0, 0, 0], [k, 1]),
  ]);
}

function copyNumbers(
  name: string,
  count: number,
  places: (k: Index) => readonly [ReturnType<typeof at>, ReturnType<typeof at>],
): LoopNest {
  return loopNest(name, (b) =>
    b.loop("k", count, (k) => {
      const [source, target] = places(k);
      b.storeLane(target, splat(source));
    }),
  );
}
