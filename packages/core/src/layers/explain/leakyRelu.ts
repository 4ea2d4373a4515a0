import type { LeakyRelu } from "../leakyRelu.js";
import { type Account, type Explainer, type Factor, factorAt, product } from "./explanation.js";
import { open, usesOfGate } from "./relu.js";

/* A leaky ReLU is a gate for each number that never shuts: of what isn't above 0 a share passes, and of its gradient. */

export const explainLeakyRelu: Explainer<LeakyRelu> = {
  output(layer, around, index) {
    const x = factorAt(around("x"), index);
    return x.value > 0
      ? open(x, [], "What came in is above 0, so it passes as it is.")
      : share(layer, x, [], `What came in is not above 0, so ${layer.slope} times it passes.`);
  },

  inputGradient(layer, around, index) {
    const x = factorAt(around("x"), index);
    const gradient = factorAt(around("grad.out"), index);
    return x.value > 0
      ? open(
          gradient,
          [x],
          "What came in was above 0, so the output moved with it and the gradient passes as it is.",
        )
      : share(
          layer,
          gradient,
          [x],
          `What came in was not above 0, so the output moved ${layer.slope} times as much, and ${layer.slope} times the gradient passes.`,
        );
  },

  parameterGradient() {
    throw new RangeError("A leaky ReLU has no parameters.");
  },

  uses: usesOfGate,
};

function share({ slope }: LeakyRelu, of: Factor, others: readonly Factor[], says: string): Account {
  return { rule: "gate", terms: [product([{ value: slope, label: "slope" }, of])], others, says };
}
