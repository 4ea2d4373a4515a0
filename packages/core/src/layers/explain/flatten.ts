import { indexAt, offsetOf } from "../../cell.js";
import type { Shape } from "../../tensor.js";
import type { ResolvedLayer } from "../layer.js";
import { type Account, type Explainer, factorAt, type NamedTensor, product } from "./explanation.js";

/* Flatten moves every number to another place, forward and backward. */

export const explainFlatten: Explainer<ResolvedLayer> = {
  output: (layer, around, index) =>
    copy(
      around("x"),
      moved(index, outputOf(layer), inputOf(layer)),
      "in the image, which is written in one row",
    ),

  inputGradient: (layer, around, index) =>
    copy(
      around("grad.out"),
      moved(index, inputOf(layer), outputOf(layer)),
      "in the row, and goes back to where it was",
    ),

  parameterGradient() {
    throw new RangeError("A flatten layer has no parameters.");
  },

  uses: (layer, _around, { tensor, index }) =>
    tensor === "x"
      ? [{ tensor: "out", index: moved(index, inputOf(layer), outputOf(layer)) }]
      : [{ tensor: "grad.x", index: moved(index, outputOf(layer), inputOf(layer)) }],
};

function copy(tensor: NamedTensor, index: number[], where: string): Account {
  const says = `The same number, only its place changes: it stands at [${index.join(", ")}] ${where}.`;
  return { rule: "copy", terms: [product([factorAt(tensor, index)])], others: [], says };
}

const inputOf = ({ inputShape }: ResolvedLayer) => inputShape;
const outputOf = ({ outputShape }: ResolvedLayer) => outputShape;

/** The same place in another shape. */
function moved([n, ...index]: readonly number[], from: Shape, to: Shape): number[] {
  return [n, ...indexAt(to, offsetOf(from, index))];
}
