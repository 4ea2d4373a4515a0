import { offsetOf } from "../../cell.js";
import type { Dropout } from "../dropout.js";
import { isKept, maskKey, stretchOf } from "../dropoutMask.js";
import type { Context } from "../layer.js";
import { type Account, type Explainer, factorAt, type NamedTensor, product } from "./explanation.js";

/* Dropout is a gate for each number that chance opens and closes; the gradient finds it as the number found it. */

function gate(
  layer: Dropout,
  tensor: NamedTensor,
  index: readonly number[],
  context: Context,
  what: string,
): Account {
  const factor = factorAt(tensor, index);
  if (context.mode === "evaluation") {
    return {
      rule: "copy",
      terms: [product([factor])],
      others: [],
      says: `After training nothing is dropped: ${what} passes as it is.`,
    };
  }
  const [place, ...cell] = index;
  const kept = isKept(layer.rate, maskKey(context, place), offsetOf(layer.inputShape, cell));
  return kept
    ? {
        rule: "gate",
        terms: [product([factor, { value: stretchOf(layer.rate), label: `1/(1 - ${layer.rate})` }])],
        others: [],
        says: `Chance kept this number in this step: ${what} passes, divided by the share of numbers that are kept.`,
      }
    : {
        rule: "gate",
        terms: [],
        others: [factor],
        says: `Chance dropped this number in this step: ${what} doesn't pass.`,
      };
}

export const explainDropout: Explainer<Dropout> = {
  output: (layer, around, index, context) => gate(layer, around("x"), index, context, "what came in"),

  inputGradient: (layer, around, index, _input, context) =>
    gate(layer, around("grad.out"), index, context, "the gradient"),

  parameterGradient() {
    throw new RangeError("Dropout has no parameters.");
  },

  uses: (_layer, _around, { tensor, index }) => [{ tensor: tensor === "x" ? "out" : "grad.x", index }],
};
