import type { ResolvedLayer } from "../layer.js";
import { CEILING } from "../relu6.js";
import { type Explainer, factorAt, product } from "./explanation.js";
import { closed, open, usesOfGate } from "./relu.js";

/* A ReLU6 is a gate for each number: it passes what is between 0 and 6, and its gradient; of what is above, 6. */

export const explainRelu6: Explainer<ResolvedLayer> = {
  output(_layer, around, index) {
    const x = factorAt(around("x"), index);
    if (x.value <= 0) return closed([x], "What came in is not above 0, so the ReLU6 gives 0.");
    // what is not a number passes, so that it stays visible
    if (!(x.value >= CEILING)) {
      return open(x, [], `What came in is between 0 and ${CEILING}, so it passes as it is.`);
    }
    const most = { value: CEILING, label: "the most" };
    const says = `What came in is not below ${CEILING}, so the ReLU6 gives ${CEILING}.`;
    return { rule: "gate", terms: [product([most])], others: [x], says };
  },

  inputGradient(_layer, around, index) {
    const x = factorAt(around("x"), index);
    const gradient = factorAt(around("grad.out"), index);
    return x.value > 0 && x.value < CEILING
      ? open(
          gradient,
          [x],
          `What came in was between 0 and ${CEILING}, so the output moved with it and the gradient passes as it is.`,
        )
      : closed(
          [x, gradient],
          `What came in was not between 0 and ${CEILING}, so the output did not move with it and no gradient passes.`,
        );
  },

  parameterGradient() {
    throw new RangeError("A ReLU6 has no parameters.");
  },

  uses: usesOfGate,
};
