import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import type { NamedTensors, Shape } from "../../src/tensor.js";
import { withAdditions, withConcatenation } from "./additions.js";
import { activationSpecs, conv2dSpecs, poolSpecs } from "./layerSpecs.js";
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
    additions: fc.array(fc.nat(), { maxLength: 3 }),
    concatenation: fc.option(fc.nat()),
  })
  .map(({ input, first, blocks, inOneRow, afterFlatten, hidden, classes, additions, concatenation }) =>
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
    { type: "dense", units: 3 },
  ],
};

/** Undefined if the layers don't fit together. */
function modelOf(
  spec: ModelSpec,
  additions: readonly number[],
  concatenation: number | null,
): Model | undefined {
  try {
    return defineModel(withConcatenation(withAdditions(spec, additions), concatenation));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Weights as He initialisation draws them, biases that aren't zero, and a state like that of a network that was trained. */
export function randomParameters(model: Model, seed: number): NamedTensors {
  const drawn = (fullName: string, shape: Shape, from: (normal: number) => number) => {
    const { data, ...rest } = normals(shape, seed, fullName);
    return [fullName, { ...rest, data: data.map(from) }];
  };
  return Object.fromEntries([
    ...model.parameters.map(({ fullName, shape, fanIn, initial = 0 }) => {
      const deviation = fanIn > 0 ? Math.sqrt(2 / fanIn) : 0.3;
      return drawn(fullName, shape, (normal) => initial + deviation * normal);
    }),
    // what begins at 1, a variance, stays above 0
    ...model.state.map(({ fullName, shape, initial }) =>
      drawn(fullName, shape, (normal) => (initial > 0 ? initial + Math.abs(normal) : normal)),
    ),
  ]);
}
