import type { MaxPool2d } from "../layers/maxPool2d.js";
import { softmax } from "../losses/softmax.js";
import { crossEntropies } from "../losses/softmaxCrossEntropy.js";
import { type NamedTensors, type Tensor, zeros } from "../tensor.js";
import type { Network, NetworkLayer } from "./network.js";
import { MissingArray, type Run, type Step, type Steps } from "./run.js";
import { mapped, shareOf, squares, type Value } from "./value.js";

/*
 * How each array is computed: with the textbook of its layer, on the person's own earlier values. Beside the numbers go
 * the variances of the rounding errors: a sum of products a*b has the variance
 *
 *   sum of  a^2 var(b) + b^2 var(a)   +   what the summing of so many terms adds,
 *
 * which the textbook adds up too, from squares.
 */
export function stepsOf(network: Network): Steps {
  const steps = new Map<string, readonly Step[]>();
  const last = network.layers[network.layers.length - 1];
  for (const layer of network.layers) steps.set(layer.output, [(run) => outputOf(layer, run)]);
  steps.set("probs", [(run) => probabilities(run.get(last.output), run)]);
  steps.set("loss", [(run) => lossOfProbabilities(run), (run) => lossOfScores(run.get(last.output), run)]);
  steps.set(`grad.${last.output}`, [
    (run) => scoreGradient(run.get("probs"), run),
    (run) => scoreGradient(probabilities(run.get(last.output), run), run),
  ]);
  for (const layer of network.layers) {
    steps.set(`grad.${layer.input}`, [(run) => inputGradientOf(layer, run)]);
    for (const { name } of layer.parameters) {
      steps.set(`grad.${name}`, [(run) => parameterGradientOf(layer, name, run)]);
      steps.set(`new.${name}`, [(run) => updated(name, run)]);
    }
  }
  return steps;
}

/** A layer's parameters under their short names; a bias that is not given counts as 0. */
export function parametersOf(layer: NetworkLayer, run: Run): NamedTensors {
  return Object.fromEntries(
    layer.parameters
      .filter(({ name }) => isWeight(name) || run.given.has(name))
      .map(({ name }) => [shortName(name), run.get(name)]),
  );
}

export const shortName = (name: string) => name.slice(name.indexOf(".") + 1);
const isWeight = (name: string) => name.endsWith(".weight");

function outputOf(layer: NetworkLayer, run: Run): Value {
  const x = run.get(layer.input);
  if (layer.type === "relu") return rectified(x);
  if (layer.type === "flatten") return flattened(x, [x.shape[0], ...layer.resolved.outputShape]);
  if (layer.type === "maxPool2d") return pooled(layer, x);
  const { weight, bias } = parametersOf(layer, run) as Record<string, Value>;
  const { kind, resolved } = layer;
  const data = kind.forward(resolved, [x], { weight, ...(bias && { bias }) });
  const terms = weight.data.length / weight.shape[0];
  return linear(data, terms, run, [x, weight], (a, b) => kind.forward(resolved, [a], { weight: b }), bias);
}

/**
 * The variances of sums of `terms` products.
 * @param add gives the same sums of other products
 */
function linear(
  data: Tensor,
  terms: number,
  run: Run,
  [first, second]: readonly [Value, Value],
  add: (first: Tensor, second: Tensor) => Tensor,
  bias?: Value,
): Value {
  if (run.rough) return { shape: data.shape, data: Float64Array.from(data.data), variance: NONE };
  const rounding = shareOf(run.working.unit);
  // Variances that are a share of the squares join the sum of the squares: one sum instead of two.
  const share = rounding * (terms / 2 + 1) + (first.share ?? 0) + (second.share ?? 0);
  const squaresOfSecond = squares(second);
  const one = add(
    mapped(first, (value, k) => share * value * value + (first.share === undefined ? first.variance[k] : 0)),
    squaresOfSecond,
  );
  const two =
    second.share === undefined
      ? add(squares(first), { shape: second.shape, data: second.variance })
      : undefined;
  const channels = bias ? bias.data.length : 1;
  const inner = data.data.length / data.shape[0] / channels;
  const variance = mapped(data, (value, k) => {
    const channel = Math.floor(k / inner) % channels;
    return (
      one.data[k] +
      (two?.data[k] ?? 0) +
      (bias?.variance[channel] ?? 0) +
      rounding * (terms / 3 + 1) * value * value
    );
  });
  return { shape: data.shape, data: Float64Array.from(data.data), variance: variance.data as Float64Array };
}

const NONE = new Float64Array(0);

/** So many standard deviations from a kink, the person may be on the other side of it. */
const NEAR = 6;

function isUncertain(x: Value, k: number, distance: number, variance = x.variance[k]): boolean {
  return !x.exact && variance > 0 && Math.abs(distance) <= NEAR * Math.sqrt(variance);
}

function rectified(x: Value): Value {
  const variance = mapped(x, (value, k) => (value > 0 || isUncertain(x, k, value) ? x.variance[k] : 0));
  return { ...x, data: x.data.map((value) => Math.max(0, value)), variance: variance.data as Float64Array };
}

function flattened(x: Value, shape: readonly number[]): Value {
  return { ...x, shape };
}

function pooled(layer: NetworkLayer, x: Value): Value {
  const { kind, resolved } = layer;
  const y = kind.forward(resolved, [x], {});
  const winners = winnersOf(layer, x);
  return {
    shape: y.shape,
    data: Float64Array.from(y.data),
    variance: Float64Array.from(winners, (winner) => x.variance[winner]),
  };
}

/** For each output cell of a pool, which input cell wins. */
export function winnersOf({ kind, resolved, name }: NetworkLayer, x: Tensor): Uint32Array {
  const winners = kind.branches?.(resolved, [x]);
  if (!winners) throw new Error(`${name} has no winners`);
  return winners;
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

function inputGradientOf(layer: NetworkLayer, run: Run): Value {
  const { kind, resolved, type } = layer;
  const g = run.get(`grad.${layer.output}`);
  const shape = [g.shape[0], ...resolved.inputShape];
  if (type === "flatten") return flattened(g, shape);
  if (type === "relu") return masked(run.get(layer.input), g);
  if (type === "maxPool2d") return unpooled(layer, run.get(layer.input), g);
  const { weight } = parametersOf(layer, run) as Record<string, Value>;
  const x = zeros(shape, "float64"); // only its shape matters
  const back = (a: Tensor, b: Tensor) => kind.inputGradients(resolved, [x], { weight: b }, a)[0];
  const terms = weight.data.length / weight.shape[1];
  return linear(back(g, weight), terms, run, [g, weight], back);
}

function masked(x: Value, g: Value): Value {
  const data = g.data.map((value, k) => (x.data[k] > 0 ? value : 0));
  const variance = g.variance.map((value, k) => {
    if (isUncertain(x, k, x.data[k])) return value + g.data[k] ** 2;
    return x.data[k] > 0 ? value : 0;
  });
  return { ...g, data, variance };
}

function unpooled(layer: NetworkLayer, x: Value, g: Value): Value {
  const winners = winnersOf(layer, x);
  const data = new Float64Array(x.data.length);
  const variance = new Float64Array(x.data.length);
  const { kernel, stride, padding, outputShape, inputShape } = layer.resolved as MaxPool2d;
  const [, I, J] = outputShape;
  const [, H, W] = inputShape;
  for (const [cell, winner] of winners.entries()) {
    data[winner] += g.data[cell];
    variance[winner] += g.variance[cell];
    if (x.exact) continue;
    // Whoever is as good as equal may have won in the person's computation.
    const plane = Math.floor(cell / (I * J)) * H * W;
    const top = (Math.floor(cell / J) % I) * stride[0] - padding[0];
    const left = (cell % J) * stride[1] - padding[3];
    for (let p = Math.max(0, top); p < Math.min(H, top + kernel[0]); p++) {
      for (let q = Math.max(0, left); q < Math.min(W, left + kernel[1]); q++) {
        const k = plane + p * W + q;
        if (k === winner) continue;
        if (isUncertain(x, k, x.data[winner] - x.data[k], x.variance[k] + x.variance[winner])) {
          variance[k] += g.data[cell] ** 2;
          variance[winner] += g.data[cell] ** 2;
        }
      }
    }
  }
  return { shape: x.shape, data, variance };
}

function parameterGradientOf(layer: NetworkLayer, name: string, run: Run): Value {
  const { kind, resolved, output } = layer;
  const g = run.get(`grad.${output}`);
  const short = shortName(name);
  const { scale, images } = run.network;
  const factor = scale === "parameters" ? 1 / images : 1;
  const value = isWeight(name)
    ? weightGradient(run.get(layer.input))
    : biasGradient(zeros([images, ...resolved.inputShape], "float64"));
  const rounding = shareOf(run.working.unit);
  return {
    shape: value.shape,
    data: value.data.map((number) => number * factor),
    variance: value.variance.map((number, k) => (number + rounding * value.data[k] ** 2) * factor ** 2),
  };

  function weightGradient(x: Value): Value {
    const add = (a: Tensor, b: Tensor) => kind.parameterGradients(resolved, [b], a)[short];
    return linear(add(g, x), g.data.length / g.shape[1], run, [g, x], add);
  }
  function biasGradient(x: Tensor): Value {
    const add = (a: Tensor) => kind.parameterGradients(resolved, [x], a)[short];
    const one: Value = { shape: x.shape, data: new Float64Array(0), variance: new Float64Array(0), share: 0 };
    return linear(add(g), g.data.length / g.shape[1], run, [g, one], add);
  }
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
