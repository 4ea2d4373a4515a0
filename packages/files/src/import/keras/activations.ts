import type { AnyLayerSpec } from "unravel-cnn";
import { layerCurve } from "../curves.js";
import type { Given, Row } from "./given.js";
import { isObject, member, told } from "./json.js";
import type { Value } from "./network.js";

/* Functions of one number, and what makes probabilities at the end. They stand as layers, or as the `activation` of others. */

type Apply = (given: Given, input: Value) => Value;

/** A layer with no options. What was a row in another order stays so. */
const layer =
  (spec: AnyLayerSpec, nonNegative = false): Apply =>
  ({ network }, input) => ({ ...kept(input), ...network.add(spec, input), nonNegative });

/** What of a value holds for all that is made of each of its numbers. */
export const kept = ({ order }: Value): Pick<Value, "order"> => (order === undefined ? {} : { order });

const relu = layer({ type: "relu" }, true);

const relu6 = layer({ type: "relu6" }, true);

const leaky = (given: Given, input: Value, slope: number): Value => ({
  ...kept(input),
  ...given.network.add({ type: "leakyRelu", slope }, input),
});

/** With slope 1 it is a copy, which TensorFlow.js needs where one tensor goes into a layer twice. */
const leakyOrCopy = (given: Given, input: Value, slope: number): Value =>
  slope === 1 ? input : leaky(given, input, slope);

/** At the end softmax is part of the loss here. */
const softmax: Apply = (given, input) => {
  if (!given.isOutput)
    return given.fail("softmax can only be taken at the end, where it is part of the loss");
  if (input.shape.length !== 1)
    return given.fail("its softmax is over the channels of images, which can't be taken");
  given.remark("The softmax at the end is part of the loss here: the last layer gives the scores.");
  return input;
};

/** At the end it makes probabilities of scores, as the loss does here. */
const sigmoid: Apply = (given, input) => {
  if (input.curve) return { ...input, curve: layerCurve({ type: "sigmoid" }, input.curve) };
  if (!given.isOutput || input.shape.length !== 1) return layer({ type: "sigmoid" }, true)(given, input);
  if (input.shape[0] > 1) {
    given.network.loss = { type: "binaryCrossEntropy" };
    given.remark(
      "The sigmoid at the end is part of the loss here, binary cross-entropy: each class has a probability of its own.",
    );
    return input;
  }
  given.remark(
    "The one unit with a sigmoid at the end became two units with softmax: class 0 has the score 0, class 1 the unit's, which gives the same probabilities.",
  );
  return (
    given.network.twoClasses(input) ?? given.fail("its sigmoid gives one number that no Dense layer made")
  );
};

/** By Keras's names, without `_`. */
const functions: Readonly<Record<string, Apply>> = {
  linear: (_given, input) => input,
  relu,
  relu6,
  leakyrelu: (given, input) => leaky(given, input, 0.2),
  softmax,
  sigmoid,
  tanh: layer({ type: "tanh" }),
  silu: layer({ type: "silu" }),
  swish: layer({ type: "silu" }),
  gelu: layer({ type: "gelu" }),
  gelunew: layer({ type: "gelu", approximate: "tanh" }),
};

/** Applies a layer's `activation`: a name, or in Keras 3 an object around a name, or a layer. */
export function activate(given: Given, input: Value): Value {
  const activation = given.option("activation") ?? "linear";
  const name = isObject(activation) && typeof activation.config === "string" ? activation.config : activation;
  if (isObject(name)) {
    const [className, config] = [member(name, "class_name"), member(name, "config")];
    if (typeof className === "string" && Object.hasOwn(activationRows, className))
      return activationRows[className].read(given.with(config), input);
  }
  const plain = typeof name === "string" ? name.toLowerCase().replaceAll("_", "") : "";
  if (!Object.hasOwn(functions, plain))
    return given.fail(
      `its activation ${told(isObject(name) ? member(name, "class_name") : name)} can't be taken; known are linear, relu, relu6, leaky_relu, sigmoid, tanh, silu, swish, gelu, and softmax at the end`,
    );
  return functions[plain](given, input);
}

/** An option that may be written as a list of one; undefined: it isn't there. */
const scalar = (value: unknown) => (Array.isArray(value) ? value[0] : value) ?? undefined;

/** Those that are layers. */
export const activationRows: Readonly<Record<string, Row>> = {
  Activation: {
    takes: ["curve"],
    read(given, input) {
      const isStep = input.curve && given.option("activation") === "sigmoid";
      if (input.curve && !isStep)
        return given.fail(
          "its input was scaled or multiplied inside the network, which can only be taken where it makes GELU",
        );
      return activate(given, input);
    },
  },
  ReLU: {
    read(given, input) {
      const most = scalar(given.option("max_value"));
      const slope = scalar(given.option("negative_slope"));
      const isLeaky = slope !== undefined && slope !== 0;
      if (most !== undefined && (most !== 6 || isLeaky))
        return given.fail(
          `its max_value is ${told(most)}${isLeaky ? ` and its negative_slope ${told(slope)}` : ""}; of ReLUs with an upper end only one can be taken, ReLU6: max_value 6 without a slope`,
        );
      given.only("threshold", 0);
      if (most !== undefined) return relu6(given, input);
      if (!isLeaky) return relu(given, input);
      return leaky(given, input, given.with({ slope }).number("slope", 0));
    },
  },
  LeakyReLU: {
    read(given, input) {
      const key = given.option("negative_slope") === undefined ? "alpha" : "negative_slope";
      const value = given.option(key);
      // Keras 2 may write it as an array of one
      const inner = isObject(value) ? member(value, "value") : value;
      return leakyOrCopy(given, input, given.with({ [key]: inner }).number(key, 0.3));
    },
  },
  Softmax: {
    read(given, input) {
      given.channelAxis("axis", 1);
      return softmax(given, input);
    },
  },
};
