import { InputError } from "../errors.js";
import { checkKeys } from "../options.js";
import {
  dtypeOf,
  formatShape,
  type NamedTensors,
  type Shape,
  sizeOf,
  type Tensor,
  zeros,
} from "../tensor.js";
import { explainLinear } from "./explain/linear.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { checkSize } from "./options.js";

/*
 * Concatenation joins ways that a network has gone apart by writing their channels one after the other: [C1, H, W] and
 * [C2, H, W] become [C1 + C2, H, W]; and rows of K1 and K2 numbers become one of K1 + K2. Nothing is computed, so layers after it
 * choose for themselves what they take from which way (C. Szegedy et al., "Going deeper with convolutions", 2014).
 * Each gradient goes back to the place that its number came from.
 */

export interface ConcatSpec extends LayerSpec {
  readonly type: "concat";
  /** At least two; repeats are allowed. */
  readonly from: readonly string[];
}

export interface Concat extends ResolvedLayer {
  readonly inputShapes: readonly Shape[];
}

export const concat: Layer<ConcatSpec, Concat> = {
  type: "concat",
  prefix: "concat",
  takesSeveral: true,

  resolve(spec: ConcatSpec, ...inputShapes: [Shape, ...Shape[]]): Concat {
    checkKeys(spec, ["type"]);
    const [inputShape] = inputShapes;
    const other = inputShapes.find((shape) => String(shape.slice(1)) !== String(inputShape.slice(1)));
    if (other) {
      throw new InputError(
        `its inputs may differ in their channels only, but one is ${formatShape(inputShape)} and another ${formatShape(other)}; ${
          other.length === inputShape.length
            ? "change the layers before it, so that their images are equally high and wide"
            : "images and rows of numbers don't go together: put a flatten layer before it"
        }`,
      );
    }
    const channels = inputShapes.reduce((sum, [count]) => sum + count, 0);
    const outputShape = [channels, ...inputShape.slice(1)];
    checkSize("output", outputShape, "take fewer channels together");
    return { inputShapes, inputShape, outputShape };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer: Concat, inputs: readonly Tensor[]): Tensor {
    const [{ shape }] = inputs;
    const y = zeros([shape[0], ...layer.outputShape], dtypeOf(inputs[0]));
    eachStretch(layer, shape[0], (input, from, to, length) =>
      y.data.set(inputs[input].data.subarray(from, from + length), to),
    );
    return y;
  },

  inputGradients(
    layer: Concat,
    inputs: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const gradients = inputs.map((x) => zeros(x.shape, dtypeOf(x)));
    eachStretch(layer, outputGradient.shape[0], (input, from, to, length) =>
      gradients[input].data.set(outputGradient.data.subarray(to, to + length), from),
    );
    return gradients;
  },

  parameterGradients: () => ({}),

  words: ({ inputShapes }: Concat) => ({
    kind: "concatenation",
    short: `concatenate ${inputShapes.length} tensors`,
    forward: `The channels of ${inputShapes.length} tensors are written one after the other: here the ways of the network come together. Nothing is computed.`,
    backward: "The gradients go back to the places that the numbers came from.",
  }),

  explain: explainLinear<Concat>(
    ({ inputShapes }, [channel, ...place]) => {
      const firsts = firstChannels(inputShapes);
      const input = firsts.findLastIndex((first) => first <= channel);
      return [{ input, index: [channel - firsts[input], ...place], share: 1 }];
    },
    {
      output: () =>
        "The same number, only its place changes: it gets a place among the channels of all inputs.",
      inputGradient: () => "The gradient of the place that this number was written to, as it is.",
    },
  ),
};

/** The output's channel in which each input begins. */
export function firstChannels(inputShapes: readonly Shape[]): number[] {
  let next = 0;
  return inputShapes.map(([channels]) => {
    next += channels;
    return next - channels;
  });
}

/** The stretches of numbers that stay together, of each of N images: where one lies in its input, and in the output. */
function eachStretch(
  { inputShapes, outputShape }: Concat,
  N: number,
  visit: (input: number, from: number, to: number, length: number) => void,
): void {
  const plane = sizeOf(outputShape.slice(1));
  for (const [input, first] of firstChannels(inputShapes).entries()) {
    const length = inputShapes[input][0] * plane;
    for (let n = 0; n < N; n++) visit(input, n * length, n * sizeOf(outputShape) + first * plane, length);
  }
}
