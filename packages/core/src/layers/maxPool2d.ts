import { dtypeOf, type NamedTensors, type Shape, type Tensor, tensor, zeros } from "../tensor.js";
import { explainMaxPool2d } from "./explain/maxPool2d.js";
import type { Layer } from "./layer.js";
import { type Pool2d, type Pool2dSpec, poolInShort, resolvePool2d } from "./pool2d.js";
import { winnerOf } from "./window.js";

/*
 * Max-pooling makes an image smaller: of each window only the largest value, the winner, goes on.
 *
 *   y[n, c, i, j] = max over u, v of  x[n, c, i*stride - top + u, j*stride - left + v]
 *
 * Only the winner moved the output, so the whole gradient goes back to the winner and none to the others. Where two are
 * equal the first in reading order wins. Cells in the padding never win. Where windows overlap, a cell can win more than
 * once and collects what comes from each.
 */

export interface MaxPool2dSpec extends Pool2dSpec {
  readonly type: "maxPool2d";
}

export type MaxPool2d = Pool2d;

export const maxPool2d: Layer<MaxPool2dSpec, MaxPool2d> = {
  type: "maxPool2d",
  prefix: "pool",

  resolve(spec: MaxPool2dSpec, inputShape: Shape): MaxPool2d {
    return resolvePool2d(spec, inputShape);
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer: MaxPool2d, [x]: readonly Tensor[]): Tensor {
    const y = zeros([x.shape[0], ...layer.outputShape], dtypeOf(x));
    const winners = winnersOf(layer, x);
    for (let k = 0; k < winners.length; k++) y.data[k] = x.data[winners[k]];
    return y;
  },

  inputGradients(
    layer: MaxPool2d,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const sums = new Float64Array(x.data.length);
    const winners = winnersOf(layer, x);
    for (let k = 0; k < winners.length; k++) sums[winners[k]] += outputGradient.data[k];
    return [tensor(x.shape, sums, dtypeOf(x))];
  },

  parameterGradients: () => ({}),

  branches: (layer, [x]: readonly Tensor[]) => winnersOf(layer, x),

  words: (layer: MaxPool2d) => ({
    kind: "max-pooling",
    short: poolInShort("max-pool", layer),
    forward: `Of each window of ${layer.kernel.join("×")} only the largest number, the winner, goes on. The picture becomes smaller.`,
    backward:
      "Only the winner moved the output, so the whole gradient goes back to it, and none to the others.",
  }),

  explain: explainMaxPool2d,
};

/** For each output cell, in row-major order, where in `x` the winner under its window lies. */
function winnersOf(layer: MaxPool2d, x: Tensor): Uint32Array {
  const [C, I, J] = layer.outputShape;
  const [, H, W] = layer.inputShape;
  const planes = x.shape[0] * C;
  const winners = new Uint32Array(planes * I * J);
  let cell = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < I; i++) {
      for (let j = 0; j < J; j++) winners[cell++] = winnerOf(layer, x, plane * H * W, i, j);
    }
  }
  return winners;
}
