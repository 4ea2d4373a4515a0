import { InputError } from "../errors.js";
import { fitsFloat32, RANGE } from "../float32.js";
import { checkKeys, finiteNumber } from "../options.js";
import { dtypeOf, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainLeakyRelu } from "./explain/leakyRelu.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { inShort } from "./options.js";

/*
 * A leaky ReLU keeps what is positive and lets a share of the rest through:  y = x where x > 0, else slope * x.
 * Where x was positive the output moved with it, so the gradient passes; elsewhere it moved by `slope` as much, and so much
 * of the gradient passes. No unit can die: something always comes back (A. Maas et al., "Rectifier nonlinearities improve
 * neural network acoustic models", 2013).
 * At exactly 0 there are two slopes; like PyTorch we take `slope`.
 */

export interface LeakyReluSpec extends LayerSpec {
  readonly type: "leakyRelu";
  /** What numbers that aren't above 0 are multiplied with: any number that float32 holds. Default 0.01. */
  readonly slope?: number;
}

export interface LeakyRelu extends ResolvedLayer {
  readonly slope: number;
}

export const leakyRelu: Layer<LeakyReluSpec, LeakyRelu> = {
  type: "leakyRelu",
  prefix: "leaky",

  resolve(spec: LeakyReluSpec, inputShape: Shape): LeakyRelu {
    checkKeys(spec, ["type", "slope"]);
    const slope = finiteNumber("slope", spec.slope ?? 0.01);
    if (!fitsFloat32(slope)) {
      throw new InputError(
        `slope must be 0 or from ${RANGE} in size, which is what float32 holds, not ${slope}`,
      );
    }
    return { inputShape, outputShape: inputShape, slope };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward({ slope }: LeakyRelu, [x]: readonly Tensor[]): Tensor {
    const y = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) y.data[k] = x.data[k] > 0 ? x.data[k] : slope * x.data[k];
    return y;
  },

  inputGradients(
    { slope }: LeakyRelu,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const gradient = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) {
      const g = outputGradient.data[k];
      gradient.data[k] = x.data[k] > 0 ? g : slope * g;
    }
    return [gradient];
  },

  parameterGradients: () => ({}),

  branches: (_layer, [x]: readonly Tensor[]) => Uint32Array.from(x.data, (value) => (value > 0 ? 1 : 0)),

  words: ({ slope }: LeakyRelu) => ({
    kind: "leaky ReLU",
    short: inShort("leaky ReLU", [`slope ${slope}`]),
    forward: `What is above 0 passes, everything else is multiplied by ${slope}.`,
    backward: `The gradient passes where what came in was above 0, and is multiplied by ${slope} elsewhere.`,
  }),

  explain: explainLeakyRelu,
};
