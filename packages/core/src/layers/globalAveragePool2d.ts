import { checkKeys } from "../options.js";
import { dtypeOf, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainLinear, type Summand } from "./explain/linear.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { imageShape } from "./options.js";

/*
 * Global average-pooling leaves one number of each channel, its mean:
 *
 *   y[n, c] = sum over p, q of  x[n, c, p, q] * share,   share = 1 / (H*W)
 *
 * Whatever the size of the images, a row of C numbers comes out, and no weights are needed to make it (M. Lin et al.,
 * "Network in network", 2013). Every cell moved the mean by its share, so each gets that share of the gradient.
 */

export interface GlobalAveragePool2dSpec extends LayerSpec {
  readonly type: "globalAveragePool2d";
}

export interface GlobalAveragePool2d extends ResolvedLayer {
  readonly inputShape: readonly [channels: number, height: number, width: number];
  readonly outputShape: readonly [channels: number];
}

export const globalAveragePool2d: Layer<GlobalAveragePool2dSpec, GlobalAveragePool2d> = {
  type: "globalAveragePool2d",
  prefix: "gap",

  resolve(spec: GlobalAveragePool2dSpec, inputShape: Shape): GlobalAveragePool2d {
    checkKeys(spec, ["type"]);
    const [channels, height, width] = imageShape(inputShape);
    return { inputShape: [channels, height, width], outputShape: [channels] };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer: GlobalAveragePool2d, [x]: readonly Tensor[]): Tensor {
    const y = zeros([x.shape[0], ...layer.outputShape], dtypeOf(x));
    const cells = cellsOf(layer);
    for (let plane = 0; plane < y.data.length; plane++) {
      let sum = 0;
      for (let k = 0; k < cells; k++) sum += x.data[plane * cells + k] * (1 / cells);
      y.data[plane] = sum;
    }
    return y;
  },

  inputGradients(
    layer: GlobalAveragePool2d,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const gradient = zeros(x.shape, dtypeOf(x));
    const cells = cellsOf(layer);
    for (let k = 0; k < gradient.data.length; k++) {
      gradient.data[k] = outputGradient.data[Math.floor(k / cells)] * (1 / cells);
    }
    return [gradient];
  },

  parameterGradients: () => ({}),

  words: (layer: GlobalAveragePool2d) => ({
    kind: "global average-pooling",
    short: "global average-pool",
    forward: "Of each map the mean goes on, one number. Where in the picture something was is forgotten.",
    backward: `Every number of a map moved the mean by its share, so each gets that share of the gradient, 1/${cellsOf(layer)}.`,
  }),

  explain: explainLinear<GlobalAveragePool2d>(partsOf, {
    shareLabel: (layer) => `1/${cellsOf(layer)}`,
    output: (_layer, parts) =>
      parts === 1
        ? "The only number of this map: it is its own mean."
        : `The mean of the ${parts} numbers of this map: each counts for 1/${parts}.`,
    inputGradient: (layer) =>
      cellsOf(layer) === 1
        ? "This number is the only one of its map, so it gets the whole gradient of the mean."
        : `1/${cellsOf(layer)} of what comes back to the mean of its map, as that is its share in it.`,
  }),
};

const cellsOf = ({ inputShape: [, H, W] }: GlobalAveragePool2d) => H * W;

function partsOf(layer: GlobalAveragePool2d, [c]: readonly number[]): Summand[] {
  const [, , W] = layer.inputShape;
  return Array.from({ length: cellsOf(layer) }, (_, k) => ({
    input: 0,
    index: [c, Math.floor(k / W), k % W],
    share: 1 / cellsOf(layer),
  }));
}
