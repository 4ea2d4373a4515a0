import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import type { AveragePool2dSpec } from "../../src/layers/averagePool2d.js";
import type { BatchNormOptions } from "../../src/layers/batchNorm.js";
import type { Conv2dSpec } from "../../src/layers/conv2d.js";
import type { DropoutSpec } from "../../src/layers/dropout.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import type { LayerSpec } from "../../src/layers/layer.js";
import type { LeakyReluSpec } from "../../src/layers/leakyRelu.js";
import type { MaxPool2dSpec } from "../../src/layers/maxPool2d.js";
import type { Padding } from "../../src/layers/options.js";
import type { ImageShape, Shape } from "../../src/tensor.js";

/** A layer and the shape of an image that it can take. */
export interface Placed<Spec> {
  readonly spec: Spec;
  readonly input: ImageShape;
}

const from = (min: number, max: number) => fc.integer({ min, max });

/** One number, or one for each direction. */
const pairs = (min: number, max: number) =>
  fc.oneof(from(min, max), fc.tuple(from(min, max), from(min, max)));

const paddings = (max: number): fc.Arbitrary<Padding> =>
  fc.oneof(
    from(0, max),
    fc.tuple(from(0, max), from(0, max), from(0, max), from(0, max)),
    fc.constant("same" as const),
  );

const images = fc.tuple(from(1, 3), from(1, 8), from(1, 8));

/** Whether a layer takes such an input. */
export function fits(
  layer: { resolve(spec: never, input: Shape): unknown },
  spec: LayerSpec,
  input: Shape,
): boolean {
  try {
    layer.resolve(spec as never, input);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Mostly none; those that divide the channels of few images are left. */
export const groups = fc.constantFrom(1, 1, 2, 2, 3);

/** Any convolution: each option given or left out, also kernels that reach beyond the image into its padding. */
export const conv2dSpecs: fc.Arbitrary<Conv2dSpec> = fc.record(
  {
    type: fc.constant("conv2d" as const),
    filters: from(1, 4),
    kernel: pairs(1, 4),
    stride: pairs(1, 3),
    padding: paddings(3),
    dilation: pairs(1, 3),
    bias: fc.boolean(),
    groups,
  },
  { requiredKeys: ["type", "filters", "kernel"] },
);

/** Any pooling: side by side, overlapping or apart, with padding and with cells left over. */
export const maxPool2dSpecs: fc.Arbitrary<MaxPool2dSpec> = fc.record(
  { type: fc.constant("maxPool2d" as const), size: pairs(1, 4), stride: pairs(1, 4), padding: paddings(2) },
  { requiredKeys: ["type", "size"] },
);

/** The same windows as a max-pool's. */
export const averagePool2dSpecs: fc.Arbitrary<AveragePool2dSpec> = maxPool2dSpecs.map((spec) => ({
  ...spec,
  type: "averagePool2d",
}));

/** Pooling of either kind. */
export const poolSpecs = fc.oneof({ weight: 2, arbitrary: maxPool2dSpecs }, averagePool2dSpecs);

/** Any leaky ReLU, also one that turns what is negative around, or makes it larger. */
export const leakyReluSpecs: fc.Arbitrary<LeakyReluSpec> = fc.record(
  { type: fc.constant("leakyRelu" as const), slope: fc.constantFrom(0, 0.01, 0.2, -0.5, 1.5) },
  { requiredKeys: ["type"] },
);

/** All smooth functions of one number. */
export const smoothSpecs: readonly AnyLayerSpec[] = [
  { type: "sigmoid" },
  { type: "tanh" },
  { type: "silu" },
  { type: "gelu" },
  { type: "gelu", approximate: "none" },
  { type: "gelu", approximate: "tanh" },
];

/** Any options of batch normalisation. */
export const batchNormOptions: fc.Arbitrary<BatchNormOptions> = fc.record(
  { eps: fc.constantFrom(1e-5, 0.01, 0.5), momentum: fc.constantFrom(0, 0.1, 0.625, 1) },
  { requiredKeys: [] },
);

/** Any dropout, also one that drops nothing. */
export const dropoutSpecs: fc.Arbitrary<DropoutSpec> = fc.record(
  { type: fc.constant("dropout" as const), rate: fc.constantFrom(0, 0.1, 0.5, 0.75) },
  { requiredKeys: ["type"] },
);

/** What may stand behind a convolution or a dense layer. */
export const activationSpecs: fc.Arbitrary<AnyLayerSpec> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: "relu" as const }) },
  { weight: 2, arbitrary: leakyReluSpecs },
  { weight: 1, arbitrary: fc.constant({ type: "relu6" as const }) },
  { weight: 3, arbitrary: fc.constantFrom(...smoothSpecs) },
);

/** A layer of a kind with an image that it can take. */
export function placed<Spec extends LayerSpec>(
  layer: { resolve(spec: Spec, input: Shape): unknown },
  specs: fc.Arbitrary<Spec>,
): fc.Arbitrary<Placed<Spec>> {
  return fc.record({ spec: specs, input: images }).filter(({ spec, input }) => fits(layer, spec, input));
}
