import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { BLOCK, HALVES, type View } from "../block.js";
import {
  add,
  at,
  binary,
  constant,
  type Index,
  load,
  max,
  type Nest,
  type NestBuilder,
  nest,
} from "../nest.js";

/* Cells in the border of `x` are minus infinity, so that they never win. */

export function pool(name: string, layer: MaxPool2d, x: View, y: View): Nest {
  return nest(name, (b) =>
    forEachWindow(b, layer, ([c, i, j], half) => {
      const cells = windowOf(layer, x, [c, i, j], half).map((cell) => load(cell));
      const place = at(y.buffer, y.start + half, [c, y.plane], [i, y.row], [j, BLOCK]);
      b.store(
        place,
        cells.reduce((largest, cell) => max(largest, cell)),
      );
    }),
  );
}

/** Whether no cell lies under two windows; then a gradient can be stored and need not be added. */
export function windowsAreApart({ kernel, stride }: MaxPool2d): boolean {
  return stride[0] >= kernel[0] && stride[1] >= kernel[1];
}

/**
 * The first cell that equals the output is the winner and gets its gradient. Where windows lie apart, what lies between
 * them must be zero before; else all of `dx`, to which the gradients are added.
 * @param rectified whether `x` is what a ReLU gave, and `dx` is to be the gradient before the ReLU: nothing where the
 *   winner is 0
 */
export function poolInputGradient(
  name: string,
  layer: MaxPool2d,
  x: View,
  y: View,
  dy: View,
  dx: View,
  rectified: boolean,
): Nest {
  const apart = windowsAreApart(layer);
  return nest(name, (b) =>
    forEachWindow(b, layer, ([c, i, j], half) => {
      const place = (view: View) =>
        at(view.buffer, view.start + half, [c, view.plane], [i, view.row], [j, BLOCK]);
      const largest = b.variable(load(place(y)));
      const gradient = load(place(dy));
      // becomes zero once it has gone to a winner
      const g = b.variable(
        rectified ? binary("and", gradient, binary("gt", largest, constant(0))) : gradient,
      );
      const cells = windowOf(layer, x, [c, i, j], half);
      const gradients = windowOf(layer, dx, [c, i, j], half);
      for (const [k, cell] of cells.entries()) {
        const wins = b.variable(binary("eq", load(cell), largest));
        const share = binary("and", g, wins);
        b.store(gradients[k], apart ? share : add(load(gradients[k]), share));
        if (k < cells.length - 1) g.set(binary("andnot", g, wins));
      }
    }),
  );
}

function forEachWindow(
  b: NestBuilder,
  layer: MaxPool2d,
  write: (output: readonly [Index, Index, Index], half: number) => void,
): void {
  const [C, I, J] = layer.outputShape;
  b.loop("c", C, (c) =>
    b.loop("i", I, (i) =>
      b.loop("j", J, (j) => {
        for (const half of HALVES) write([c, i, j], half);
      }),
    ),
  );
}

/** The cells under the window of output [c, i, j], in reading order. */
function windowOf(layer: MaxPool2d, x: View, [c, i, j]: readonly [Index, Index, Index], half: number) {
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  return Array.from({ length: U * V }, (_, k) =>
    at(
      x.buffer,
      x.windowStart + Math.floor(k / V) * x.row + (k % V) * BLOCK + half,
      [c, x.plane],
      [i, strideY * x.row],
      [j, strideX * BLOCK],
    ),
  );
}
