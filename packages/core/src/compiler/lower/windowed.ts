import { add, at, constant, type Expression, type LoopNest, load, loopNest, mul } from "../../ir/ir.js";
import type { Pool2d } from "../../layers/pool2d.js";
import { BLOCK, type View } from "../block.js";
import { clear } from "../kernels/input.js";
import { forEachCellIn, forEachWindow, windowsAreApart } from "../kernels/windows.js";
import type { Lowering } from "./lowering.js";

/*
 * Layers whose output is the sum of the numbers under a window, each times the same share. Each of them gets that share of
 * the gradient. What lies in the padding is zero.
 */
export function windowedSum<Resolved extends Pool2d>(
  shareOf: (layer: Resolved) => number,
): Lowering<Resolved> {
  return {
    padding: ({ padding }) => padding,
    eachChannel: true,

    forward: ({ layer, resolved, x, y }) => [
      sumWindows(`${layer.name}.forward`, resolved, x, y, (sum) => mul(sum, constant(shareOf(resolved)))),
    ],

    backward({ layer, resolved, dx, dy }) {
      if (!dx) return [];
      const name = `${layer.name}.inputGradient`;
      const kernel = spreadWindows(name, resolved, dy, dx, (g) => mul(g, constant(shareOf(resolved))));
      return windowsAreApart(resolved) ? [kernel] : [clear(`${layer.name}.clear`, dx), kernel];
    },
  };
}

function sumWindows(
  name: string,
  layer: Pool2d,
  x: View,
  y: View,
  end: (sum: Expression) => Expression,
): LoopNest {
  return loopNest(name, (b) =>
    forEachWindow(
      b,
      layer,
      ([c, i, j], half) => {
        const sum = b.variable(constant(0));
        forEachCellIn(b, layer, [c, i, j], half, (cellOf) => sum.set(add(sum, load(cellOf(x)))));
        b.store(at(y.buffer, y.start + half, [c, y.plane], [i, y.row], [j, BLOCK]), end(sum));
      },
      true,
    ),
  );
}

/** Where windows lie apart gradients are stored, and what lies between them must be zero before; else they are added. */
function spreadWindows(
  name: string,
  layer: Pool2d,
  dy: View,
  dx: View,
  share: (gradient: Expression) => Expression,
): LoopNest {
  const apart = windowsAreApart(layer);
  return loopNest(name, (b) =>
    forEachWindow(
      b,
      layer,
      ([c, i, j], half) => {
        const gradient = load(at(dy.buffer, dy.start + half, [c, dy.plane], [i, dy.row], [j, BLOCK]));
        const part = b.variable(share(gradient));
        forEachCellIn(b, layer, [c, i, j], half, (cellOf) =>
          b.store(cellOf(dx), apart ? part : add(load(cellOf(dx)), part)),
        );
      },
      apart,
    ),
  );
}
