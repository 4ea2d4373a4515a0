import { type Cell, indexAt } from "../cell.js";
import type { ModelLayer } from "../graph/model.js";
import { randomStream } from "../random.js";
import { contextOf, parametersOf, type Trace } from "../reference/trace.js";
import { copyAll, type FloatArray, type Shape, type Tensor, zeros } from "../tensor.js";
import { type Difference, measureSlope } from "./difference.js";
import { branchesOf, changedUnit, finiteDifferences } from "./finiteDifference.js";
import { namesAround, namesAroundLoss } from "./place.js";

/** A tensor whose numbers can be moved, and what is claimed to be the slope along each. */
export interface Probe {
  readonly tensor: string;
  readonly shape: Shape;
  /** As it was computed, in row-major order. */
  readonly gradient: FloatArray;
  /** Of the numbers that the function adds up: its values are rounded as these are. */
  readonly size: number;
  /** The slope along the number at an offset, measured; with a shorter step than `below`, if there is one. */
  measure(offset: number, below?: number): Difference<Cell>;
}

/** The loss, along each number of `x` and of the parameters. */
export function networkProbes(step: Trace): Probe[] {
  return ofLoss(step, ["x", ...step.model.parameters.map(({ fullName }) => fullName)]);
}

/** The loss, along each logit. */
export function lossProbes(step: Trace): Probe[] {
  return ofLoss(step, [namesAroundLoss(step.model)("logits")]);
}

function ofLoss(step: Trace, names: readonly string[]): Probe[] {
  const { tensors, model } = step;
  const difference = finiteDifferences(step);
  const size = 1 + magnitude(tensors[namesAroundLoss(model)("logits")].data);
  return names
    .filter((name) => Object.hasOwn(tensors, `grad.${name}`))
    .map((tensor) => {
      const { shape, data: gradient } = tensors[`grad.${tensor}`];
      return {
        tensor,
        shape,
        gradient,
        size,
        measure: (offset, below) => difference({ tensor, index: indexAt(shape, offset) }, below),
      };
    });
}

/**
 * A layer alone, on random numbers: the sum of its outputs, each times another random number. These are the gradients that
 * come from above; what the layer makes of them are the slopes of that sum. (Of what really comes into a layer much can be
 * exactly 0 or equal, after a ReLU for instance; random numbers keep away from kinks.)
 */
export function layerProbes({ tensors, circumstances }: Trace, layer: ModelLayer, seed: number): Probe[] {
  const { kind, resolved } = layer;
  const names = namesAround(layer);
  const inputs = layer.inputs.map((name, k) =>
    randomLike(tensors[name], seed, k === 0 ? `${layer.name}.x` : `${layer.name}.x${k + 1}`),
  );
  const parameters = copyAll(parametersOf(layer, tensors));
  const before = branchesOf(layer, inputs);
  const outgoing = randomLike(tensors[layer.output], seed, layer.output);
  const context = contextOf(layer, circumstances);
  const output = () => kind.forward(resolved, inputs, parameters, context);
  const size = sumOfSizes(output(), outgoing);
  const steps = kind.curved ? CURVED_STEPS : STRAIGHT_STEPS;
  const run = () => ({
    value: dot(output(), outgoing),
    changed: changedUnit(layer, inputs, before),
  });
  const ofInputs = kind.inputGradients(resolved, inputs, parameters, outgoing, context);
  const ofParameters = kind.parameterGradients(resolved, inputs, outgoing, parameters, context);
  const probe = (tensor: string, { shape, data }: Tensor, gradient: Tensor): Probe => ({
    tensor,
    shape,
    gradient: gradient.data,
    size,
    measure: (offset, below) => measureSlope(data as Float64Array, offset, steps, run, below),
  });
  return [
    ...inputs.map((input, k) => probe(layer.inputs[k], input, ofInputs[k])),
    ...layer.parameters.map(({ name }) => probe(names(name), parameters[name], ofParameters[name])),
  ];
}

/** Most layers are linear up to a kink, so that larger steps than a whole network's, with less rounding, are exact. */
const STRAIGHT_STEPS = [2 ** -13, 2 ** -17, 2 ** -21, 2 ** -25];

/** Others bend as networks do. */
const CURVED_STEPS = STRAIGHT_STEPS.slice(1);

function randomLike({ shape }: Tensor, seed: number, name: string): Tensor {
  const random = randomStream(seed, `gradcheck/${name}`);
  const t = zeros(shape, "float64");
  for (let k = 0; k < t.data.length; k++) t.data[k] = random.normal(k);
  return t;
}

function dot(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let k = 0; k < a.data.length; k++) sum += a.data[k] * b.data[k];
  return sum;
}

function sumOfSizes(a: Tensor, b: Tensor): number {
  let sum = 0;
  for (let k = 0; k < a.data.length; k++) sum += Math.abs(a.data[k] * b.data[k]);
  return sum;
}

function magnitude(values: FloatArray): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
