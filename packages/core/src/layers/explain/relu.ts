import type { Cell } from "../../cell.js";
import type { ResolvedLayer } from "../layer.js";
import { type Account, type Around, type Explainer, type Factor, factorAt, product } from "./explanation.js";

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

  uses: usesOfGate,
};

/** What stands in the accounts of a layer that lets each number through or not: the number itself decides, there and back. */
export function usesOfGate(_layer: ResolvedLayer, _around: Around, { tensor, index }: Cell): Cell[] {
  return (tensor === "x" ? ["out", "grad.x"] : ["grad.x"]).map((tensor) => ({ tensor, index }));
}

/** A number that passes as it is. */
export function open(passes: Factor, others: readonly Factor[], says: string): Account {
  return { rule: "gate", terms: [product([passes])], others, says };
}

/** A number of which nothing passes. */
export function closed(others: readonly Factor[], says: string): Account {
  return { rule: "gate", terms: [], others, says };
}
