import * as math from "../math.js";
import { checkKeys } from "../options.js";
import { short } from "../presentation/numbers.js";
import type { Shape } from "../tensor.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { smooth } from "./smooth.js";

/*
 * The hyperbolic tangent squeezes any number into (-1, 1):  y = (e^x - e^-x) / (e^x + e^-x). It is a sigmoid that is twice
 * as wide and high, about 0:  tanh x = 2 / (1 + e^-2x) - 1.
 * Its slope is 1 - y^2: 1 at 0, and hardly anything where y is near -1 or 1.
 */

export interface TanhSpec extends LayerSpec {
  readonly type: "tanh";
}

export const tanh: Layer<TanhSpec, ResolvedLayer> = {
  type: "tanh",
  prefix: "tanh",

  resolve(spec: TanhSpec, inputShape: Shape): ResolvedLayer {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: inputShape };
  },

  ...smooth<ResolvedLayer>({
    value: math.tanh,
    slope: (x) => 1 - math.tanh(x) ** 2,
    factors: ({ value }) => [{ value: math.tanh(value), label: `tanh(${short(value, 4)})` }],
    output: () => "The hyperbolic tangent of what came in: a number between −1 and 1.",
    slopeIs: () => "1 − y²",
  }),

  words: () => ({
    kind: "tanh",
    short: "tanh",
    forward: "Each number is squeezed to between −1 and 1, along a curve like an S: 0 stays 0.",
    backward:
      "The gradient is multiplied by the curve's slope, 1 − y²: 1 at most, and almost nothing where the output is near −1 or 1.",
  }),
};
