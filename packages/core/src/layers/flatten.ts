import { checkKeys } from "../options.js";
import { whole } from "../presentation/numbers.js";
import { type NamedTensors, type Shape, sizeOf, type Tensor } from "../tensor.js";
import { explainFlatten } from "./explain/flatten.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";

/*
 * Flatten writes an image's cells in one row, channel by channel, row by row: cell [c, p, q] becomes number
 * (c*H + p)*W + q. That is the order in which they lie in memory already, so only the shape changes.
 */

export interface FlattenSpec extends LayerSpec {
  readonly type: "flatten";
}

export const flatten: Layer<FlattenSpec, ResolvedLayer> = {
  type: "flatten",
  prefix: "flatten",

  resolve(spec: FlattenSpec, inputShape: Shape): ResolvedLayer {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: [sizeOf(inputShape)] };
  },

  parameters: () => [],
  multiplyAdds: () => 0,

  forward(layer, [x]: readonly Tensor[]): Tensor {
    return { shape: [x.shape[0], ...layer.outputShape], data: x.data.slice() };
  },

  inputGradients(
    _layer,
    [x]: readonly Tensor[],
    _parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    return [{ shape: x.shape, data: outputGradient.data.slice() }];
  },

  parameterGradients: () => ({}),

  words: ({ outputShape: [count] }) => ({
    kind: "flatten",
    short: "flatten",
    forward: `All ${whole(count)} numbers are written in one row, map after map. Nothing is computed.`,
    backward: "The gradients go back to the places that the numbers came from.",
  }),

  explain: explainFlatten,
};
