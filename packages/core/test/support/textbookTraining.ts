import { loadBatch } from "../../src/data/batch.js";
import type { Dataset } from "../../src/data/dataset.js";
import type { TrainingOptions } from "../../src/engine/engine.js";
import type { Model } from "../../src/graph/model.js";
import { power } from "../../src/math.js";
import { clipGradients } from "../../src/optimizers/clip.js";
import { decaysOf, optimizerStateCount, updateParameter } from "../../src/optimizers/index.js";
import { parameterGradients } from "../../src/reference/trace.js";
import { copyAll, largestInRows, type NamedTensors, type Tensor } from "../../src/tensor.js";
import { EPSILON } from "./compare.js";
import { type ErrorBounds, errorBounds, type ScoreBounds, scoreBounds } from "./errorBounds.js";

/** What a training in float32 should come to, and how far it may be off. */
export interface Expected {
  /** With `ema` their average, which is what an engine then holds. */
  readonly parameters: NamedTensors;
  readonly tolerances: Record<string, Float64Array>;
  /** Sums over the images. */
  readonly loss: number;
  readonly lossTolerance: number;
  readonly correct: number;
  /** Whether a ReLU or max-pool was so near its kink that rounding decides, or the training ran away, errors and all. */
  readonly onKink: boolean;
}

/**
 * Trains in float64, step by step, and keeps account of the errors that float32 may make: those of a step's gradients
 * (errorBounds.ts) go through the optimizer's formulas and add up from step to step. That the wrong parameters of one step
 * also make the next gradients wrong is left to `SLACK`: with few steps and small rates it is much less than the bounds.
 */
export function trainTextbook(
  model: Model,
  start: NamedTensors,
  data: Dataset,
  order: readonly number[],
  rates: Float64Array,
  { batchSize, optimizer, clip, ema }: TrainingOptions,
): Expected {
  const parameters = copyAll(start, "float64");
  const average = copyAll(parameters);
  const names = Object.keys(parameters);
  const zeros = (): Record<string, Float64Array> =>
    Object.fromEntries(names.map((name) => [name, new Float64Array(parameters[name].data.length)]));
  const tolerances = zeros();
  const ofAverage = zeros();
  const state = Array.from({ length: optimizerStateCount(optimizer) }, zeros);
  const stateErrors = state.map(zeros);
  let [loss, lossTolerance, correct, onKink] = [0, 0, 0, false];

  for (const [index, learningRate] of rates.entries()) {
    const indices = order.slice(index * batchSize, (index + 1) * batchSize);
    const bounds = boundsOf(model, parameters, data, indices);
    const labels = indices.map((image) => data.labels[image]);
    loss += bounds.step.loss * indices.length;
    lossTolerance += SLACK * bounds.loss * indices.length;
    correct += largestInRows(bounds.step.tensors.probs).filter((winner, n) => winner === labels[n]).length;
    onKink ||= bounds.onKink || bounds.step.loss > RUN_AWAY;
    if (onKink) break; // nothing can be compared

    const gradients = parameterGradients(bounds.step);
    const factor = clip === undefined ? 1 : clipAll(gradients, clip);
    for (const { fullName: name, fanIn } of model.parameters) {
      const gradient = gradients[name].data;
      const w = parameters[name].data as Float64Array;
      const memory = state.map((each) => each[name]);
      const decays = decaysOf(optimizer, { fanIn });
      const averaged = ema === undefined ? undefined : { numbers: average[name].data, ema };
      updateParameter(optimizer, w, gradient, memory, { step: index + 1, learningRate, decays }, averaged);
      for (let k = 0; k < w.length; k++) {
        const g = Math.abs(gradient[k]);
        // the length of all gradients is off by no larger a share than the longest of them, about
        const error =
          SLACK * (factor * bounds.gradients[name][k] + (factor < 1 ? 32 * EPSILON.float32 * g : 0));
        const moved =
          optimizer.type === "sgd"
            ? sgdError(optimizer.momentum, stateErrors[0]?.[name], k, error)
            : adamError(
                optimizer,
                memory,
                stateErrors.map((each) => each[name]),
                k,
                error,
                g,
                index + 1,
              );
        tolerances[name][k] += learningRate * moved + 2 * EPSILON.float32 * Math.abs(w[k]);
        if (ema === undefined) continue;
        const rounding = 2 * EPSILON.float32 * (Math.abs(average[name].data[k]) + Math.abs(w[k]));
        ofAverage[name][k] = ema * ofAverage[name][k] + (1 - ema) * tolerances[name][k] + rounding;
      }
    }
  }
  const sums = { loss, lossTolerance, correct, onKink };
  return ema === undefined
    ? { parameters, tolerances, ...sums }
    : { parameters: average, tolerances: ofAverage, ...sums };
}

const SLACK = 2;

/** No training that learns has a loss like this. */
const RUN_AWAY = 30;

/** The bounds of one step on the images at `indices`. */
export function boundsOf(...given: Parameters<typeof inFloat64>): ErrorBounds {
  const { model, parameters, x, xSize, labels } = inFloat64(...given);
  return errorBounds(model, parameters, x, xSize, labels);
}

/** The bounds of the scores of the images at `indices`. */
export function scoreBoundsOf(...given: Parameters<typeof inFloat64>): ScoreBounds {
  const { model, parameters, x, xSize } = inFloat64(...given);
  return scoreBounds(model, parameters, x, xSize);
}

/** What a step goes out from. */
function inFloat64(
  model: Model,
  parameters: NamedTensors,
  data: Pick<Dataset, "images" | "labels">,
  indices: readonly number[],
) {
  const { mean, std } = model.normalize;
  const load = (mean: readonly number[]): Tensor =>
    loadBatch(data.images, model.inputShape, indices, { mean, std }, "float64");
  return {
    model,
    parameters: copyAll(parameters, "float64"),
    x: load(mean),
    xSize: load(mean.map((value) => -Math.abs(value))),
    labels: indices.map((image) => data.labels[image]),
  };
}

function clipAll(gradients: NamedTensors, clip: number): number {
  const length = clipGradients(
    Object.values(gradients).map(({ data }) => data),
    clip,
  );
  return Math.min(1, clip / length);
}

/** A velocity keeps its error as it keeps itself. */
function sgdError(momentum: number, velocity: Float64Array | undefined, k: number, error: number): number {
  if (velocity === undefined) return error;
  velocity[k] = momentum * velocity[k] + error;
  return error + velocity[k];
}

/** The direction m / (sqrt(v) + epsilon) by the errors of m and v. It can't be off by more than its own largest size. */
function adamError(
  { beta1, beta2, epsilon }: { readonly beta1: number; readonly beta2: number; readonly epsilon: number },
  [m, v]: readonly Float64Array[],
  [mError, vError]: readonly Float64Array[],
  k: number,
  error: number,
  g: number,
  step: number,
): number {
  mError[k] = beta1 * mError[k] + (1 - beta1) * error;
  vError[k] = beta2 * vError[k] + (1 - beta2) * (2 * g * error + error * error);
  const correction1 = 1 - power(beta1, step);
  const correction2 = Math.sqrt(1 - power(beta2, step));
  const size = Math.sqrt(v[k]) / correction2 + epsilon;
  const root = Math.sqrt(v[k]) > 0 ? vError[k] / (2 * Math.sqrt(v[k])) : Math.sqrt(vError[k]);
  const direction = Math.abs(m[k]) / correction1 / size;
  const moved = mError[k] / correction1 / size + (direction * root) / correction2 / size;
  return Math.min(4, moved + 16 * EPSILON.float32 * (1 + direction));
}
