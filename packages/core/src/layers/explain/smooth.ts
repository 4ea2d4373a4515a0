import type { ResolvedLayer } from "../layer.js";
import { type Explainer, type Factor, factorAt, product } from "./explanation.js";
import { usesOfGate } from "./relu.js";

/* A smooth function of one number: forward its value, perhaps as a product; backward its slope times the gradient. */

export interface SmoothAccount<Resolved extends ResolvedLayer> {
  /** What the value is a product of; its cell is `x`'s where that is one of the factors. */
  factors(x: Factor, layer: Resolved): readonly Factor[];
  /** How much the value moves where x moves a little: f'(x). */
  slope(x: number, layer: Resolved): number;
  /** One plain sentence about a value. */
  readonly output: (layer: Resolved) => string;
  /** What the slope is, in a few words: `y·(1 − y)`. */
  readonly slopeIs: (layer: Resolved) => string;
}

export function explainSmooth<Resolved extends ResolvedLayer>(
  f: SmoothAccount<Resolved>,
): Explainer<Resolved> {
  return {
    output(layer, around, index) {
      const x = factorAt(around("x"), index);
      const factors = f.factors(x, layer);
      return {
        rule: "function",
        terms: [product(factors)],
        others: factors.includes(x) ? [] : [x],
        says: f.output(layer),
      };
    },

    inputGradient(layer, around, index) {
      const x = factorAt(around("x"), index);
      const slope = { value: f.slope(x.value, layer), label: "slope" };
      return {
        rule: "function",
        terms: [product([factorAt(around("grad.out"), index), slope])],
        others: [x],
        says: `Where this number moves a little, the output moves as much times the slope of the curve there, ${f.slopeIs(layer)}; so does the gradient on its way back.`,
      };
    },

    parameterGradient() {
      throw new RangeError("Such a layer has no parameters.");
    },

    uses: usesOfGate,
  };
}
