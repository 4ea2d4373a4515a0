import { checkKeys } from "../options.js";
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

  forward(layer, x: Tensor): Tensor {
    return { shape: [x.shape[0], ...layer.outputShape], data: x.data.slice() };
  },

  inputGradient(_layer, x: Tensor, _parameters: NamedTensors, outputGradient: Tensor): Tensor {
    return { shape: x.shape, data: outputGradient.data.slice() };
  },

  parameterGradients: () => ({}),

  explain: explainFlatten,
};
