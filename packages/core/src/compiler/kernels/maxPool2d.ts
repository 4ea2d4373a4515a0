import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { add, at, binary, type Index, load, max, type Nest, type NestBuilder, nest } from "../nest.js";

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

/** Adds to the input's gradient `dx`, which is zero before. The first cell that equals the output is the winner. */
export function poolInputGradient(
  name: string,
  layer: MaxPool2d,
  x: View,
  y: View,
  dy: View,
  dx: View,
): Nest {
  return nest(name, (b) =>
    forEachWindow(b, layer, ([c, i, j], half) => {
      const place = (view: View) =>
        at(view.buffer, view.start + half, [c, view.plane], [i, view.row], [j, BLOCK]);
      const largest = b.variable(load(place(y)));
      const g = b.variable(load(place(dy))); // becomes zero once it has gone to a winner
      const cells = windowOf(layer, x, [c, i, j], half);
      const gradients = windowOf(layer, dx, [c, i, j], half);
      for (const [k, cell] of cells.entries()) {
        const wins = b.variable(binary("eq", load(cell), largest));
        b.store(gradients[k], add(load(gradients[k]), binary("and", g, wins)));
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
      x.borderStart + Math.floor(k / V) * x.row + (k % V) * BLOCK + half,
      [c, x.plane],
      [i, strideY * x.row],
      [j, strideX * BLOCK],
    ),
  );
}
