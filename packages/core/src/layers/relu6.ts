import { checkKeys } from "../options.js";
import { dtypeOf, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainRelu6 } from "./explain/relu6.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";

/*
 * ReLU6 is a ReLU with an upper end:  y = min(6, max(0, x)). Numbers then stay within bounds, whatever the weights, which suits
 * arithmetic of few bits (A. Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010; MobileNets have it).
 * Where x was between 0 and 6 the output moved with it, so the gradient passes; elsewhere nothing moved, so nothing passes.
 * At exactly 0 and 6 there are two slopes; like PyTorch we take 0.
 */

export const CEILING = 6;

export interface Relu6Spec extends LayerSpec {
  readonly type: "relu6";
}

export interface Relu6 extends ResolvedLayer {
  /** The most that comes out. */
  readonly ceiling: number;
}

export const relu6: Layer<Relu6Spec, Relu6> = {
  type: "relu6",
  prefix: "clip",
  neverNegative: true,

  resolve(spec: Relu6Spec, inputShape: Shape): Relu6 {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: inputShape, ceiling: CEILING };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(_layer, [x]: readonly Tensor[]): Tensor {
    const y = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) y.data[k] = Math.min(CEILING, Math.max(0, x.data[k]));
    return y;
  },

  inputGradients(
    _layer,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const gradient = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) {
      gradient.data[k] = x.data[k] > 0 && x.data[k] < CEILING ? outputGradient.data[k] : 0;
    }
    return [gradient];
  },

  parameterGradients: () => ({}),

  branches: (_layer, [x]: readonly Tensor[]) =>
    Uint32Array.from(x.data, (value) => (value > 0 ? 1 : 0) + (value < CEILING ? 0 : 1)),

  words: () => ({
    kind: "ReLU6",
    short: "ReLU6",
    forward: `What is between 0 and ${CEILING} passes, what is below becomes 0, and what is above ${CEILING}.`,
    backward: `The gradient passes where what came in was between 0 and ${CEILING}, and stops where it was cut off.`,
  }),

  explain: explainRelu6,
};
