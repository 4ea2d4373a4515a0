import type { Relu6 } from "../relu6.js";
import { type Explainer, factorAt, product } from "./explanation.js";
import { closed, open, usesOfGate } from "./relu.js";

/* A ReLU6 is a gate for each number: it passes what is between 0 and 6, and its gradient; of what is above, 6. */

export const explainRelu6: Explainer<Relu6> = {
  output({ ceiling }, around, index) {
    const x = factorAt(around("x"), index);
    if (x.value <= 0) return closed([x], "What came in is not above 0, so the ReLU6 gives 0.");
    // what is not a number passes, so that it stays visible
    if (!(x.value >= ceiling)) {
      return open(x, [], `What came in is between 0 and ${ceiling}, so it passes as it is.`);
    }
    const most = { value: ceiling, label: "the most" };
    const says = `What came in is not below ${ceiling}, so the ReLU6 gives ${ceiling}.`;
    return { rule: "gate", terms: [product([most])], others: [x], says };
  },

  inputGradient({ ceiling }, around, index) {
    const x = factorAt(around("x"), index);
    const gradient = factorAt(around("grad.out"), index);
    return x.value > 0 && x.value < ceiling
      ? open(
          gradient,
          [x],
          `What came in was between 0 and ${ceiling}, so the output moved with it and the gradient passes as it is.`,
        )
      : closed(
          [x, gradient],
          `What came in was not between 0 and ${ceiling}, so the output did not move with it and no gradient passes.`,
        );
  },

  parameterGradient() {
    throw new RangeError("A ReLU6 has no parameters.");
  },

  uses: usesOfGate,
};
