import type { Tensor } from "../../tensor.js";
import type { NetworkLayer } from "../network.js";
import type { Change, Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, atLayers, type Mistake, together } from "./mistake.js";
import { gradientOf, inputOf } from "./tools.js";

/** A function and its slope. */
type Activation = readonly [f: (x: number) => number, slope: (x: number) => number];

/** Another function in the place of ReLU, forward, and with its own slope backward. */
function otherFunction(layer: NetworkLayer, [f, slope]: Activation): Variation[] {
  const forward = at(layer.output, (run) => mapped(inputOf(layer, run), f));
  const back = at(layer.inputGradients[0], (run) => withSlope(layer, run, slope));
  return [forward, together(forward, back)];
}

function withSlope(layer: NetworkLayer, run: Run, slope: (x: number) => number): Tensor {
  const x = inputOf(layer, run);
  return mapped(gradientOf(layer, run), (g, k) => g * slope(x.data[k]));
}

const back = (slope: (x: number) => number) =>
  atLayers("relu", (layer) => [at(layer.inputGradients[0], (run) => withSlope(layer, run, slope))]);

const SLOPES = [0.01, 0.1, 0.2, 0.3, 0.05, 0.001, 0.02, 0.25, 0.5];

export const slopeAtZero: Mistake = {
  name: "relu-slope-at-zero",
  harmless: true,
  why: "Where the input of the ReLU is exactly 0 there is no slope; here it is taken as 1 and not as 0, which is as good.",
  fix: "dx = dy * (x > 0)",
  variations: back((x) => (x >= 0 ? 1 : 0)),
};

export const reluLeftOut: Mistake = {
  name: "relu-left-out",
  why: "The ReLU lets negative numbers pass, so that it does nothing.",
  fix: "y = np.maximum(0, x)",
  variations: atLayers("relu", (layer) => otherFunction(layer, [(x) => x, () => 1])),
};

export const reluLeaky: Mistake = {
  name: "relu-leaky",
  why: "A share of the negative numbers passes: that is a leaky ReLU, not a ReLU.",
  fix: "y = np.maximum(0, x)",
  variations: atLayers("relu", (layer) =>
    SLOPES.flatMap((slope) =>
      otherFunction(layer, [(x) => (x > 0 ? x : slope * x), (x) => (x > 0 ? 1 : slope)]),
    ),
  ),
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const OTHERS: readonly Activation[] = [
  [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
  [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  [Math.abs, Math.sign],
  [(x) => Math.min(1, Math.max(0, x)), (x) => (x > 0 && x < 1 ? 1 : 0)],
  [(x) => Math.min(0, x), (x) => (x < 0 ? 1 : 0)],
  [(x) => (x > 0 ? 1 : 0), (x) => (x > 0 ? 1 : 0)],
];

/** Activations that the library has no layer for. */
const CURVES: readonly (readonly [name: string, ...Activation])[] = [
  ["ELU", (x) => (x > 0 ? x : Math.expm1(x)), (x) => (x > 0 ? 1 : Math.exp(x))],
  ["softplus", (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid],
  [
    "SELU",
    (x) => SCALE * (x > 0 ? x : ALPHA * Math.expm1(x)),
    (x) => SCALE * (x > 0 ? 1 : ALPHA * Math.exp(x)),
  ],
  ["hard tanh", (x) => Math.min(1, Math.max(-1, x)), (x) => (x > -1 && x < 1 ? 1 : 0)],
  ["softsign", (x) => x / (1 + Math.abs(x)), (x) => 1 / (1 + Math.abs(x)) ** 2],
];
/* Of SELU (G. Klambauer et al., "Self-normalizing neural networks", 2017). */
const SCALE = 1.0507009873554805;
const ALPHA = 1.6732632423543772;

export const otherActivation: Mistake = {
  name: "other-activation",
  why: "This is another function than ReLU: sigmoid, tanh, the absolute value, or one that cuts off above.",
  fix: "y = np.maximum(0, x)",
  variations: atLayers("relu", (layer) => [
    ...OTHERS.flatMap((other) => otherFunction(layer, other)),
    ...CURVES.map(([, f]) => at(layer.output, (run) => mapped(inputOf(layer, run), f))),
  ]),
};

/** Forward and backward in one, so that a gradient that doesn't go with it contradicts it. */
export const anotherActivation: Mistake = {
  name: "another-activation",
  harmless: true,
  why: "The activation is another one than ReLU, and its slope goes with it.",
  fix: "y = np.where(x > 0, x, np.exp(x) - 1); dx = dy * np.where(x > 0, 1, np.exp(x))  # ELU",
  variations: atLayers("relu", (layer) =>
    CURVES.map(([name, ...activation]) => ({
      ...otherFunction(layer, activation)[1],
      detail: `It is ${name}.`,
    })),
  ),
};

export const maskLeftOut: Mistake = {
  name: "relu-mask-left-out",
  why: "The gradient passes everywhere, but where the input was negative the output didn't move with it.",
  fix: "dx = dy * (x > 0)",
  variations: back(() => 1),
};

export const maskInverted: Mistake = {
  name: "relu-mask-inverted",
  why: "The gradient passes where the input was negative, and not where it was positive.",
  fix: "dx = dy * (x > 0)",
  variations: back((x) => (x > 0 ? 0 : 1)),
};

export const maskOfGradient: Mistake = {
  name: "relu-mask-of-gradient",
  why: "The mask asks for the sign of the gradient, but what decides is whether the input was positive on the way forward.",
  fix: "dx = dy * (x > 0)  # x, not dy",
  variations: atLayers("relu", (layer) => [
    at(layer.inputGradients[0], (run) => mapped(gradientOf(layer, run), (g) => Math.max(0, g))),
    at(layer.inputGradients[0], (run) => {
      const x = inputOf(layer, run);
      return mapped(gradientOf(layer, run), (g, k) => (x.data[k] > 0 ? Math.max(0, g) : 0));
    }),
  ]),
};

export const maskOfWrongTensor: Mistake = {
  name: "relu-mask-of-wrong-tensor",
  why: "The mask is taken from another array than this ReLU's own input (or output).",
  fix: "dx = dy * (x > 0)  # x is what went into this ReLU",
  variations: atLayers("relu", (layer, network) => {
    const [input] = layer.inputs;
    const own = [input, layer.output, `grad.${layer.output}`, `grad.${input}`];
    const shape = network.shapes.get(layer.output) ?? [];
    const names = [...network.shapes].filter(
      ([name, its]) => its.join() === shape.join() && !own.includes(name),
    );
    const masks = names.map(([name]) =>
      at(layer.inputGradients[0], (run) => {
        const mask = run.tensor(name);
        return mapped(gradientOf(layer, run), (g, k) => (mask.data[k] > 0 ? g : 0));
      }),
    );
    const firstImage = at(layer.inputGradients[0], (run) => {
      const x = inputOf(layer, run);
      const inner = x.data.length / x.shape[0];
      return mapped(gradientOf(layer, run), (g, k) => (x.data[k % inner] > 0 ? g : 0));
    });
    return network.images > 1 ? [...masks, firstImage] : masks;
  }),
};

export const maskLeaky: Mistake = {
  name: "relu-gradient-leaky",
  why: "A share of the gradient passes where the input was negative: that is the slope of a leaky ReLU.",
  fix: "dx = dy * (x > 0)",
  variations: atLayers("relu", (layer) =>
    SLOPES.map((slope) =>
      at(layer.inputGradients[0], (run) => withSlope(layer, run, (x) => (x > 0 ? 1 : slope))),
    ),
  ),
};

export const valueForMask: Mistake = {
  name: "relu-value-for-mask",
  why: "The gradient is multiplied by what the ReLU gave, but its slope is 1 or 0.",
  fix: "dx = dy * (x > 0)",
  variations: atLayers("relu", (layer) => [
    at(layer.inputGradients[0], (run) => withSlope(layer, run, (x) => Math.max(0, x))),
    at(layer.inputGradients[0], (run) => withSlope(layer, run, (x) => x)),
    at(layer.inputGradients[0], (run) => withSlope(layer, run, Math.sign)),
  ]),
};

export const gradientIsMask: Mistake = {
  name: "relu-gradient-not-multiplied",
  why: "What goes back is the slope alone, without the gradient that came from behind.",
  fix: "dx = dy * (x > 0)  # chain rule: times dy",
  variations: atLayers("relu", (layer) => [
    at(layer.inputGradients[0], (run) => mapped(inputOf(layer, run), (x) => (x > 0 ? 1 : 0))),
    at(layer.inputGradients[0], (run) => mapped(inputOf(layer, run), (x) => Math.max(0, x))),
  ]),
};

export const maskInPlace: Mistake = {
  name: "relu-gradient-in-place",
  why: "The mask was applied to the array of the output's gradient itself, so that it doesn't hold what was saved under its name.",
  fix: "dx = dy * (x > 0)  # a new array; not dy[x <= 0] = 0, not dy *= mask",
  variations: atLayers("relu", (layer, network) => {
    const masked: Change = (run, right) => {
      const x = inputOf(layer, run);
      return mapped(right(), (g, k) => (x.data[k] > 0 ? g : 0));
    };
    const own = `grad.${layer.output}`;
    const flatten = network.layers.find(
      ({ type, inputs }) => type === "flatten" && inputs[0] === layer.output,
    );
    // A reshape is a view: what is written into it is written into the flat array, too.
    const view = flatten
      ? [{ changes: {}, shown: { [own]: masked, [`grad.${flatten.output}`]: masked } }]
      : [];
    return [{ changes: {}, shown: { [own]: masked } }, ...view];
  }),
};
