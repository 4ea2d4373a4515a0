import { add, at, binary, constant, type LoopNest, load, loopNest, max } from "../../ir/ir.js";
import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { BLOCK, type View } from "../block.js";
import { forEachCellIn, forEachWindow, windowsAreApart } from "./windows.js";

/* Cells in the border of `x` are minus infinity, so that they never win. */

export function pool(name: string, layer: MaxPool2d, x: View, y: View): LoopNest {
  return loopNest(name, (b) =>
    forEachWindow(
      b,
      layer,
      ([c, i, j], half) => {
        const largest = b.variable(constant(-Infinity));
        forEachCellIn(b, layer, [c, i, j], half, (cellOf) => largest.set(max(largest, load(cellOf(x)))));
        b.store(at(y.buffer, y.start + half, [c, y.plane], [i, y.row], [j, BLOCK]), largest);
      },
      true,
    ),
  );
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
): LoopNest {
  const apart = windowsAreApart(layer);
  return loopNest(name, (b) =>
    forEachWindow(
      b,
      layer,
      ([c, i, j], half) => {
        const place = (view: View) =>
          at(view.buffer, view.start + half, [c, view.plane], [i, view.row], [j, BLOCK]);
        const largest = b.variable(load(place(y)));
        const gradient = load(place(dy));
        // becomes zero once it has gone to a winner
        const g = b.variable(
          rectified ? binary("and", gradient, binary("gt", largest, constant(0))) : gradient,
        );
        forEachCellIn(b, layer, [c, i, j], half, (cellOf) => {
          const wins = b.variable(binary("eq", load(cellOf(x)), largest));
          const share = binary("and", g, wins);
          b.store(cellOf(dx), apart ? share : add(load(cellOf(dx)), share));
          g.set(binary("andnot", g, wins));
        });
      },
      apart,
    ),
  );
}
