import type { Call, Operators } from "../call.js";
import { expressionOf, pointwise as pointwiseNames } from "../expressions.js";
import { type Constant, shortest, type Value } from "../values.js";
import { denseOperators, pointwise } from "./dense.js";
import { endingOperators } from "./endings.js";
import { layoutOperators } from "./layout.js";
import { windowOperators } from "./windows.js";

const plainPointwise: Operators = Object.fromEntries(
  pointwiseNames.map((name) => [name, (call: Call): Value => pointwise(call)]),
);

function gelu(call: Call): Value {
  const form = call.text("approximate", "none");
  if (form !== "none" && form !== "tanh")
    throw call.refuse(`approximate ${JSON.stringify(form.slice(0, 40))} isn't known here`);
  return pointwise(call, form === "tanh" ? 1 : 0);
}

/** One slope for all numbers, which some programs write as a leaky ReLU that learns it. */
function leakyWithSlopes(call: Call): Value {
  const { data } = call.constant(1);
  if (data.length === 0 || data.some((slope) => slope !== data[0])) {
    throw call.refuse("it has a slope for each channel, but a leaky ReLU here has one for all");
  }
  return expressionOf(call.network, call.node, call.order, [call.value(0)], shortest(data[0]), "LeakyRelu");
}

/** Its ends are inputs, before opset 11 attributes; one that is left out cuts nothing off. */
function clip(call: Call): Value {
  const end = (name: string, place: number, none: number): Constant =>
    call.inputs[place] !== undefined ? call.constant(place) : numberOf(call, call.float(name, none));
  const args = [call.value(0), end("min", 1, -Infinity), end("max", 2, Infinity)];
  return expressionOf(call.network, call.node, call.order, args);
}

/** A number of a node as a constant. */
const numberOf = ({ node }: Call, value: number): Constant => ({
  kind: "constant",
  shape: [],
  data: Float64Array.of(value),
  isWhole: false,
  from: node.outputs[0],
  how: [],
});

/** What is made of nodes whose inputs aren't all constant, by operator. */
export const operators: Operators = {
  ...plainPointwise,
  LeakyRelu: (call) => pointwise(call, shortest(call.float("alpha", 0.01))),
  Swish: (call) => pointwise(call, shortest(call.float("alpha", 1))),
  PRelu: leakyWithSlopes,
  Gelu: gelu,
  Clip: clip,
  ...windowOperators,
  ...denseOperators,
  ...layoutOperators,
  ...endingOperators,
};
