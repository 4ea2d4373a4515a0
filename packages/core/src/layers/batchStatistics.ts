import type { NamedTensors, Tensor } from "../tensor.js";
import type { Context, ResolvedLayer } from "./layer.js";

/* What batch normalisation counts over a batch (batchNorm.ts has the formulas). */

export interface BatchNorm extends ResolvedLayer {
  readonly channels: number;
  /** Numbers of a channel in one image. */
  readonly places: number;
  readonly eps: number;
  readonly momentum: number;
}

export interface Statistics {
  /** One for each channel. */
  readonly mean: Float64Array;
  /** Divided by how many numbers there are, not by one less. */
  readonly variance: Float64Array;
}

/** The mean and variance of each channel of a batch `[N, C, ...]`. */
export function statisticsOf({ channels, places }: BatchNorm, { shape, data }: Tensor): Statistics {
  const m = shape[0] * places;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const sumOf = (f: (x: number) => number) => {
      let sum = 0;
      for (let n = 0; n < shape[0]; n++) {
        const start = (n * channels + c) * places;
        for (let k = start; k < start + places; k++) sum += f(data[k]);
      }
      return sum;
    };
    mean[c] = sumOf((x) => x) / m;
    variance[c] = sumOf((x) => (x - mean[c]) ** 2) / m;
  }
  return { mean, variance };
}

/** What numbers are normalised by: the batch's own mean and variance in training, the running ones afterwards. */
export function statisticsIn(
  layer: BatchNorm,
  x: Tensor,
  { running_mean, running_var }: NamedTensors,
  { mode }: Context,
): Statistics {
  if (mode === "training") return statisticsOf(layer, x);
  return { mean: Float64Array.from(running_mean.data), variance: Float64Array.from(running_var.data) };
}

/** Of a channel: 1 / standard deviation. */
export const inverseDeviation = ({ eps }: BatchNorm, { variance }: Statistics, c: number): number =>
  1 / Math.sqrt(variance[c] + eps);

/** Calls `visit` with each number of a batch and its channel. */
export function forEachNumber(
  { channels, places }: BatchNorm,
  { data }: Tensor,
  visit: (k: number, c: number) => void,
) {
  for (let k = 0; k < data.length; k++) visit(k, Math.floor(k / places) % channels);
}

/** For each channel the sum of the gradients, and the sum of the gradients times the normalised inputs. */
export function gradientSums(
  layer: BatchNorm,
  x: Tensor,
  outputGradient: Tensor,
  statistics: Statistics,
): { readonly plain: Float64Array; readonly weighted: Float64Array } {
  const plain = new Float64Array(layer.channels);
  const weighted = new Float64Array(layer.channels);
  const inverse = plain.map((_, c) => inverseDeviation(layer, statistics, c));
  forEachNumber(layer, x, (k, c) => {
    const g = outputGradient.data[k];
    plain[c] += g;
    weighted[c] += g * ((x.data[k] - statistics.mean[c]) * inverse[c]);
  });
  return { plain, weighted };
}
