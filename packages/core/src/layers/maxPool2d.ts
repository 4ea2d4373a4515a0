import { InputError } from "../errors.js";
import { checkKeys } from "../options.js";
import {
  dtypeOf,
  formatShape,
  type NamedTensors,
  type Shape,
  type Tensor,
  tensor,
  zeros,
} from "../tensor.js";
import { explainMaxPool2d } from "./explain/maxPool2d.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { checkSize, imageShape, type Padding, type Pair, paddingOf, pair } from "./options.js";
import { outputSize, type Window, winnerOf } from "./window.js";

/*
 * Max-pooling makes an image smaller: of each window only the largest value, the winner, goes on.
 *
 *   y[n, c, i, j] = max over u, v of  x[n, c, i*stride - top + u, j*stride - left + v]
 *
 * Only the winner moved the output, so the whole gradient goes back to the winner and none to the others. Where two are
 * equal the first in reading order wins. Cells in the padding never win. Where windows overlap, a cell can win more than
 * once and collects what comes from each.
 */

export interface MaxPool2dSpec extends LayerSpec {
  readonly type: "maxPool2d";
  readonly size: Pair;
  /** Default: `size`, so that windows lie side by side. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
}

export interface MaxPool2d extends ResolvedLayer, Window {
  readonly inputShape: readonly [channels: number, height: number, width: number];
  readonly outputShape: readonly [channels: number, height: number, width: number];
}

export const maxPool2d: Layer<MaxPool2dSpec, MaxPool2d> = {
  type: "maxPool2d",
  prefix: "pool",

  resolve(spec: MaxPool2dSpec, inputShape: Shape): MaxPool2d {
    checkKeys(spec, ["type", "size", "stride", "padding"]);
    const [channels, height, width] = imageShape(inputShape);
    const kernel = pair("size", spec.size);
    const stride = pair("stride", spec.stride ?? kernel);
    const padding = paddingOf(spec.padding ?? 0, { size: [height, width], reach: kernel, stride });
    const [top, right, bottom, left] = padding;
    if (Math.max(top, bottom) >= kernel[0] || Math.max(left, right) >= kernel[1]) {
      throw new InputError(
        `padding ${formatShape(padding)} must be smaller than the window ${kernel[0]}x${kernel[1]}, or a window could lie on padding alone`,
      );
    }
    const [rows, columns] = outputSize([height, width], { kernel, stride, dilation: [1, 1], padding });
    checkSize("output", [channels, rows, columns], "use less padding");
    return {
      inputShape: [channels, height, width],
      outputShape: [channels, rows, columns],
      kernel,
      stride,
      dilation: [1, 1],
      padding,
    };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer: MaxPool2d, x: Tensor): Tensor {
    const y = zeros([x.shape[0], ...layer.outputShape], dtypeOf(x));
    const winners = winnersOf(layer, x);
    for (let k = 0; k < winners.length; k++) y.data[k] = x.data[winners[k]];
    return y;
  },

  inputGradient(layer: MaxPool2d, x: Tensor, _parameters: NamedTensors, outputGradient: Tensor): Tensor {
    const sums = new Float64Array(x.data.length);
    const winners = winnersOf(layer, x);
    for (let k = 0; k < winners.length; k++) sums[winners[k]] += outputGradient.data[k];
    return tensor(x.shape, sums, dtypeOf(x));
  },

  parameterGradients: () => ({}),

  branches: (layer, x: Tensor) => winnersOf(layer, x),

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
