import type { Model, ModelLayer } from "../../src/graph/model.js";
import type { MaxPool2d } from "../../src/layers/maxPool2d.js";
import { CEILING } from "../../src/layers/relu6.js";
import { forward, inputsOf, type Trace, trace } from "../../src/reference/trace.js";
import { copyOf, type FloatArray, type NamedTensors, type Tensor } from "../../src/tensor.js";
import { EPSILON } from "./compare.js";
import { curves, sumLengths } from "./sumLengths.js";
import {
  isTiled,
  tiledInputGradientSizes,
  tiledOutputSizes,
  tiledWeightGradientSizes,
} from "./tiledSizes.js";

/*
 * How far a step in float32 may be from the exact one, number by number.
 *
 * A sum of n products, whose factors are each off by a relative e, is off by at most about (n + 2) e sum|terms|. The sums
 * of |terms| come from the textbook itself: it runs once more with the absolute values of everything, so that nothing
 * cancels, and where units are open and which cells win taken from the true run. With L, the lengths of all sums on the
 * way to a number added up, and A, its value in that second run,
 *
 *   |value - exact value| <= L e A
 *
 * if all roundings went the same way. They go both ways, so that errors grow with the root of L: 8 sqrt(L) is taken
 * where that is less.
 *
 * What is computed by tiles has roundings of its own: tiledSizes.ts.
 *
 * The softmax turns errors d of the scores into at most 2 p max|d| of the probabilities p, the sigmoid into at most d / 4.
 *
 * All that holds only while every ReLU and every max-pool goes the same way in both. Where one is so near to its kink that
 * rounding decides, nothing can be compared: `onKink`.
 */

export interface ErrorBounds {
  /** The step that the bounds are about, in float64. */
  readonly step: Trace;
  readonly logits: Float64Array;
  /** Of the mean loss. */
  readonly loss: number;
  /** Of the gradients, under the parameters' names. */
  readonly gradients: Record<string, Float64Array>;
  readonly onKink: boolean;
}

/**
 * @param x the batch, in float64
 * @param xSize the absolute values of what each number of `x` was made from
 */
export function errorBounds(
  model: Model,
  parameters: NamedTensors,
  x: Tensor,
  xSize: Tensor,
  labels: ArrayLike<number>,
): ErrorBounds {
  const step = trace(model, parameters, x, labels, { inputGradient: false });
  const factors = errorFactors(model, labels.length);
  const { sizes, plainSizes } = forwardSizes(model, parameters, xSize, step.tensors);
  const scoreSizes = sizes[model.output];
  const largest = largestOf(scoreSizes.data);

  const gradients: Record<string, Float64Array> = {};
  const backward: NamedTensors = {
    [model.output]: ofLoss[model.loss.type].gradientSizes(step, labels, scoreSizes),
  };
  for (const layer of [...model.layers].reverse()) {
    const { kind, resolved } = layer;
    const outgoing = backward[layer.output];
    const inputs = inputsOf(layer, sizes);
    const own = kind.parameterGradients(resolved, inputs, outgoing);
    if (isTiled(layer)) own.weight = tiledWeightGradientSizes(layer, inputs[0], outgoing);
    for (const [name, { data }] of Object.entries(own)) {
      const fullName = `${layer.name}.${name}`;
      gradients[fullName] = Float64Array.from(data, (size) => factors[`grad.${fullName}`] * size);
    }
    if (layer.inputs.every((name) => name === "x")) continue; // nobody asks for the images' gradients
    const absolute = absoluteOf(layer, parameters);
    const curve = curves[layer.spec.type];
    // slopes are made of numbers like 1, and move where what comes in does
    const alongCurve = ({ shape, data }: Tensor): Tensor => ({
      shape,
      data: data.map((size, k) => size * (curve.slope + curve.bend * inputs[0].data[k] + 1)),
    });
    const ways = curve
      ? [alongCurve(outgoing)]
      : isTiled(layer)
        ? [tiledInputGradientSizes(layer, absolute, outgoing)]
        : kind.inputGradients(resolved, inputsOf(layer, step.tensors), absolute, outgoing).map(sizesOf);
    for (const [k, name] of layer.inputs.entries()) {
      const known = backward[name]?.data;
      const { shape, data } = ways[k];
      backward[name] = { shape, data: known ? data.map((value, at) => known[at] + value) : data };
    }
  }
  return {
    step,
    logits: errorsOf(scoreSizes, factors[model.output]),
    loss: factors.loss * ofLoss[model.loss.type].lossSize(largest),
    gradients,
    onKink: model.layers.some((layer) => {
      const [name] = layer.inputs;
      return isOnKink(layer, step.tensors[name], plainSizes[name]);
    }),
  };
}

export interface ScoreBounds {
  /** In float64. */
  readonly scores: Tensor;
  readonly logits: Float64Array;
}

/** Of the scores alone, which takes a third of the time. @param x and `xSize` as those of `errorBounds` */
export function scoreBounds(model: Model, parameters: NamedTensors, x: Tensor, xSize: Tensor): ScoreBounds {
  const tensors: NamedTensors = { ...parameters, x, ...forward(model, parameters, x) };
  const { sizes } = forwardSizes(model, parameters, xSize, tensors);
  const factors = errorFactors(model, x.shape[0]);
  return { scores: tensors[model.output], logits: errorsOf(sizes[model.output], factors[model.output]) };
}

const errorsOf = ({ data }: Tensor, factor: number) => Float64Array.from(data, (size) => factor * size);

/** What the second run gives for each layer's output, with the roundings of tiles and without. */
function forwardSizes(model: Model, parameters: NamedTensors, xSize: Tensor, tensors: NamedTensors) {
  const sizes: NamedTensors = { x: xSize };
  // as if nothing were computed by tiles: whose roundings are mostly not much larger
  const plainSizes: NamedTensors = model.layers.some(isTiled) ? { x: xSize } : sizes;
  for (const layer of model.layers) {
    const { kind, resolved, output } = layer;
    const absolute = absoluteOf(layer, parameters);
    // what goes through a leaky ReLU is multiplied by the same slope in both directions
    const throughSlopes = (sizes: Tensor) =>
      sizesOf(kind.inputGradients(resolved, inputsOf(layer, tensors), {}, sizes)[0]);
    const curve = curves[layer.spec.type];
    const alongCurve = ({ shape, data }: Tensor): Tensor => ({
      shape,
      data: data.map((size, k) => curve.slope * size + Math.abs(tensors[output].data[k])),
    });
    const forward = (inputs: readonly Tensor[]) => {
      if (curve) return alongCurve(inputs[0]);
      return layer.spec.type === "leakyRelu"
        ? throughSlopes(inputs[0])
        : kind.forward(resolved, inputs, absolute);
    };
    if (plainSizes !== sizes) plainSizes[output] = forward(inputsOf(layer, plainSizes));
    const inputs = inputsOf(layer, sizes);
    sizes[output] = isTiled(layer) ? tiledOutputSizes(layer, inputs[0], absolute) : forward(inputs);
  }
  return { sizes, plainSizes };
}

/** What the sizes are multiplied with, for each tensor. */
function errorFactors(model: Model, batch: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(sumLengths(model, batch)).map(([name, length]) => [
      name,
      Math.min(length, 8 * Math.sqrt(length)) * EPSILON.float32,
    ]),
  );
}

const largestOf = (values: FloatArray) => Float64Array.from(values).reduce((a, b) => Math.max(a, b), 0);

/** By the type of the loss. */
interface OfLoss {
  /** The sizes of the gradients of the scores, and of what errors of the scores make of them. */
  gradientSizes(step: Trace, labels: ArrayLike<number>, scoreSizes: Tensor): Tensor;
  /** The size of the loss of an image, by the largest of its scores. */
  lossSize(largest: number): number;
}

const ofLoss: Readonly<Record<string, OfLoss>> = {
  /** (p - q) / N */
  softmaxCrossEntropy: {
    gradientSizes({ model, tensors: { probs } }, labels, scoreSizes) {
      const { labelSmoothing } = model.loss;
      const [N, K] = probs.shape;
      return mapped(probs, (p, n, k) => {
        const largest = largestOf(scoreSizes.data.subarray(n * K, (n + 1) * K));
        return (p * (1 + 2 * largest) + (k === labels[n] ? 1 : 0) + labelSmoothing / K) / N;
      });
    },
    lossSize: (largest) => 2 * (largest + 1),
  },
  /** 2 (z - y) / (N K) */
  meanSquaredError: {
    gradientSizes: ({ tensors: { probs } }, labels, scoreSizes) =>
      mapped(
        scoreSizes,
        (size, n, k) => (2 * (size + (k === labels[n] ? 1 : 0))) / (probs.shape[0] * probs.shape[1]),
      ),
    lossSize: (largest) => 2 * (largest + 1) ** 2,
  },
  /** (p - y) / (N K) */
  binaryCrossEntropy: {
    gradientSizes: ({ tensors: { probs } }, labels, scoreSizes) =>
      mapped(
        scoreSizes,
        (size, n, k) => (1 + size / 4 + (k === labels[n] ? 1 : 0)) / (probs.shape[0] * probs.shape[1]),
      ),
    lossSize: (largest) => 2 * (largest + 1),
  },
};

/** Each number of images and classes, changed. */
function mapped(t: Tensor, change: (value: number, n: number, k: number) => number): Tensor {
  const [, K] = t.shape;
  const result = copyOf(t);
  for (let i = 0; i < t.data.length; i++) result.data[i] = change(t.data[i], Math.floor(i / K), i % K);
  return result;
}

function absoluteOf(layer: ModelLayer, parameters: NamedTensors): NamedTensors {
  return Object.fromEntries(
    layer.parameters.map(({ name, fullName }) => {
      const { shape, data } = parameters[fullName];
      return [name, { shape, data: Float64Array.from(data, Math.abs) }];
    }),
  );
}

/** A slope may be negative. */
const sizesOf = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.map(Math.abs) });

/** Errors are mostly much smaller than their bounds, as roundings go both ways. */
const NEAR = 8 * EPSILON.float32;

function isOnKink({ spec, resolved }: ModelLayer, x: Tensor, sizes: Tensor): boolean {
  // what is exactly 0 or 6, or exactly as large as another, is so because it was made from the same numbers in the same way
  if (spec.type === "relu" || spec.type === "leakyRelu") {
    return x.data.some((value, k) => value !== 0 && Math.abs(value) < NEAR * sizes.data[k]);
  }
  if (spec.type === "relu6") {
    return [0, CEILING].some((end) =>
      x.data.some((value, k) => value !== end && Math.abs(value - end) < NEAR * (sizes.data[k] + end)),
    );
  }
  if (spec.type !== "maxPool2d") return false;
  return windowsOf(resolved as MaxPool2d, x.shape[0]).some((window) => {
    const winner = window.reduce((a, b) => (x.data[b] > x.data[a] ? b : a));
    return window.some((cell) => {
      const distance = x.data[winner] - x.data[cell];
      return distance !== 0 && distance < NEAR * (sizes.data[winner] + sizes.data[cell]);
    });
  });
}

/** The numbers of the cells under each window. */
function windowsOf({ inputShape, outputShape, kernel, stride, padding }: MaxPool2d, N: number): number[][] {
  const [C, H, W] = inputShape;
  const [, I, J] = outputShape;
  const windows: number[][] = [];
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < I; i++) {
      for (let j = 0; j < J; j++) {
        const cells: number[] = [];
        for (let u = 0; u < kernel[0]; u++) {
          for (let v = 0; v < kernel[1]; v++) {
            const p = i * stride[0] - padding[0] + u;
            const q = j * stride[1] - padding[3] + v;
            if (p >= 0 && p < H && q >= 0 && q < W) cells.push((plane * H + p) * W + q);
          }
        }
        windows.push(cells);
      }
    }
  }
  return windows;
}
