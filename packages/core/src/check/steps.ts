import { softmax } from "../losses/softmax.js";
import { crossEntropies } from "../losses/softmaxCrossEntropy.js";
import type { Tensor } from "../tensor.js";
import { stepsOfLayer } from "./layerSteps.js";
import { type CheckedNetwork, type NetworkLayer, sharesOf } from "./network.js";
import { MissingArray, type Run, type Step, type Steps } from "./run.js";
import { mapped, shareOf, type Value } from "./value.js";

/** How each array is computed, from the person's own earlier values. */
export function stepsOf({ layers, scores }: CheckedNetwork): Steps {
  const steps = new Map<string, readonly Step[]>();
  for (const layer of layers) steps.set(layer.output, [(run) => stepsOfLayer(layer).output(layer, run)]);
  steps.set("probs", [(run) => probabilities(run.get(scores), run)]);
  steps.set("loss", [(run) => lossOfProbabilities(run), (run) => lossOfScores(run.get(scores), run)]);
  steps.set(`grad.${scores}`, [
    (run) => scoreGradient(run.get("probs"), run),
    (run) => scoreGradient(probabilities(run.get(scores), run), run),
  ]);
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

function probabilities(z: Value, run: Run): Value {
  const p = softmax(z);
  const [N, K] = z.shape;
  const rounding = shareOf(run.working.unit);
  const variance = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    const row = z.data.subarray(n * K, (n + 1) * K);
    const largest = Math.max(...row);
    let common = 0;
    for (let k = 0; k < K; k++) common += p.data[n * K + k] ** 2 * z.variance[n * K + k];
    for (let k = 0; k < K; k++) {
      const i = n * K + k;
      const own = z.variance[i] + common + rounding * (10 + (row[k] - largest) ** 2 + row[k] ** 2);
      variance[i] = p.data[i] ** 2 * own + run.working.tiny ** 2;
    }
  }
  return { shape: p.shape, data: Float64Array.from(p.data), variance };
}

/** The right classes. @throws MissingArray */
export function labelsOf({ network: { labels } }: Run): Tensor {
  if (!labels) throw new MissingArray("y");
  return labels;
}

/** What the loss is divided by. */
function lossDivisor({ network: { scale, images } }: Run): number {
  return scale === "sum" ? 1 : images;
}

function lossOfProbabilities(run: Run): Value {
  const p = run.get("probs");
  const labels = labelsOf(run);
  let loss = 0;
  let variance = 0;
  for (let k = 0; k < p.data.length; k++) {
    const y = labels.data[k];
    if (y === 0) continue;
    const term = -y * Math.log(p.data[k]);
    loss += term;
    variance +=
      (y * y * p.variance[k]) / (p.data[k] * p.data[k]) + 3 * shareOf(run.working.unit) * term * term;
  }
  return scalar(loss, variance, run);
}

function lossOfScores(z: Value, run: Run): Value {
  const labels = labelsOf(run);
  const [N, K] = z.shape;
  const p = probabilities(z, run);
  const rounding = shareOf(run.working.unit);
  let loss = 0;
  let variance = 0;
  for (let k = 0; k < K; k++) {
    const losses = crossEntropies(z, new Uint32Array(N).fill(k));
    for (let n = 0; n < N; n++) {
      const i = n * K + k;
      const y = labels.data[i];
      if (y === 0) continue;
      loss += y * losses[n];
      const relative = p.data[i] > 0 ? p.variance[i] / p.data[i] ** 2 : 0;
      variance += relative + rounding * (losses[n] ** 2 + z.data[i] ** 2 + 3);
    }
  }
  return scalar(loss, variance, run);
}

function scalar(sum: number, variance: number, run: Run): Value {
  const divisor = lossDivisor(run);
  const value = sum / divisor;
  const rounding = shareOf(run.working.unit) * (run.network.images + 1) * value * value;
  return {
    shape: [],
    data: Float64Array.of(value),
    variance: Float64Array.of(variance / divisor ** 2 + rounding),
  };
}

function scoreGradient(p: Value, run: Run): Value {
  const labels = labelsOf(run);
  const { scale, images } = run.network;
  const factor = scale === "mean" ? 1 / images : 1;
  const data = mapped(p, (value, k) => (value - labels.data[k]) * factor);
  const rounding = 3 * shareOf(run.working.unit);
  const variance = mapped(data, (value, k) => p.variance[k] * factor ** 2 + rounding * value * value);
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
