import { type AddSpec, add } from "./add.js";
import { type AveragePool2dSpec, averagePool2d } from "./averagePool2d.js";
import { type BatchNorm1dSpec, type BatchNorm2dSpec, batchNorm1d, batchNorm2d } from "./batchNorm.js";
import { type ConcatSpec, concat } from "./concat.js";
import { type Conv2dSpec, conv2d } from "./conv2d.js";
import { type DenseSpec, dense } from "./dense.js";
import { type DropoutSpec, dropout } from "./dropout.js";
import { type FlattenSpec, flatten } from "./flatten.js";
import { type GeluSpec, gelu } from "./gelu.js";
import { type GlobalAveragePool2dSpec, globalAveragePool2d } from "./globalAveragePool2d.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";
import { type LeakyReluSpec, leakyRelu } from "./leakyRelu.js";
import { type MaxPool2dSpec, maxPool2d } from "./maxPool2d.js";
import { type ReluSpec, relu } from "./relu.js";
import { type Relu6Spec, relu6 } from "./relu6.js";
import { type SigmoidSpec, sigmoid } from "./sigmoid.js";
import { type SiluSpec, silu } from "./silu.js";
import { type TanhSpec, tanh } from "./tanh.js";

/** A layer of a model's JSON. */
export type AnyLayerSpec =
  | Conv2dSpec
  | ReluSpec
  | LeakyReluSpec
  | Relu6Spec
  | SigmoidSpec
  | TanhSpec
  | SiluSpec
  | GeluSpec
  | MaxPool2dSpec
  | AveragePool2dSpec
  | GlobalAveragePool2dSpec
  | BatchNorm2dSpec
  | BatchNorm1dSpec
  | DropoutSpec
  | AddSpec
  | ConcatSpec
  | FlattenSpec
  | DenseSpec;

/** Every kind of layer that a model can have, by its `type`. A new layer is entered here. */
export const layerKinds = {
  conv2d,
  relu,
  leakyRelu,
  relu6,
  sigmoid,
  tanh,
  silu,
  gelu,
  maxPool2d,
  averagePool2d,
  globalAveragePool2d,
  batchNorm2d,
  batchNorm1d,
  dropout,
  add,
  concat,
  flatten,
  dense,
};

/** A kind of layer when it doesn't matter which. */
export type AnyLayer = Layer<LayerSpec, ResolvedLayer>;
