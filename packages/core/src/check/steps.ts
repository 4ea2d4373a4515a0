import { stepsOfLayer } from "./layerSteps.js";
import { stepsOfLoss } from "./lossSteps.js";
import { type CheckedNetwork, type NetworkLayer, sharesOf } from "./network.js";
import type { Run, Step, Steps } from "./run.js";
import { mapped, shareOf, type Value } from "./value.js";

/** How each array is computed, from the person's own earlier values. */
export function stepsOf({ layers, scores, loss }: CheckedNetwork): Steps {
  const steps = new Map<string, readonly Step[]>();
  for (const layer of layers) steps.set(layer.output, [(run) => stepsOfLayer(layer).output(layer, run)]);
  for (const [name, ways] of stepsOfLoss(loss, scores)) steps.set(name, ways);
  for (const layer of layers) {
    for (const name of layer.inputGradients) {
      steps.set(name, [(run) => stepsOfLayer(layer).inputGradient(layer, run, name)]);
    }
    for (const { name } of layer.parameters) {
      steps.set(`grad.${name}`, [(run) => parameterGradient(layer, name, run)]);
      steps.set(`new.${name}`, [(run) => updated(name, run)]);
    }
  }
  for (const [name, shares] of sharesOf(layers)) {
    steps.set(name, [
      (run) =>
        sumOf(
          shares.map((share) => run.get(share)),
          run,
        ),
    ]);
  }
  return steps;
}

/** What comes back to an array from several layers. */
function sumOf(parts: readonly Value[], run: Run): Value {
  const rounding = shareOf(run.working.unit);
  const data = mapped(parts[0], (_, k) => parts.reduce((sum, part) => sum + part.data[k], 0));
  const variance = mapped(data, (_, k) =>
    parts.reduce((sum, part) => sum + part.variance[k] + rounding * parts.length * part.data[k] ** 2, 0),
  );
  return { shape: data.shape, data: data.data as Float64Array, variance: variance.data as Float64Array };
}

function parameterGradient(layer: NetworkLayer, name: string, run: Run): Value {
  const { scale, images } = run.network;
  const factor = scale === "parameters" ? 1 / images : 1;
  const { shape, data, variance } = stepsOfLayer(layer).parameterGradient(layer, run, name);
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
  const rounding = shareOf(run.working.unit);
  const data = parameter.data.map((value, k) => value - rate * gradient.data[k]);
  const variance = parameter.variance.map(
    (value, k) =>
      value + rate ** 2 * gradient.variance[k] + rounding * (parameter.data[k] ** 2 + data[k] ** 2),
  );
  return { shape: parameter.shape, data, variance };
}
