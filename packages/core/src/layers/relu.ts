import { checkKeys } from "../options.js";
import { dtypeOf, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainRelu } from "./explain/relu.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";

/*
 * ReLU keeps what is positive and makes the rest 0:  y = max(0, x).
 * Where x was positive the output moved with it, so the gradient passes; elsewhere nothing moved, so nothing passes.
 * At exactly 0 there is no slope; like every library we take 0.
 */

export interface ReluSpec extends LayerSpec {
  readonly type: "relu";
}

export const relu: Layer<ReluSpec, ResolvedLayer> = {
  type: "relu",
  prefix: "relu",
  neverNegative: true,

  resolve(spec: ReluSpec, inputShape: Shape): ResolvedLayer {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: inputShape };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(_layer, [x]: readonly Tensor[]): Tensor {
    const y = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) y.data[k] = Math.max(0, x.data[k]);
    return y;
  },

  inputGradients(
    _layer,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const gradient = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) gradient.data[k] = x.data[k] > 0 ? outputGradient.data[k] : 0;
    return [gradient];
  },

  parameterGradients: () => ({}),

  branches: (_layer, [x]: readonly Tensor[]) => Uint32Array.from(x.data, (value) => (value > 0 ? 1 : 0)),

  words: () => ({
    kind: "ReLU",
    short: "ReLU",
    forward: "What is above 0 passes, everything else becomes 0.",
    backward: "The gradient passes where the gate was open, and stops where the ReLU gave 0.",
  }),

  explain: explainRelu,
};
