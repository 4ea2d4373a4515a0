import { InputError, show } from "./errors.js";
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
import type { SigmoidSpec } from "./layers/sigmoid.js";
import type { SiluSpec } from "./layers/silu.js";
import type { TanhSpec } from "./layers/tanh.js";
import { didYouMean } from "./nearest.js";
import { type Checks, checkOptions, elsewhere } from "./options.js";
import type { ImageShape } from "./tensor.js";

/*
 * Model specs, typed: `sequential([1, 28, 28], [conv2d({ filters: 8, kernel: 3 }), relu(), ...])` is the same JSON that
 * one could write by hand.
 */

export const conv2d = (options: Omit<Conv2dSpec, "type">): Conv2dSpec => ({ type: "conv2d", ...options });
export const relu = (options: Omit<ReluSpec, "type"> = {}): ReluSpec => ({ type: "relu", ...options });
export const leakyRelu = (options: Omit<LeakyReluSpec, "type"> = {}): LeakyReluSpec => ({
  type: "leakyRelu",
  ...options,
});
export const sigmoid = (options: Omit<SigmoidSpec, "type"> = {}): SigmoidSpec => ({
  type: "sigmoid",
  ...options,
});
export const tanh = (options: Omit<TanhSpec, "type"> = {}): TanhSpec => ({ type: "tanh", ...options });
export const silu = (options: Omit<SiluSpec, "type"> = {}): SiluSpec => ({ type: "silu", ...options });
export const gelu = (options: Omit<GeluSpec, "type"> = {}): GeluSpec => ({ type: "gelu", ...options });
export const maxPool2d = (options: Omit<MaxPool2dSpec, "type">): MaxPool2dSpec => ({
  type: "maxPool2d",
  ...options,
});
export const averagePool2d = (options: Omit<AveragePool2dSpec, "type">): AveragePool2dSpec => ({
  type: "averagePool2d",
  ...options,
});
export const batchNorm2d = (options: Omit<BatchNorm2dSpec, "type"> = {}): BatchNorm2dSpec => ({
  type: "batchNorm2d",
  ...options,
});
export const batchNorm1d = (options: Omit<BatchNorm1dSpec, "type"> = {}): BatchNorm1dSpec => ({
  type: "batchNorm1d",
  ...options,
});
export const dropout = (options: Omit<DropoutSpec, "type"> = {}): DropoutSpec => ({
  type: "dropout",
  ...options,
});
export const globalAveragePool2d = (
  options: Omit<GlobalAveragePool2dSpec, "type"> = {},
): GlobalAveragePool2dSpec => ({ type: "globalAveragePool2d", ...options });
export const add = (options: Omit<AddSpec, "type">): AddSpec => ({ type: "add", ...options });
export const concat = (options: Omit<ConcatSpec, "type">): ConcatSpec => ({ type: "concat", ...options });
export const flatten = (options: Omit<FlattenSpec, "type"> = {}): FlattenSpec => ({
  type: "flatten",
  ...options,
});
export const dense = (options: Omit<DenseSpec, "type">): DenseSpec => ({ type: "dense", ...options });

/** Layers one after the other. */
export function sequential(
  input: ImageShape,
  layers: readonly AnyLayerSpec[],
  rest: Pick<ModelSpec, "classes" | "normalize"> = {},
): ModelSpec {
  return { input, layers, ...rest };
}

/** What a built-in model can be told. */
export interface BuiltInOptions {
  /** Default `[1, 28, 28]`, MNIST's. */
  readonly input?: ImageShape;
  /** Names of the classes; default `"0"` to `"9"`. */
  readonly classes?: readonly string[];
}

const MNIST_SHAPE: ImageShape = [1, 28, 28];

/** What they say is looked at where the model is defined, and `classes` where they are counted. */
const builtInChecks: Checks<BuiltInOptions> = {
  input: elsewhere,
  classes: (name, value) => {
    if (!Array.isArray(value)) throw new InputError(`${name} must be a list of names, not ${show(value)}`);
  },
};

/** The end of every built-in model, and the names of its classes if they were given. */
const classifier = (options: BuiltInOptions) => dense({ units: options.classes?.length ?? 10 });
const namesOf = ({ classes }: BuiltInOptions) => (classes ? { classes } : {});

/** The mission's network: one convolution 3x3, ReLU, max-pool, one dense layer. `filters` defaults to 8. */
export function oneConv(options: BuiltInOptions & { readonly filters?: number | undefined } = {}): ModelSpec {
  checkOptions("one-conv", options, { ...builtInChecks, filters: elsewhere });
  const { filters = 8 } = options;
  return sequential(
    options.input ?? MNIST_SHAPE,
    [conv2d({ filters, kernel: 3 }), relu(), maxPool2d({ size: 2 }), flatten(), classifier(options)],
    namesOf(options),
  );
}

/** LeNet-5 in today's form (Y. LeCun et al., 1998, with ReLU and max-pooling). */
export function lenet5(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("lenet5", options, builtInChecks);
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      conv2d({ filters: 6, kernel: 5, padding: 2 }),
      relu(),
      maxPool2d({ size: 2 }),
      conv2d({ filters: 16, kernel: 5 }),
      relu(),
      maxPool2d({ size: 2 }),
      flatten(),
      dense({ units: 120 }),
      relu(),
      dense({ units: 84 }),
      relu(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** A larger network, that of PyTorch's and Keras' MNIST examples without dropout. */
export function convnet(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("convnet", options, builtInChecks);
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      conv2d({ filters: 32, kernel: 3 }),
      relu(),
      conv2d({ filters: 64, kernel: 3 }),
      relu(),
      maxPool2d({ size: 2 }),
      flatten(),
      dense({ units: 128 }),
      relu(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** The built-in models by their names on the command line. */
export const builtInModels = { "one-conv": oneConv, lenet5, convnet } as const;

export type BuiltInName = keyof typeof builtInModels;

/**
 * The spec of a built-in model.
 * @throws InputError if there is no such model, or `filters` is given for one that doesn't take it.
 */
export function builtIn(
  name: string,
  options: BuiltInOptions & { readonly filters?: number | undefined } = {},
): ModelSpec {
  const names = Object.keys(builtInModels);
  if (!names.includes(name)) {
    throw new InputError(
      `There is no built-in model ${show(name)}${didYouMean(name, names)}; there are ${names.join(", ")}.`,
    );
  }
  if (options.filters !== undefined && name !== "one-conv") {
    throw new InputError(`The number of filters can be chosen for one-conv only; ${name} has its own.`);
  }
  const { filters, ...rest } = options;
  return filters === undefined ? builtInModels[name as BuiltInName](rest) : oneConv(options);
}
