import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import { withAdditions, withConcatenation } from "./additions.js";

/*
 * Networks with layers that depend on the circumstances: batch normalisation, for which blocks of images wait for each other, and
 * dropout. Anything may stand between them, so that anything has to outlive a stage: windows with borders, Winograd's tiles, weights
 * whose gradients wait for the end of the batch, ways that go apart.
 */

const from = (min: number, max: number) => fc.integer({ min, max });

const norm = fc.record(
  {
    type: fc.constant("batchNorm2d" as const),
    eps: fc.constantFrom(1e-5, 0.01),
    momentum: fc.constantFrom(0.1, 0.5),
  },
  { requiredKeys: ["type"] },
);

const dropout = fc.record({ type: fc.constant("dropout" as const), rate: fc.constantFrom(0, 0.2, 0.5, 0.9) });

const convolution = fc.oneof(
  fc.record({
    type: fc.constant("conv2d" as const),
    filters: from(1, 6),
    kernel: from(1, 3),
    stride: from(1, 2),
    padding: from(0, 2),
  }),
  // computed by tiles, if there are 8 or 16 channels before it
  fc.record({
    type: fc.constant("conv2d" as const),
    filters: fc.constant(16),
    kernel: fc.constant(3),
    padding: fc.constant(1),
    bias: fc.boolean(),
  }),
);

const between: fc.Arbitrary<AnyLayerSpec> = fc.oneof(
  { weight: 3, arbitrary: norm },
  { weight: 3, arbitrary: convolution },
  dropout,
  fc.constantFrom<AnyLayerSpec>({ type: "relu" }, { type: "relu" }, { type: "silu" }),
  // in groups, where there are as many channels; each by itself
  fc.record({
    type: fc.constant("conv2d" as const),
    filters: fc.constant(16),
    kernel: from(1, 3),
    groups: fc.constantFrom(2, 16),
    padding: from(0, 1),
  }),
  fc.constantFrom<AnyLayerSpec>(
    { type: "maxPool2d", size: 2 },
    { type: "maxPool2d", size: 3, stride: 1, padding: 1 },
    { type: "averagePool2d", size: 2, padding: 1 },
  ),
);

const ofRows: fc.Arbitrary<AnyLayerSpec> = fc.oneof(
  fc.constant({ type: "batchNorm1d" as const }),
  fc.record({ type: fc.constant("dense" as const), units: from(2, 9) }),
  dropout,
  fc.constant({ type: "relu" as const }),
);

export const normNetworks: fc.Arbitrary<Model> = fc
  .record({
    input: fc.tuple(fc.constantFrom(1, 2, 3, 16), from(2, 7), from(2, 7)),
    images: fc.array(between, { minLength: 1, maxLength: 6 }),
    rows: fc.array(ofRows, { maxLength: 4 }),
    units: from(2, 5),
    inOneRow: fc.constantFrom("flatten" as const, "flatten" as const, "globalAveragePool2d" as const),
    additions: fc.array(fc.nat(), { maxLength: 3 }),
    concatenation: fc.option(fc.nat()),
  })
  .map(({ input, images, rows, units, inOneRow, additions, concatenation }) => {
    try {
      const layers = [...images, { type: inOneRow }, ...rows, { type: "dense", units } as const];
      return defineModel(withConcatenation(withAdditions({ input, layers }, additions), concatenation));
    } catch (error) {
      if (error instanceof InputError) return undefined; // they don't fit together
      throw error;
    }
  })
  .filter(
    (model) =>
      model?.layers.some(({ kind }) => kind.looksAtContext) === true &&
      model.multiplyAdds.trainingStep < 150_000,
  ) as fc.Arbitrary<Model>;
