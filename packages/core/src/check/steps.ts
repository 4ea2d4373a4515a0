import type { AnyLayer } from "../layers/index.js";
import { type LayerSteps, namesOfParameters, stepsOfLayer } from "./layerSteps.js";
import { stepsOfLoss } from "./lossSteps.js";
import { type CheckedNetwork, type NetworkLayer, sharesOf } from "./network.js";
import type { Run, Step, Steps } from "./run.js";
import { mapped, NONE, shareOf, type Value } from "./value.js";

/** How each array is computed, from the person's own earlier values. */
export function stepsOf({ layers, scores, loss, scale, images, classes }: CheckedNetwork): Steps {
  const steps = new Map<string, readonly Step[]>();
  for (const layer of layers) {
    steps.set(layer.output, [ofLayer(layer, images, layer.output, stepsOfLayer(layer).output)]);
  }
  const ofLoss = JSON.stringify([loss, scores, scale, images, classes]);
  const remembered =
    (key: string, step: Step): Step =>
    (run) =>
      run.remember(key, step);
  for (const [name, ways] of stepsOfLoss(loss, scores)) {
    steps.set(
      name,
      ways.map((way, k) => remembered(`${name} ${k} ${ofLoss}`, way)),
    );
  }
  for (const layer of layers) {
    for (const name of layer.inputGradients) {
      const back: LayerSteps["output"] = (_, run) => stepsOfLayer(layer).inputGradient(layer, run, name);
      steps.set(name, [ofLayer(layer, images, name, back)]);
    }
    for (const { name } of layer.parameters) {
      const gradient: LayerSteps["output"] = (_, run) => parameterGradient(layer, name, run);
      steps.set(`grad.${name}`, [ofLayer(layer, images, `${scale} grad.${name}`, gradient)]);
      steps.set(`new.${name}`, [(run) => updated(name, run)]);
    }
  }
  for (const [name, shares] of sharesOf(layers)) {
    const sum: Step = (run) =>
      sumOf(
        shares.map((share) => run.get(share)),
        run,
      );
    steps.set(name, [remembered(`${name} of ${shares}`, sum)]);
  }
  return steps;
}

/** A step of a layer, remembered unless it looks at more than it reads. */
function ofLayer(
  layer: NetworkLayer,
  images: number,
  what: string,
  compute: (layer: NetworkLayer, run: Run) => Value,
): Step {
  if (stepsOfLayer(layer).looksAtFile) return (run) => compute(layer, run);
  const { type, kind, resolved, inputs, inputGradients, mode } = layer;
  let key: string | undefined;
  return (run) => {
    const own = namesOfParameters(layer, run);
    key ??= JSON.stringify([what, images, type, numberOf(kind), resolved, inputs, inputGradients, own, mode]);
    return run.remember(key, () => compute(layer, run));
  };
}

const numbers = new WeakMap<AnyLayer, number>();
let count = 0;

/** Kinds of the same type can differ in what they do: a number for each. */
function numberOf(kind: AnyLayer): number {
  const number = numbers.get(kind) ?? ++count;
  numbers.set(kind, number);
  return number;
}

/** What comes back to an array from several layers. */
function sumOf(parts: readonly Value[], run: Run): Value {
  const data = mapped(parts[0], (_, k) => parts.reduce((sum, part) => sum + part.data[k], 0));
  if (run.rough) return { ...data, variance: NONE };
  const rounding = shareOf(run.working.unit);
  const variance = mapped(data, (_, k) =>
    parts.reduce((sum, part) => sum + part.variance[k] + rounding * parts.length * part.data[k] ** 2, 0),
  );
  return { ...data, variance: variance.data };
}

function parameterGradient(layer: NetworkLayer, name: string, run: Run): Value {
  const { scale, images } = run.network;
  const factor = scale === "parameters" ? 1 / images : 1;
  const { shape, data, variance } = stepsOfLayer(layer).parameterGradient(layer, run, name);
  if (run.rough && factor === 1) return { shape, data, variance };
  const rounding = shareOf(run.working.unit);
  return {
    shape,
    data: data.map((number) => number * factor),
    variance: variance.map((number, k) => (number + rounding * data[k] ** 2) * factor ** 2),
  };
}

function updated(name: string, run: Run): Value {
  const parameter = run.get(name);
  const gradient = run.get(`grad.${name}`);
  const [rate] = run.get("lr").data;
  const data = parameter.data.map((value, k) => value - rate * gradient.data[k]);
  if (run.rough) return { shape: parameter.shape, data, variance: NONE };
  const rounding = shareOf(run.working.unit);
  const variance = parameter.variance.map(
    (value, k) =>
      value + rate ** 2 * gradient.variance[k] + rounding * (parameter.data[k] ** 2 + data[k] ** 2),
  );
  return { shape: parameter.shape, data, variance };
}
