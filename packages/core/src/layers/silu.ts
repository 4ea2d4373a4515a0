import { logistic } from "../math.js";
import { checkKeys } from "../options.js";
import type { Shape } from "../tensor.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { smooth } from "./smooth.js";

/*
 * SiLU is a ReLU whose gate opens softly:  y = x s(x), where s is the sigmoid. Also called swish (S. Elfwing et al.,
 * "Sigmoid-weighted linear units for neural network function approximation in reinforcement learning", 2017).
 * Its slope is s(x) + x s(x) (1 - s(x)): about 1 far above 0, about 0 far below, and a little negative below -1.28.
 */

export interface SiluSpec extends LayerSpec {
  readonly type: "silu";
}

export const silu: Layer<SiluSpec, ResolvedLayer> = {
  type: "silu",
  prefix: "silu",

  resolve(spec: SiluSpec, inputShape: Shape): ResolvedLayer {
    checkKeys(spec, ["type"]);
    return { inputShape, outputShape: inputShape };
  },

  ...smooth<ResolvedLayer>({
    value: (x) => x * logistic(x),
    slope(x) {
      const s = logistic(x);
      return s * (1 + x * (1 - s));
    },
    factors: (x) => [x, { value: logistic(x.value), label: "σ(x)" }],
    output: () => "What came in times its sigmoid, which says how far this gate is open: from 0 to 1.",
    slopeIs: () => "σ(x)·(1 + x·(1 − σ(x)))",
  }),

  words: () => ({
    kind: "SiLU",
    short: "SiLU",
    forward:
      "Each number is multiplied by its own sigmoid: a ReLU whose gate opens softly. What is far above 0 passes, what is far below becomes 0.",
    backward:
      "The gradient is multiplied by the curve's slope: about 1 where much came in, about 0 far below 0, and a little below 0 in between.",
  }),
};
