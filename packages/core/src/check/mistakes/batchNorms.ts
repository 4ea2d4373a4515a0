import {
  type BatchNorm,
  forEachNumber,
  gradientSums,
  type Statistics,
  statisticsOf,
} from "../../layers/batchStatistics.js";
import type { Tensor } from "../../tensor.js";
import type { NetworkLayer } from "../network.js";
import type { Run, Variation } from "../run.js";
import { at, type Mistake } from "./mistake.js";
import { gradientOf, inputOf, scaled, zerosLike } from "./tools.js";

/* Batch normalisation, forward and back: y = weight * (x - mean) / sqrt(variance + eps) + bias. */

type Norm = NetworkLayer & { readonly resolved: BatchNorm };

const norms = (variations: (layer: Norm, images: number) => Variation[]): Mistake["variations"] => {
  const ofNetwork: Mistake["variations"] = ({ layers, images }) =>
    layers
      .filter(({ type }) => type === "batchNorm1d" || type === "batchNorm2d")
      .flatMap((layer) => variations(layer as Norm, images));
  return ofNetwork;
};

const weightOf = ({ name }: Norm, run: Run) => run.tensor(`${name}.weight`).data;
const biasOf = ({ name }: Norm, run: Run) => run.tensor(`${name}.bias`).data;
const countOf = ({ resolved }: Norm, images: number) => images * resolved.places;

interface Normalising {
  readonly mean: (k: number, c: number) => number;
  /** What each number is divided by. */
  readonly deviation: (k: number, c: number) => number;
}

const normalised = (layer: Norm, run: Run, { mean, deviation }: Normalising): Tensor => {
  const x = inputOf(layer, run);
  const [weight, bias] = [weightOf(layer, run), biasOf(layer, run)];
  const y = zerosLike(x);
  forEachNumber(layer.resolved, x, (k, c) => {
    y.data[k] = (weight[c] * (x.data[k] - mean(k, c))) / deviation(k, c) + bias[c];
  });
  return y;
};

/** The output, with other means and deviations. */
const forward = (
  layer: Norm,
  change: (statistics: Statistics, run: Run) => Partial<Normalising>,
): Variation =>
  at(layer.output, (run) => {
    const statistics = statisticsOf(layer.resolved, inputOf(layer, run));
    const usual: Normalising = {
      mean: (_, c) => statistics.mean[c],
      deviation: (_, c) => Math.sqrt(statistics.variance[c] + layer.resolved.eps),
    };
    return normalised(layer, run, { ...usual, ...change(statistics, run) });
  });

export const sampleVariance: Mistake = {
  name: "norm-sample-variance",
  why: "The variance is divided by one less than there are numbers (ddof=1), but batch normalisation divides by all of them; only the running variance, for use after training, is the sample's.",
  fix: "var = x.var(axis=(0, 2, 3))  # ddof=0",
  variations: norms((layer, images) => {
    const m = countOf(layer, images);
    if (m === 1) return [];
    return [
      forward(layer, ({ variance }) => ({
        deviation: (_, c) => Math.sqrt((variance[c] * m) / (m - 1) + layer.resolved.eps),
      })),
    ];
  }),
};

/** Mean and variance over groups of numbers that aren't channels. */
function groupedBy(x: Tensor, groupOf: (k: number) => number): { mean: number[]; variance: number[] } {
  const [count, mean, variance]: number[][] = [[], [], []];
  x.data.forEach((value, k) => {
    const group = groupOf(k);
    count[group] = (count[group] ?? 0) + 1;
    mean[group] = (mean[group] ?? 0) + value;
  });
  for (const group of mean.keys()) mean[group] /= count[group];
  x.data.forEach((value, k) => {
    const group = groupOf(k);
    variance[group] = (variance[group] ?? 0) + (value - mean[group]) ** 2 / count[group];
  });
  return { mean, variance };
}

export const wrongAxes: Mistake = {
  name: "norm-wrong-axes",
  why: "Mean and variance are taken over the wrong dimensions; each channel has one of each, over all images and all places.",
  fix: "mean = x.mean(axis=(0, 2, 3), keepdims=True)  # behind a dense layer axis=0",
  variations: norms((layer) => {
    const { channels, places } = layer.resolved;
    const image = channels * places;
    const groupings: ((k: number) => number)[] = [
      () => 0,
      (k) => Math.floor(k / image), // each image
      (k) => Math.floor(k / places), // each channel of each image
      (k) => k % image, // each place, over the batch
      (k) => Math.floor(k / image) * places + (k % places), // each place, over the channels
      (k) => k % places,
    ];
    return groupings.map((groupOf) =>
      forward(layer, (_, run) => {
        const { mean, variance } = groupedBy(inputOf(layer, run), groupOf);
        return {
          mean: (k) => mean[groupOf(k)],
          deviation: (k) => Math.sqrt(variance[groupOf(k)] + layer.resolved.eps),
        };
      }),
    );
  }),
};

export const epsilonOutside: Mistake = {
  name: "norm-epsilon-outside-root",
  why: "Epsilon is added to the standard deviation, but it belongs to the variance, under the root.",
  fix: "xhat = (x - mean) / np.sqrt(var + eps)",
  variations: norms((layer) =>
    [1e-5, 1e-3, 1e-8, 1e-2, 1e-4, 1e-6, 1e-7].map((eps) =>
      forward(layer, ({ variance }) => ({ deviation: (_, c) => Math.sqrt(variance[c]) + eps })),
    ),
  ),
};

export const dividedByVariance: Mistake = {
  name: "norm-divided-by-variance",
  why: "The numbers are divided by the variance, not by its root, the standard deviation, or aren't divided at all.",
  fix: "xhat = (x - mean) / np.sqrt(var + eps)",
  variations: norms((layer) => [
    forward(layer, ({ variance }) => ({ deviation: (_, c) => variance[c] + layer.resolved.eps })),
    forward(layer, () => ({ deviation: () => 1 })),
  ]),
};

export const runningInTraining: Mistake = {
  name: "norm-running-statistics-in-training",
  why: "In training the batch's own mean and variance normalise it; the running ones are for use afterwards.",
  fix: "xhat = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(var + eps)  # while training",
  variations: norms((layer) =>
    // as they are given, or as they begin
    [true, false].map((isGiven) =>
      forward(layer, (_, run) => {
        const of = (which: string, otherwise: number) =>
          (isGiven && run.given.get(`${layer.name}.running_${which}`)?.tensor.data) ||
          new Float64Array(layer.resolved.channels).fill(otherwise);
        const [mean, variance] = [of("mean", 0), of("var", 1)];
        return {
          mean: (_k, c) => mean[c],
          deviation: (_k, c) => Math.sqrt(variance[c] + layer.resolved.eps),
        };
      }),
    ),
  ),
};

export const gammaLeftOut: Mistake = {
  name: "norm-weight-left-out",
  why: "The weight (gamma) is missing: forward it multiplies the normalised numbers, and backward the gradient.",
  fix: "y = gamma * xhat + beta; dxhat = dy * gamma",
  variations: norms((layer) => [
    at(layer.output, (run, right) => {
      const y = right();
      const [weight, bias] = [weightOf(layer, run), biasOf(layer, run)];
      const result = zerosLike(y);
      forEachNumber(layer.resolved, y, (k, c) => {
        result.data[k] = weight[c] === 0 ? y.data[k] : (y.data[k] - bias[c]) / weight[c] + bias[c];
      });
      return result;
    }),
    back(layer, ({ full, weight }) => full / weight),
  ]),
};

interface Parts {
  readonly g: number;
  readonly weight: number;
  readonly inverse: number;
  /** What the mean takes away, and what the variance does. */
  readonly ofMean: number;
  readonly ofVariance: number;
  readonly full: number;
}

/** What comes back, made from the parts that it should have. */
function back(layer: Norm, made: (parts: Parts) => number): Variation {
  return at(layer.inputGradients[0], (run) => {
    const x = inputOf(layer, run);
    const g = gradientOf(layer, run);
    const statistics = statisticsOf(layer.resolved, x);
    const { plain, weighted } = gradientSums(layer.resolved, x, g, statistics);
    const weights = weightOf(layer, run);
    const m = countOf(layer, x.shape[0]);
    const result = zerosLike(x);
    forEachNumber(layer.resolved, x, (k, c) => {
      const inverse = 1 / Math.sqrt(statistics.variance[c] + layer.resolved.eps);
      const xhat = (x.data[k] - statistics.mean[c]) * inverse;
      const parts = {
        g: g.data[k],
        weight: weights[c],
        inverse,
        ofMean: plain[c] / m,
        ofVariance: (xhat * weighted[c]) / m,
      };
      const full = parts.weight * inverse * (parts.g - parts.ofMean - parts.ofVariance);
      result.data[k] = made({ ...parts, full });
    });
    return result;
  });
}

export const meanConstant: Mistake = {
  name: "norm-mean-held-constant",
  why: "The gradient goes back as if the mean were a constant, but every number of the channel has moved it, which takes the mean of the gradients away.",
  fix: "dx = gamma / std * (dy - dy.mean(axis) - xhat * (dy * xhat).mean(axis))",
  variations: norms((layer) => [
    back(layer, ({ g, weight, inverse, ofVariance }) => weight * inverse * (g - ofVariance)),
  ]),
};

export const varianceConstant: Mistake = {
  name: "norm-variance-held-constant",
  why: "The gradient goes back as if the variance were a constant, but every number of the channel has moved it.",
  fix: "dx = gamma / std * (dy - dy.mean(axis) - xhat * (dy * xhat).mean(axis))",
  variations: norms((layer) => [
    back(layer, ({ g, weight, inverse, ofMean }) => weight * inverse * (g - ofMean)),
  ]),
};

export const statisticsConstant: Mistake = {
  name: "norm-statistics-held-constant",
  why: "The gradient is only scaled, as if mean and variance were constants. That is so after training; in training every number of the channel has moved both.",
  fix: "dx = gamma / std * (dy - dy.mean(axis) - xhat * (dy * xhat).mean(axis))",
  variations: norms((layer) => [
    back(layer, ({ g, weight, inverse }) => weight * inverse * g),
    back(layer, ({ g, weight }) => weight * g),
    back(layer, ({ g, inverse }) => inverse * g),
    back(layer, ({ g }) => g),
  ]),
};

export const deviationLeftOut: Mistake = {
  name: "norm-deviation-left-out",
  why: "What comes back isn't divided by the standard deviation, or by its square.",
  fix: "dx = gamma / np.sqrt(var + eps) * (dy - dy.mean(axis) - xhat * (dy * xhat).mean(axis))",
  variations: norms((layer) => [
    back(layer, ({ full, inverse }) => full / inverse),
    back(layer, ({ full, inverse }) => full * inverse),
  ]),
};

export const normWeightGradient: Mistake = {
  name: "norm-weight-gradient",
  why: "The gradient of gamma is the sum of dy times the normalised numbers, that of beta the sum of dy, each over all images and places: not with x or y in place of xhat, and not the mean.",
  fix: "dgamma = (dy * xhat).sum(axis=(0, 2, 3)); dbeta = dy.sum(axis=(0, 2, 3))",
  variations: norms((layer, images) => {
    const [weight, bias] = ["weight", "bias"].map((which) => `grad.${layer.name}.${which}`);
    const sumWith = (values: (run: Run) => Tensor) =>
      at(weight, (run) => {
        const g = gradientOf(layer, run);
        const v = values(run);
        const sums = new Float64Array(layer.resolved.channels);
        forEachNumber(layer.resolved, g, (k, c) => {
          sums[c] += g.data[k] * v.data[k];
        });
        return { shape: [sums.length], data: sums };
      });
    const divisors = [countOf(layer, images), images, layer.resolved.places].filter((n) => n > 1);
    return [
      sumWith((run) => inputOf(layer, run)),
      sumWith((run) => run.tensor(layer.output)),
      ...divisors.flatMap((n) =>
        [weight, bias].map((name) => at(name, (_, right) => scaled(right(), 1 / n))),
      ),
    ];
  }),
};
