import type { Cell } from "../../cell.js";
import { counted } from "../../presentation/numbers.js";
import type { Dense } from "../dense.js";
import { type Explainer, factorAt, product } from "./explanation.js";

/* Where the numbers of a dense layer come from: n image, o output, k input. */

export const explainDense: Explainer<Dense> = {
  output(layer, around, [n, o]) {
    const [x, weight] = [around("x"), around("weight")];
    const [K] = layer.inputShape;
    const terms = upTo(K, (k) => product([factorAt(weight, [o, k]), factorAt(x, [n, k])]));
    if (layer.bias) terms.unshift(product([factorAt(around("bias"), [o])], "bias"));
    const says = `Weight times input, ${counted(K, "product")} in all, added up${layer.bias ? `, plus the bias of output ${o}` : ""}.`;
    return { rule: "sum", terms, others: [], says };
  },

  inputGradient(layer, around, [n, k]) {
    const [weight, outputGradient] = [around("weight"), around("grad.out")];
    const [O] = layer.outputShape;
    const terms = upTo(O, (o) => product([factorAt(weight, [o, k]), factorAt(outputGradient, [n, o])]));
    const says = `This number went into ${counted(O, "output")}: the weight on the way there times the gradient of the output, added up.`;
    return { rule: "sum", terms, others: [], says };
  },

  parameterGradient(_layer, around, name, [o, k]) {
    const outputGradient = around("grad.out");
    const [N] = outputGradient.shape;
    if (name === "bias") {
      const terms = upTo(N, (n) => product([factorAt(outputGradient, [n, o])]));
      const says = `The bias went into output ${o} of ${counted(N, "image")} as it is: ${N === 1 ? "its gradient is that of the output" : "their gradients, added up"}.`;
      return { rule: "sum", terms, others: [], says };
    }
    const x = around("x");
    const terms = upTo(N, (n) => product([factorAt(outputGradient, [n, o]), factorAt(x, [n, k])]));
    const says = `This weight was used for output ${o} of ${counted(N, "image")}: the gradient of the output times the input that the weight met there${N === 1 ? "" : ", added up"}.`;
    return { rule: "sum", terms, others: [], says };
  },

  uses(layer, around, cell) {
    const [K] = layer.inputShape;
    const [O] = layer.outputShape;
    const [N] = around("x").shape;
    const [a, b] = cell.index;
    const cells = (count: number, tensor: string, index: (k: number) => number[]): Cell[] =>
      upTo(count, (k) => ({ tensor, index: index(k) }));
    if (cell.tensor === "x") {
      return [...cells(O, "out", (o) => [a, o]), ...cells(O, "grad.weight", (o) => [o, b])];
    }
    if (cell.tensor === "weight") {
      return [...cells(N, "out", (n) => [n, a]), ...cells(N, "grad.x", (n) => [n, b])];
    }
    if (cell.tensor === "bias") return cells(N, "out", (n) => [n, a]);
    return [
      ...cells(layer.bias ? 1 : 0, "grad.bias", () => [b]),
      ...cells(K, "grad.weight", (k) => [b, k]),
      ...cells(K, "grad.x", (k) => [a, k]),
    ];
  },
};

/** What `make` gives for 0, 1, ... below `end`. */
function upTo<T>(end: number, make: (k: number) => T): T[] {
  return Array.from({ length: end }, (_, k) => make(k));
}
