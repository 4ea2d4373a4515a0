import type { ResolvedLayer } from "../layer.js";
import { type Account, type Explainer, type Factor, factorAt, product } from "./explanation.js";

/* A ReLU is a gate for each number: it passes what is above 0, and its gradient. */

export const explainRelu: Explainer<ResolvedLayer> = {
  output(_layer, around, index) {
    const x = factorAt(around("x"), index);
    // what is not a number passes, so that it stays visible
    return x.value <= 0
      ? closed([x], "What came in is not above 0, so the ReLU gives 0.")
      : open(x, [], "What came in is above 0, so it passes as it is.");
  },

  inputGradient(_layer, around, index) {
    const x = factorAt(around("x"), index);
    const gradient = factorAt(around("grad.out"), index);
    return x.value > 0
      ? open(
          gradient,
          [x],
          "What came in was above 0, so the output moved with it and the gradient passes as it is.",
        )
      : closed(
          [x, gradient],
          "What came in was not above 0, so the output did not move with it and no gradient passes.",
        );
  },

  parameterGradient() {
    throw new RangeError("A ReLU has no parameters.");
  },

  uses: (_layer, _around, { tensor, index }) =>
    (tensor === "x" ? ["out", "grad.x"] : ["grad.x"]).map((tensor) => ({ tensor, index })),
};

function open(passes: Factor, others: readonly Factor[], says: string): Account {
  return { rule: "gate", terms: [product([passes])], others, says };
}

function closed(others: readonly Factor[], says: string): Account {
  return { rule: "gate", terms: [], others, says };
}
