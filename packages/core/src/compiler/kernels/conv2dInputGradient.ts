import { at, type Buffer, type LoopNest, load, loopNest, splat } from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { accumulate, BLOCK, grid, HALVES, tilesOf, type View } from "../block.js";

/**
 * Each output's gradient is added to all input cells that it came from. `dx` must be zero before; its border collects
 * what came from the padding. This is for strides, wide kernels, and gradients without a border around them; the others
 * gather (conv2dGathered.ts), which needs no adding in memory.
 */
export function convolveInputGradient(
  name: string,
  layer: Conv2d,
  dy: View,
  weight: Buffer,
  dx: View,
): LoopNest {
  const [C] = layer.inputShape;
  const [O, I, J] = layer.outputShape;
  const [U, V] = layer.kernel;
  const [strideY, strideX] = layer.stride;
  const [dilationY, dilationX] = layer.dilation;
  return loopNest(name, (b) => {
    for (const cs of tilesOf(C, 4)) {
      b.loop("c", cs.count, (c) =>
        b.loop("i", I, (i) =>
          b.loop("u", U, (u) =>
            b.loop("j", J, (j) =>
              b.loop("v", V, (v) => {
                const cellOf = (channel: number, half: number) =>
                  at(
                    dx.buffer,
                    dx.windowStart + (cs.first + channel) * dx.plane + half,
                    [c, cs.size * dx.plane],
                    [i, strideY * dx.row],
                    [u, dilationY * dx.row],
                    [j, strideX * BLOCK],
                    [v, dilationX * BLOCK],
                  );
                const sums = grid(b, cs.size, 2, (channel, h) => load(cellOf(channel, HALVES[h])));
                b.loop("o", O, (o) => {
                  const g = HALVES.map((half) =>
                    b.variable(load(at(dy.buffer, dy.start + half, [o, dy.plane], [i, dy.row], [j, BLOCK]))),
                  );
                  for (let channel = 0; channel < cs.size; channel++) {
                    const w = b.variable(
                      splat(
                        at(
                          weight,
                          (cs.first + channel) * U * V,
                          [o, C * U * V],
                          [c, cs.size * U * V],
                          [u, V],
                          [v, 1],
                        ),
                      ),
                    );
                    for (const half of [0, 1]) accumulate(sums[channel][half], w, g[half]);
                  }
                });
                for (const [channel, halves] of sums.entries()) {
                  for (const [h, sum] of halves.entries()) b.store(cellOf(channel, HALVES[h]), sum);
                }
              }),
            ),
          ),
        ),
      );
    }
  });
}
