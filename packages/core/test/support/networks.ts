import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import type { BatchNormOptions } from "../../src/layers/batchNorm.js";
import type { DropoutSpec } from "../../src/layers/dropout.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import type { Circumstances } from "../../src/layers/layer.js";
import type { NamedTensors, Shape } from "../../src/tensor.js";
import { withAdditions, withConcatenation } from "./additions.js";
import { activationSpecs, batchNormOptions, conv2dSpecs, dropoutSpecs, poolSpecs } from "./layerSpecs.js";
import { normals } from "./values.js";

const from = (min: number, max: number) => fc.integer({ min, max });

/** Zero or one. */
const perhaps = (layer: fc.Arbitrary<AnyLayerSpec>) => fc.array(layer, { maxLength: 1 });

/** Convolution, perhaps an activation, perhaps pooling. */
const block = fc.tuple(conv2dSpecs, perhaps(activationSpecs), perhaps(poolSpecs));

/** Dense, perhaps an activation. */
const hidden = fc.tuple(
  fc.record(
    { type: fc.constant("dense" as const), units: from(1, 5), bias: fc.boolean() },
    { requiredKeys: ["type", "units"] },
  ),
  perhaps(activationSpecs),
);

/** A layer that does something else in training, and where: batch normalisation is of the kind that fits there. */
interface Modal {
  readonly place: number;
  readonly layer: BatchNormOptions | DropoutSpec;
}

const modal: fc.Arbitrary<Modal[]> = fc.array(
  fc.record({
    place: fc.nat(),
    layer: fc.oneof<fc.Arbitrary<Modal["layer"]>[]>(batchNormOptions, batchNormOptions, dropoutSpecs),
  }),
  { maxLength: 3 },
);

/** Networks of all kinds of layers that fit together, small enough that each of their numbers can be moved. */
export const networks: fc.Arbitrary<Model> = fc
  .record({
    input: fc.tuple(from(1, 2), from(3, 8), from(3, 8)),
    first: perhaps(poolSpecs),
    blocks: fc.array(block, { maxLength: 2 }),
    inOneRow: fc.constantFrom("flatten" as const, "flatten" as const, "globalAveragePool2d" as const),
    afterFlatten: perhaps(activationSpecs),
    hidden: fc.array(hidden, { maxLength: 2 }),
    classes: from(2, 5),
    modal,
    additions: fc.array(fc.nat(), { maxLength: 3 }),
    concatenation: fc.option(fc.nat()),
  })
  .map(({ input, first, blocks, inOneRow, afterFlatten, hidden, classes, modal, additions, concatenation }) =>
    modelOf(
      {
        input,
        layers: [
          ...first,
          ...blocks.flat(2),
          { type: inOneRow },
          ...afterFlatten,
          ...hidden.flat(2),
          { type: "dense", units: classes },
        ],
      },
      modal,
      additions,
      concatenation,
    ),
  )
  .filter((model) => model !== undefined);

/** Kinds of layers that a few random networks may all lack. */
export const rareLayers: ModelSpec = {
  input: [1, 4, 4],
  layers: [
    { type: "tanh" },
    { type: "conv2d", filters: 2, kernel: 2 },
    { type: "silu" },
    { type: "sigmoid" },
    { type: "gelu" },
    { type: "concat", from: ["silu1", "gelu1", "gelu1"] },
    { type: "flatten", from: "silu1" },
    { type: "globalAveragePool2d", from: "concat1" },
    { type: "concat", from: ["flatten1", "gap1"] },
    { type: "dense", units: 3 },
    { type: "gelu", approximate: "tanh" },
    { type: "leakyRelu", slope: -9 },
    { type: "relu6" },
    { type: "dense", units: 3 },
  ],
};

/** Undefined if the layers don't fit together. */
function modelOf(
  spec: ModelSpec,
  modal: readonly Modal[],
  additions: readonly number[],
  concatenation: number | null,
): Model | undefined {
  try {
    return defineModel(withConcatenation(withAdditions(withModal(spec, modal), additions), concatenation));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The chain with layers behind some of its own that do something else in training. */
function withModal(spec: ModelSpec, modal: readonly Modal[]): ModelSpec {
  const { layers } = defineModel(spec);
  return {
    ...spec,
    layers: layers.flatMap(({ spec, outputShape }, position) => [
      spec,
      ...modal
        .filter(({ place }) => place % layers.length === position)
        .map(
          ({ layer }): AnyLayerSpec =>
            "type" in layer
              ? layer
              : { type: outputShape.length === 3 ? "batchNorm2d" : "batchNorm1d", ...layer },
        ),
    ]),
  };
}

/** The circumstances of a step: any of a training, or evaluation. */
export const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  mode: fc.constantFrom("training", "training", "evaluation"),
  seed: fc.nat({ max: 2 ** 32 - 1 }),
  step: from(1, 1000),
});

/**
 * Weights as He initialisation draws them, those of norms around 1, biases that aren't zero, and running statistics of some
 * batches.
 */
export function randomParameters(model: Model, seed: number): NamedTensors {
  const parameters: NamedTensors = {};
  const put = (fullName: string, shape: Shape, of: (normal: number) => number) => {
    const parameter = normals(shape, seed, fullName);
    parameter.data.forEach((value, k) => {
      parameter.data[k] = of(value);
    });
    parameters[fullName] = parameter;
  };
  for (const { fullName, shape, fanIn, initial = 0 } of model.parameters) {
    const deviation = fanIn > 0 ? Math.sqrt(2 / fanIn) : 0.3;
    put(fullName, shape, (normal) => initial + deviation * normal);
  }
  for (const { fullName, shape, name } of model.state) {
    put(fullName, shape, (normal) => (name === "running_var" ? 0.1 + normal * normal : 0.3 * normal));
  }
  return parameters;
}
