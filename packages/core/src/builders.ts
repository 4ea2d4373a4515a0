import type { ModelSpec } from "./graph/model.js";
import type { AddSpec } from "./layers/add.js";
import type { AveragePool2dSpec } from "./layers/averagePool2d.js";
import type { BatchNorm1dSpec, BatchNorm2dSpec } from "./layers/batchNorm.js";
import type { ConcatSpec } from "./layers/concat.js";
import type { Conv2dSpec } from "./layers/conv2d.js";
import type { DenseSpec } from "./layers/dense.js";
import type { DropoutSpec } from "./layers/dropout.js";
import type { FlattenSpec } from "./layers/flatten.js";
import type { GeluSpec } from "./layers/gelu.js";
import type { GlobalAveragePool2dSpec } from "./layers/globalAveragePool2d.js";
import type { AnyLayerSpec } from "./layers/index.js";
import type { LeakyReluSpec } from "./layers/leakyRelu.js";
import type { MaxPool2dSpec } from "./layers/maxPool2d.js";
import type { ReluSpec } from "./layers/relu.js";
import type { Relu6Spec } from "./layers/relu6.js";
import type { SigmoidSpec } from "./layers/sigmoid.js";
import type { SiluSpec } from "./layers/silu.js";
import type { TanhSpec } from "./layers/tanh.js";
import type { ImageShape } from "./tensor.js";

/*
 * Model specs, typed: `sequential([1, 28, 28], [conv2d({ filters: 8, kernel: 3 }), relu(), ...])` is the same JSON that
 * one could write by hand.
 */

/** A convolution: `filters` kernels, each moved over all channels, `[C, H, W]` to `[filters, H', W']`. */
export const conv2d = (options: Omit<Conv2dSpec, "type">): Conv2dSpec => ({ type: "conv2d", ...options });
/** What is above 0 as it is, and else 0; any shape. */
export const relu = (options: Omit<ReluSpec, "type"> = {}): ReluSpec => ({ type: "relu", ...options });
/** What is above 0 as it is, and else times a small slope; any shape. */
export const leakyRelu = (options: Omit<LeakyReluSpec, "type"> = {}): LeakyReluSpec => ({
  type: "leakyRelu",
  ...options,
});
/** What is between 0 and 6 as it is, what is below 0 as 0, what is above 6 as 6; any shape. */
export const relu6 = (options: Omit<Relu6Spec, "type"> = {}): Relu6Spec => ({ type: "relu6", ...options });
/** 1 / (1 + exp(-x)), between 0 and 1; any shape. */
export const sigmoid = (options: Omit<SigmoidSpec, "type"> = {}): SigmoidSpec => ({
  type: "sigmoid",
  ...options,
});
/** The hyperbolic tangent, between -1 and 1; any shape. */
export const tanh = (options: Omit<TanhSpec, "type"> = {}): TanhSpec => ({ type: "tanh", ...options });
/** x times its sigmoid; any shape. */
export const silu = (options: Omit<SiluSpec, "type"> = {}): SiluSpec => ({ type: "silu", ...options });
/** x times the share of a normal distribution that lies below it; any shape. */
export const gelu = (options: Omit<GeluSpec, "type"> = {}): GeluSpec => ({ type: "gelu", ...options });
/** The largest number of each window, `[C, H, W]` to `[C, H', W']`. */
export const maxPool2d = (options: Omit<MaxPool2dSpec, "type">): MaxPool2dSpec => ({
  type: "maxPool2d",
  ...options,
});
/** The mean of each window, `[C, H, W]` to `[C, H', W']`. */
export const averagePool2d = (options: Omit<AveragePool2dSpec, "type">): AveragePool2dSpec => ({
  type: "averagePool2d",
  ...options,
});
/** Batch normalisation of each channel of `[C, H, W]`. */
export const batchNorm2d = (options: Omit<BatchNorm2dSpec, "type"> = {}): BatchNorm2dSpec => ({
  type: "batchNorm2d",
  ...options,
});
/** Batch normalisation of each number of `[K]`. */
export const batchNorm1d = (options: Omit<BatchNorm1dSpec, "type"> = {}): BatchNorm1dSpec => ({
  type: "batchNorm1d",
  ...options,
});
/** While training, leaves each number out by chance, and makes the others larger in return; any shape. */
export const dropout = (options: Omit<DropoutSpec, "type"> = {}): DropoutSpec => ({
  type: "dropout",
  ...options,
});
/** The mean of each channel, `[C, H, W]` to `[C]`. */
export const globalAveragePool2d = (
  options: Omit<GlobalAveragePool2dSpec, "type"> = {},
): GlobalAveragePool2dSpec => ({ type: "globalAveragePool2d", ...options });
/** The sum of what several layers give, which has the same shape. */
export const add = (options: Omit<AddSpec, "type">): AddSpec => ({ type: "add", ...options });
/** What several layers give, channel behind channel. */
export const concat = (options: Omit<ConcatSpec, "type">): ConcatSpec => ({ type: "concat", ...options });
/** All numbers in a row, `[C, H, W]` to `[C * H * W]`. */
export const flatten = (options: Omit<FlattenSpec, "type"> = {}): FlattenSpec => ({
  type: "flatten",
  ...options,
});
/** A weighted sum of all inputs for each of `units` numbers, `[K]` to `[units]`. */
export const dense = (options: Omit<DenseSpec, "type">): DenseSpec => ({ type: "dense", ...options });

/** Layers one after the other. */
export function sequential(
  input: ImageShape,
  layers: readonly AnyLayerSpec[],
  rest: Pick<ModelSpec, "classes" | "normalize"> = {},
): ModelSpec {
  return { input, layers, ...rest };
}
