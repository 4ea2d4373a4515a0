import { erfc, exp, logistic } from "../math.js";
import { checkKeys, oneOf } from "../options.js";
import type { Shape } from "../tensor.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { inShort } from "./options.js";
import { smooth } from "./smooth.js";

/*
 * GELU multiplies each number by the probability that a standard normal one is below it:  y = x P(x)  (D. Hendrycks and
 * K. Gimpel, "Gaussian error linear units", 2016).
 *
 *   exact        P(x) = (1 + erf(x / sqrt 2)) / 2,  whose slope is the bell  p(x) = e^(-x^2 / 2) / sqrt(2 pi)
 *   "tanh" form  P(x) = (1 + tanh u) / 2 = s(2u),   u = sqrt(2 / pi) (x + 0.044715 x^3),  s the sigmoid
 *
 * The tanh form is off by at most 0.0005, and was made when erf was slow. The slope of y is P(x) + x P'(x).
 */

const forms = ["none", "tanh"] as const;

export interface GeluSpec extends LayerSpec {
  readonly type: "gelu";
  /** `"none"`: the exact function; `"tanh"`: the form with a hyperbolic tangent. Default `"none"`. */
  readonly approximate?: (typeof forms)[number];
}

export interface Gelu extends ResolvedLayer {
  readonly approximate: (typeof forms)[number];
}

/** In the tanh form, 2u = WIDTH (x + CUBE x^3). */
export const GELU_WIDTH = 2 * Math.sqrt(2 / Math.PI);
export const GELU_CUBE = 0.044715;

export const gelu: Layer<GeluSpec, Gelu> = {
  type: "gelu",
  prefix: "gelu",

  resolve(spec: GeluSpec, inputShape: Shape): Gelu {
    checkKeys(spec, ["type", "approximate"]);
    const { approximate = "none" } = spec;
    oneOf(forms)("approximate", approximate);
    return { inputShape, outputShape: inputShape, approximate };
  },

  ...smooth<Gelu>({
    value: (x, layer) => x * probability(x, layer),
    slope: (x, layer) => probability(x, layer) + x * density(x, layer),
    factors: (x, layer) => [x, { value: probability(x.value, layer), label: "Φ(x)" }],
    output: ({ approximate }) =>
      `What came in times the probability that a standard normal number is below it, Φ(x)${approximate === "tanh" ? ", in the form with tanh" : ""}.`,
    slopeIs: () => "Φ(x) + x·Φ′(x)",
  }),

  words: ({ approximate }: Gelu) => ({
    kind: "GELU",
    short: inShort("GELU", [approximate === "tanh" && "tanh form"]),
    forward:
      "Each number is multiplied by the probability that a standard normal number is below it: a ReLU whose gate opens softly. What is far above 0 passes, what is far below becomes 0.",
    backward:
      "The gradient is multiplied by the curve's slope: about 1 where much came in, about 0 far below 0, and a little below 0 in between.",
  }),
};

/** P(x), which GELU multiplies x by. */
function probability(x: number, { approximate }: Gelu): number {
  return approximate === "tanh" ? logistic(argument(x)) : erfc(-x / Math.SQRT2) / 2;
}

/** Its slope, P'(x). */
function density(x: number, { approximate }: Gelu): number {
  if (approximate === "none") return exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const s = logistic(argument(x));
  const flat = s * (1 - s);
  // far out the sigmoid is flat, and x^2 may be more than a number holds
  return flat === 0 ? 0 : flat * GELU_WIDTH * (1 + 3 * GELU_CUBE * x * x);
}

const argument = (x: number) => GELU_WIDTH * (x + GELU_CUBE * x * x * x);
