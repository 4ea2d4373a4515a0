import { InputError } from "../errors.js";
import { checkKeys } from "../options.js";
import {
  dtypeOf,
  formatShape,
  type NamedTensors,
  type Shape,
  sameShape,
  type Tensor,
  zeros,
} from "../tensor.js";
import { explainLinear } from "./explain/linear.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";

/*
 * Addition joins ways that a network has gone apart, number by number:  y = x1 + x2 + ...
 *
 * Each input moved the output just as much as it moved itself, so the gradient goes back into every way as it is. This is
 * what keeps it alive in residual networks (K. He et al., "Deep residual learning for image recognition", 2015): one way
 * goes around the layers, and nothing on it can shrink the gradient.
 */

export interface AddSpec extends LayerSpec {
  readonly type: "add";
  /** At least two; repeats are allowed. */
  readonly from: readonly string[];
}

export interface Add extends ResolvedLayer {
  readonly inputShapes: readonly Shape[];
}

export const add: Layer<AddSpec, Add> = {
  type: "add",
  prefix: "add",
  takesSeveral: true,

  resolve(spec: AddSpec, ...inputShapes: [Shape, ...Shape[]]): Add {
    checkKeys(spec, ["type"]);
    const [inputShape] = inputShapes;
    const other = inputShapes.find((shape) => !sameShape(shape, inputShape));
    if (other) {
      throw new InputError(
        `its inputs must have one shape, but one is ${formatShape(inputShape)} and another ${formatShape(other)}; change the layers before it`,
      );
    }
    return { inputShapes, inputShape, outputShape: inputShape };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(_layer, inputs: readonly Tensor[]): Tensor {
    const [x] = inputs;
    const y = zeros(x.shape, dtypeOf(x));
    for (let k = 0; k < x.data.length; k++) y.data[k] = inputs.reduce((sum, { data }) => sum + data[k], 0);
    return y;
  },

  inputGradients(
    _layer,
    inputs: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    return inputs.map(({ shape }) => ({ shape, data: outputGradient.data.slice() }));
  },

  parameterGradients: () => ({}),

  words: ({ inputShapes: { length } }: Add) => ({
    kind: "addition",
    short: `add ${length} tensors`,
    forward: `${length} tensors of one shape are added, number by number: here the ways of the network come together.`,
    backward: "The gradient goes back into each of the ways as it is.",
  }),

  explain: explainLinear<Add>(
    ({ inputShapes }, index) => inputShapes.map((_, input) => ({ input, index, share: 1 })),
    {
      output: (_layer, parts) => `The sum of ${parts} numbers, one from each input, at the same place.`,
      inputGradient: () => "The output moved just as much as this number, so the gradient passes as it is.",
    },
  ),
};
