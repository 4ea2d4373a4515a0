import { logistic } from "../math.js";
import { checkKeys } from "../options.js";
import { short } from "../presentation/numbers.js";
import type { Shape } from "../tensor.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { smooth } from "./smooth.js";

/*
 * The sigmoid squeezes any number into (0, 1):  y = 1 / (1 + e^-x), the logistic function.
 * Its slope is y (1 - y): a quarter at 0, and hardly anything where y is near 0 or 1. There a unit hardly learns any more;
 * it is said to be saturated.
 */

export interface SigmoidSpec extends LayerSpec {
  readonly type: "sigmoid";
}

export const sigmoid: Layer<SigmoidSpec, ResolvedLayer> = {
  type: "sigmoid",
  prefix: "sigmoid",
  neverNegative: true,

  resolve(spec: SigmoidSpec, inputShape: Shape): ResolvedLayer {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: inputShape };
  },

  ...smooth<ResolvedLayer>({
    value: logistic,
    slope: (x) => logistic(x) * (1 - logistic(x)),
    factors: ({ value }) => [{ value: logistic(value), label: `σ(${short(value, 4)})` }],
    output: () => "The sigmoid of what came in: a number between 0 and 1.",
    slopeIs: () => "y·(1 − y)",
  }),

  words: () => ({
    kind: "sigmoid",
    short: "sigmoid",
    forward: "Each number is squeezed to between 0 and 1, along a curve like an S: 0 becomes 1/2.",
    backward:
      "The gradient is multiplied by the curve's slope, y·(1 − y): 1/4 at most, and almost nothing where the output is near 0 or 1.",
  }),
};
