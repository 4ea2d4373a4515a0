import { likeOf } from "../axes.js";
import type { Call, Operators } from "../call.js";
import type { Value } from "../values.js";
import { pointwise } from "./dense.js";

/* Operators that make probabilities of scores. Here that is what the loss does, so they can only come last. */

function softmax(call: Call): Value {
  const value = call.value(0);
  const { axes } = value;
  const axis = call.int("axis", call.reading.opset < 13 ? 1 : -1);
  const place = axis < 0 ? axis + axes.length : axis;
  if (axes[place] !== "K" || likeOf(value).source.shape.length !== 1) {
    throw call.refuse("it can only come last, over the scores of the classes");
  }
  return { kind: "ending", of: value, loss: "softmaxCrossEntropy", operator: call.node.operator };
}

/** The logarithm of probabilities, as some networks end in. */
function logarithm(call: Call): Value {
  const [value] = call.inputs;
  if (value?.kind === "ending" && value.operator === "Softmax") return { ...value, operator: "LogSoftmax" };
  throw call.refuse("no layer takes logarithms");
}

/** At the end of a network, a part of the loss; elsewhere a layer. */
function sigmoid(call: Call): Value {
  const value = call.value(0);
  if (!call.isLast || call.reading.keepsSigmoid) return pointwise(call);
  return { kind: "ending", of: value, loss: "binaryCrossEntropy", operator: "Sigmoid" };
}

export const endingOperators: Operators = {
  Softmax: softmax,
  LogSoftmax: softmax,
  Log: logarithm,
  Sigmoid: sigmoid,
};
