import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { poolsPairs, winnersInputGradient } from "../kernels/conv2dPooled.js";
import { clear } from "../kernels/input.js";
import { pool, poolInputGradient } from "../kernels/maxPool2d.js";
import { windowsAreApart } from "../kernels/windows.js";
import type { Lowering } from "./lowering.js";

/* By the convolution before it, where it can be. */
export const maxPool2dLowering: Lowering<MaxPool2d> = {
  padding: ({ padding }) => padding,
  paddingValue: -Infinity,
  leavesBorder: true, // nothing there ever wins
  canBePooledBefore: poolsPairs,
  stopsAtZero: true,
  eachChannel: true,

  forward: ({ layer, resolved, x, y }) => [pool(`${layer.name}.forward`, resolved, x, y)],

  backward({ layer, resolved, x, y, dy, dx, winners, rectified }) {
    if (!dx) return [];
    const name = `${layer.name}.inputGradient`;
    const noted = winners.get(layer);
    if (noted) return [winnersInputGradient(name, noted, dy, dx)];
    const kernel = poolInputGradient(name, resolved, x, y, dy, dx, rectified);
    return windowsAreApart(resolved) ? [kernel] : [clear(`${layer.name}.clear`, dx), kernel];
  },
};
