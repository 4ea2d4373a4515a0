import {
  at,
  type Buffer,
  binary,
  constant,
  integer,
  type LoopNest,
  load,
  loopNest,
  pmax,
  select,
} from "../../ir/ir.js";
import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { BLOCK, HALVES, tilesOf, type View } from "../block.js";
import { biases } from "./conv2d.js";
import { addWindows, FILTERS_TOGETHER, type Windows } from "./conv2dWindows.js";

/*
 * A convolution, its ReLU and a max-pool of 2x2 in one: of four outputs only the largest is kept, and which one it was.
 * The full map, the largest thing that such a network would write and read, is never stored.
 * NaN wins only over what comes after it in the window, unlike in the textbook: `max`, with which it
 * always would, takes eight instructions. A weight that is no number makes all outputs of its filter so, and the loss.
 */

/*
 * What is noted of a window is a whole number: which of its cells won, or 0 where the largest is not positive, so that no
 * cell gets the gradient. The left one of two has the number above the right one's, so that it is found by adding a
 * comparison, which is -1 where it holds.
 */
const LEFT = [2, 4] as const;
const numberOf = (row: 0 | 1, column: 0 | 1): number => LEFT[row] - column;

/** Whether a max-pool can be done by the convolution before it. */
export function poolsPairs({ kernel, stride, padding }: MaxPool2d): boolean {
  return [...kernel, ...stride].every((size) => size === 2) && padding.every((cells) => cells === 0);
}

/**
 * @param y the pooled output
 * @param winners becomes for each cell of y the number of the window's cell that it came from, or 0
 */
export function convolvePooled(
  name: string,
  windows: Windows,
  bias: Buffer | undefined,
  y: View,
  winners: View | undefined,
): LoopNest {
  const { layer, x } = windows;
  const [O, I, J] = y.shape;
  const [strideY, strideX] = layer.stride;
  return loopNest(name, (b) => {
    for (const os of tilesOf(O, FILTERS_TOGETHER)) {
      // one filter: two windows of each instead
      for (const js of tilesOf(J, 2 / os.size)) {
        b.loop("i", I, (i) =>
          b.loop("o", os.count, (o) =>
            b.loop("j", js.count, (j) => {
              const place = (view: View, row: number, cell: number, half: number) =>
                at(
                  view.buffer,
                  view.start + (os.first + row) * view.plane + (js.first + cell) * BLOCK + half,
                  [o, os.size * view.plane],
                  [i, view.row],
                  [j, js.size * BLOCK],
                );
              for (const a of [0, 1] as const) {
                const sums = Array.from({ length: 2 * js.size }, () => biases(b, bias, os, o));
                const first = at(
                  x.buffer,
                  x.windowStart + a * strideY * x.row + js.first * 2 * strideX * BLOCK,
                  [i, 2 * strideY * x.row],
                  [j, js.size * 2 * strideX * BLOCK],
                );
                addWindows(b, windows, sums, first, os, o);
                for (let cell = 0; cell < js.size; cell++) {
                  for (let row = 0; row < os.size; row++) {
                    for (const [h, half] of HALVES.entries()) {
                      const left = sums[2 * cell][row][h];
                      const right = sums[2 * cell + 1][row][h];
                      const at0 = place(y, row, cell, half);
                      const largest = b.variable(pmax(left, right));
                      const winner = binary("addInteger", integer(LEFT[a]), binary("gt", right, left));
                      if (a === 0) {
                        b.store(at0, largest);
                        if (winners) b.store(place(winners, row, cell, half), winner);
                        continue;
                      }
                      const above = b.variable(load(at0));
                      const output = b.variable(pmax(pmax(above, largest), constant(0)));
                      b.store(at0, output);
                      if (winners === undefined) continue;
                      const before = place(winners, row, cell, half);
                      const which = select(binary("gt", largest, above), winner, load(before));
                      b.store(before, binary("and", binary("gt", output, constant(0)), which));
                    }
                  }
                }
              }
            }),
          ),
        );
      }
    }
  });
}

/** Each gradient goes to the cell that won, before the ReLU; the others of its window get 0. */
export function winnersInputGradient(name: string, winners: View, dy: View, dx: View): LoopNest {
  const [C, I, J] = dy.shape;
  return loopNest(name, (b) =>
    b.loop("c", C, (c) =>
      b.loop("i", I, (i) =>
        b.loop("j", J, (j) => {
          for (const half of HALVES) {
            const cell = (view: View) =>
              at(view.buffer, view.start + half, [c, view.plane], [i, view.row], [j, BLOCK]);
            const winner = b.variable(load(cell(winners)));
            const g = b.variable(load(cell(dy)));
            for (const row of [0, 1] as const) {
              for (const column of [0, 1] as const) {
                b.store(
                  at(
                    dx.buffer,
                    dx.start + row * dx.row + column * BLOCK + half,
                    [c, dx.plane],
                    [i, 2 * dx.row],
                    [j, 2 * BLOCK],
                  ),
                  binary("and", g, binary("eqInteger", winner, integer(numberOf(row, column)))),
                );
              }
            }
          }
        }),
      ),
    ),
  );
}
