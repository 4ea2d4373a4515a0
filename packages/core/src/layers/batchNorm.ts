import { InputError } from "../errors.js";
import { fitsFloat32, RANGE } from "../float32.js";
import { checkKeys, finiteNumber } from "../options.js";
import { dtypeOf, formatShape, type Shape, sizeOf, type Tensor, zeros } from "../tensor.js";
import {
  type BatchNorm,
  forEachNumber,
  gradientSums,
  inverseDeviation,
  statisticsIn,
  statisticsOf,
} from "./batchStatistics.js";
import { explainBatchNorm } from "./explain/batchNorm.js";
import { FIRST_STEP, type Layer, type LayerSpec } from "./layer.js";
import { inShort } from "./options.js";

/*
 * Batch normalisation gives each channel of a batch the mean `bias` and the standard deviation `weight`, whatever it was
 * before. With m numbers x[i] in a channel, over all images and all places:
 *
 *   mean = sum of x[i] / m        variance = sum of (x[i] - mean)^2 / m
 *   xhat[i] = (x[i] - mean) / sqrt(variance + eps)        y[i] = weight * xhat[i] + bias
 *
 * Each output depends on every number of its channel, through the mean and the variance, so backward a gradient comes from
 * all of them. With g[i] = dL/dy[i]:
 *
 *   dL/dbias = sum of g[i]        dL/dweight = sum of g[i] * xhat[i]
 *   dL/dx[i] = weight / sqrt(variance + eps) * (g[i] - dL/dbias / m - xhat[i] * dL/dweight / m)
 *
 * The second term is what the mean takes away, the third what the variance does: a gradient that would only move all numbers of
 * the channel, or stretch them, comes to nothing (S. Ioffe, C. Szegedy, "Batch normalization", 2015).
 *
 * For use after training it keeps a running mean and variance of the batches: r becomes (1 - momentum) * r + momentum *
 * the batch's; the variance is the sample's, divided by m - 1, as PyTorch does. In evaluation they take the batch's place
 * and are constants.
 */

export interface BatchNormOptions {
  /** Added to the variance, so that nothing is divided by 0: a number above 0. Default 1e-5. */
  readonly eps?: number;
  /** How much of a new batch goes into the running mean and variance, from 0 to 1. Default 0.1. */
  readonly momentum?: number;
}

export interface BatchNorm2dSpec extends LayerSpec, BatchNormOptions {
  readonly type: "batchNorm2d";
}

export interface BatchNorm1dSpec extends LayerSpec, BatchNormOptions {
  readonly type: "batchNorm1d";
}

const described = {
  batchNorm1d: "[features], such as a dense layer gives",
  batchNorm2d: "[channels, height, width]",
};

function batchNorm<Type extends "batchNorm1d" | "batchNorm2d">(
  type: Type,
): Layer<LayerSpec & BatchNormOptions & { readonly type: Type }, BatchNorm> {
  const dimensions = type === "batchNorm2d" ? 3 : 1;
  return {
    type,
    prefix: "norm",
    looksAtContext: true,
    curved: true,

    resolve(spec, inputShape: Shape): BatchNorm {
      checkKeys(spec, ["type", "eps", "momentum"]);
      if (inputShape.length !== dimensions) {
        const other = type === "batchNorm2d" ? "batchNorm1d" : "batchNorm2d";
        throw new InputError(
          `it takes ${described[type]}, but gets ${formatShape(inputShape)}; ${other} takes ${described[other]}`,
        );
      }
      const eps = finiteNumber("eps", spec.eps ?? 1e-5);
      if (!(eps > 0) || !fitsFloat32(eps)) {
        throw new InputError(
          `eps must be above 0 and from ${RANGE} in size, which is what float32 holds, not ${eps}`,
        );
      }
      // null isn't left out: to PyTorch it means the average of all batches
      const momentum = finiteNumber("momentum", spec.momentum === undefined ? 0.1 : spec.momentum);
      if (momentum < 0 || momentum > 1) throw new InputError(`momentum must be from 0 to 1, not ${momentum}`);
      const [channels, ...places] = inputShape;
      return { inputShape, outputShape: inputShape, channels, places: sizeOf(places), eps, momentum };
    },

    parameters: ({ channels }) => [
      { name: "weight", shape: [channels], fanIn: 0, initial: 1 },
      { name: "bias", shape: [channels], fanIn: 0 },
    ],

    state: ({ channels }) => [
      { name: "running_mean", shape: [channels], initial: 0 },
      { name: "running_var", shape: [channels], initial: 1, smallest: 0 },
    ],

    nextState(layer, [x], { running_mean, running_var }) {
      const { mean, variance } = statisticsOf(layer, x);
      const m = x.shape[0] * layer.places;
      const mixed = ({ shape, data }: Tensor, batch: (c: number) => number): Tensor => ({
        shape,
        data: data.map((old, c) => (1 - layer.momentum) * old + layer.momentum * batch(c)),
      });
      return {
        running_mean: mixed(running_mean, (c) => mean[c]),
        running_var: mixed(running_var, (c) => (variance[c] * m) / (m - 1)),
      };
    },

    // one number has no spread
    fewestImages: ({ places }) => (places === 1 ? 2 : 1),

    multiplyAdds: ({ inputShape }) => sizeOf(inputShape),

    forward(layer, [x], parameters, context = FIRST_STEP) {
      const { weight, bias } = parameters;
      const statistics = statisticsIn(layer, x, parameters, context);
      const inverse = statistics.mean.map((_, c) => inverseDeviation(layer, statistics, c));
      const y = zeros(x.shape, dtypeOf(x));
      forEachNumber(layer, x, (k, c) => {
        y.data[k] = weight.data[c] * ((x.data[k] - statistics.mean[c]) * inverse[c]) + bias.data[c];
      });
      return y;
    },

    inputGradients(layer, [x], parameters, outputGradient, context = FIRST_STEP) {
      const { weight } = parameters;
      const statistics = statisticsIn(layer, x, parameters, context);
      const inverse = statistics.mean.map((_, c) => inverseDeviation(layer, statistics, c));
      const { plain, weighted } = gradientSums(layer, x, outputGradient, statistics);
      const m = x.shape[0] * layer.places;
      const gradient = zeros(x.shape, dtypeOf(x));
      forEachNumber(layer, x, (k, c) => {
        const g = outputGradient.data[k];
        const xhat = (x.data[k] - statistics.mean[c]) * inverse[c];
        const rest = context.mode === "training" ? plain[c] / m + (xhat * weighted[c]) / m : 0;
        gradient.data[k] = weight.data[c] * inverse[c] * (g - rest);
      });
      return [gradient];
    },

    parameterGradients(layer, [x], outputGradient, parameters = {}, context = FIRST_STEP) {
      const statistics = statisticsIn(layer, x, parameters, context);
      const { plain, weighted } = gradientSums(layer, x, outputGradient, statistics);
      const tensorOf = (sums: Float64Array): Tensor => {
        const gradient = zeros([layer.channels], dtypeOf(x));
        gradient.data.set(sums);
        return gradient;
      };
      return { weight: tensorOf(weighted), bias: tensorOf(plain) };
    },

    affine(layer, { weight, bias, running_mean, running_var }) {
      const statistics = {
        mean: Float64Array.from(running_mean.data),
        variance: Float64Array.from(running_var.data),
      };
      const factor = statistics.mean.map((_, c) => weight.data[c] * inverseDeviation(layer, statistics, c));
      return { factor, shift: factor.map((value, c) => bias.data[c] - value * statistics.mean[c]) };
    },

    statistics(layer, [x], parameters, context) {
      const statistics = statisticsIn(layer, x, parameters, context);
      return {
        mean: statistics.mean,
        deviation: statistics.mean.map((_, c) => 1 / inverseDeviation(layer, statistics, c)),
      };
    },

    words: ({ eps, momentum }) => ({
      kind: "batch normalisation",
      short: inShort("batch norm", [
        ...(eps === 1e-5 ? [] : [`eps ${eps}`]),
        ...(momentum === 0.1 ? [] : [`momentum ${momentum}`]),
      ]),
      forward:
        "Each channel gets the mean and the spread that its bias and weight say: less the mean of the channel over the whole batch, divided by its standard deviation, times the weight, plus the bias. After training, running means take the batch's place.",
      backward:
        "The mean and the deviation depend on every number of the channel, so a gradient comes back less what would only move or stretch the whole channel.",
    }),

    explain: explainBatchNorm,
  };
}

export const batchNorm1d = batchNorm("batchNorm1d");
export const batchNorm2d = batchNorm("batchNorm2d");
