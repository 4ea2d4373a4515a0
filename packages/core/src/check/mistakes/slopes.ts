import type { LeakyRelu } from "../../layers/leakyRelu.js";
import { logistic } from "../../math.js";
import type { Tensor } from "../../tensor.js";
import type { NetworkLayer } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, atLayers, type Mistake } from "./mistake.js";
import { gradientOf, inputOf } from "./tools.js";

/* The way back through sigmoid, tanh and leaky ReLU: the gradient times a slope, which people take of the wrong number. */

/** What comes back if the slope is `slope` of the input z and the output a. */
const withSlope = (layer: NetworkLayer, slope: (z: number, a: number) => number): Variation =>
  at(layer.inputGradients[0], (run: Run): Tensor => {
    const z = inputOf(layer, run);
    const a = run.tensor(layer.output);
    return mapped(gradientOf(layer, run), (g, k) => g * slope(z.data[k], a.data[k]));
  });

/** The slope of each smooth activation, as a function of its output. */
const CURVES = {
  sigmoid: { value: logistic, slope: (a: number) => a * (1 - a) },
  tanh: { value: Math.tanh, slope: (a: number) => 1 - a * a },
} as const;

type Curve = (typeof CURVES)[keyof typeof CURVES];

const atCurves = (variations: (layer: NetworkLayer, curve: Curve) => Variation[]) => {
  const each = Object.entries(CURVES).map(([type, curve]) =>
    atLayers(type, (layer) => variations(layer, curve)),
  );
  return (...args: Parameters<(typeof each)[number]>) => each.flatMap((one) => one(...args));
};

export const slopeLeftOut: Mistake = {
  name: "activation-slope-left-out",
  why: "The gradient passes through the sigmoid or tanh unchanged, but the output moves only as much as the slope of the curve says: a(1 - a) for a sigmoid, 1 - a^2 for tanh.",
  fix: "dz = da * a * (1 - a)  # sigmoid, a being its output; tanh: da * (1 - a**2)",
  variations: atCurves((layer) => [withSlope(layer, () => 1)]),
};

export const slopeOfOutput: Mistake = {
  name: "activation-slope-of-output",
  why: "The slope is taken of the output as if it were the input: the function that computes the curve again was given a, not z, so that the curve is applied twice.",
  fix: "dz = da * a * (1 - a)  # or s = sigmoid(z); da * s * (1 - s); not sigmoid(a)",
  variations: atCurves((layer, { value, slope }) => [withSlope(layer, (_, a) => slope(value(a)))]),
};

export const slopeOfInput: Mistake = {
  name: "activation-slope-of-input",
  why: "The short form of the slope, a(1 - a) or 1 - a^2, was given the input z, but a is the output.",
  fix: "dz = da * a * (1 - a)  # a = sigmoid(z), not z",
  variations: atCurves((layer, { slope }) => [withSlope(layer, (z) => slope(z))]),
};

export const slopeTwice: Mistake = {
  name: "activation-slope-twice",
  why: "The gradient is multiplied with the slope twice: once in the layer's own code and once outside of it.",
  fix: "dz = da * a * (1 - a)  # once",
  variations: atCurves((layer, { slope }) => [withSlope(layer, (_, a) => slope(a) ** 2)]),
};

export const slopeHalf: Mistake = {
  name: "activation-slope-incomplete",
  why: "A part of the slope is missing or wrong: a sigmoid's is a(1 - a), tanh's is 1 - a^2.",
  fix: "dz = da * a * (1 - a)  # tanh: da * (1 - a**2)",
  variations: atCurves((layer) => [
    withSlope(layer, (_, a) => a),
    withSlope(layer, (_, a) => 1 - a),
    withSlope(layer, (_, a) => a * a),
    withSlope(layer, (_, a) => 1 + a * a),
    withSlope(layer, (_, a) => a * (1 + a)),
  ]),
};

export const slopeOfOther: Mistake = {
  name: "activation-slope-of-another",
  why: "What comes back has the slope of another activation than the one that was used forward.",
  fix: "dz = da * a * (1 - a)  # sigmoid; tanh: da * (1 - a**2); ReLU: da * (z > 0)",
  variations: (network, run) => {
    const others: [type: string, slope: (z: number, a: number) => number][] = [
      ["sigmoid", (_, a) => a * (1 - a)],
      ["tanh", (_, a) => 1 - a * a],
      ["relu", (z) => (z > 0 ? 1 : 0)],
    ];
    return ["sigmoid", "tanh", "leakyRelu"].flatMap((type) =>
      atLayers(type, (layer) =>
        others.filter(([other]) => other !== type).map(([, slope]) => withSlope(layer, slope)),
      )(network, run),
    );
  },
};

export const leakForgotten: Mistake = {
  name: "leaky-slope-forgotten",
  why: "The gradient is cut off where the input was negative, as by a ReLU, but a leaky ReLU lets its slope of it pass.",
  fix: "dz = da * np.where(z > 0, 1, slope)",
  variations: atLayers<LeakyRelu>("leakyRelu", (layer) => [withSlope(layer, (z) => (z > 0 ? 1 : 0))]),
};

export const leakMisplaced: Mistake = {
  name: "leaky-slope-misplaced",
  why: "The slope of the leaky ReLU is where it doesn't belong: it multiplies what was positive, everything, or comes twice.",
  fix: "dz = da * np.where(z > 0, 1, slope)",
  variations: atLayers<LeakyRelu>("leakyRelu", (layer) => {
    const { slope } = layer.resolved;
    return [
      withSlope(layer, (z) => (z > 0 ? slope : 1)),
      withSlope(layer, () => slope),
      withSlope(layer, () => 1),
      withSlope(layer, (z) => (z > 0 ? 1 : slope * slope)),
      withSlope(layer, (z) => (z > 0 ? 1 : -slope)),
      withSlope(layer, (z) => (z > 0 ? 1 : slope * z)),
    ];
  }),
};
