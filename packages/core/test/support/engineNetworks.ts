import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import { withAdditions, withConcatenation } from "./additions.js";
import { activationSpecs, fits, groups } from "./layerSpecs.js";

/*
 * Networks for engines, wilder than those of networks.ts: kernels work on tiles of 4 channels, of 4 outputs, of 8 images,
 * so that sizes go past these; any layer may come first, last, or twice.
 */

const from = (min: number, max: number) => fc.integer({ min, max });
const pairs = (min: number, max: number) =>
  fc.oneof(from(min, max), fc.tuple(from(min, max), from(min, max)));
const paddings = (max: number) =>
  fc.oneof(
    fc.constant(0),
    from(0, max),
    fc.tuple(from(0, max), from(0, max), from(0, max), from(0, max)),
    fc.constant("same" as const),
  );

const convolution: fc.Arbitrary<AnyLayerSpec> = fc.record(
  {
    type: fc.constant("conv2d" as const),
    filters: from(1, 9),
    kernel: pairs(1, 4),
    stride: pairs(1, 3),
    padding: paddings(3),
    dilation: pairs(1, 3),
    bias: fc.boolean(),
    groups,
  },
  { requiredKeys: ["type", "filters", "kernel"] },
);
/** Padding up to the most that a window can have, because that is where cells of a border could win by mistake. */
const pooling: fc.Arbitrary<AnyLayerSpec> = fc.tuple(from(1, 4), from(1, 4)).chain(([height, width]) => {
  const [vertical, horizontal] = [from(0, height - 1), from(0, width - 1)];
  return fc.record(
    {
      type: fc.constantFrom("maxPool2d" as const, "averagePool2d" as const),
      size: fc.constant([height, width] as const),
      stride: pairs(1, 4),
      padding: fc.oneof(
        fc.constant(0),
        fc.constant("same" as const),
        fc.tuple(vertical, horizontal, vertical, horizontal),
      ),
    },
    { requiredKeys: ["type", "size", "padding"] },
  );
});
/** What makes a row of numbers of images. */
const inOneRow = fc.constantFrom("flatten" as const, "flatten" as const, "globalAveragePool2d" as const);
const dense: fc.Arbitrary<AnyLayerSpec> = fc.record(
  { type: fc.constant("dense" as const), units: from(2, 13), bias: fc.boolean() },
  { requiredKeys: ["type", "units"] },
);

/** Larger ones would only take longer. */
const MOST_MULTIPLY_ADDS = 30_000;

/** Layers of all kinds in any order that makes sense, with everything in odd sizes. */
export const engineNetworks: fc.Arbitrary<Model> = fc
  .record({
    input: fc.tuple(from(1, 6), from(1, 9), from(1, 9)),
    images: fc.array(
      fc.oneof({ weight: 3, arbitrary: convolution }, { weight: 2, arbitrary: pooling }, activationSpecs),
      { maxLength: 5 },
    ),
    inOneRow,
    rows: fc.array(fc.oneof({ weight: 2, arbitrary: dense }, activationSpecs), { maxLength: 4 }),
    last: fc.option(dense),
    normalize: fc.boolean(),
    additions: fc.array(fc.nat(), { maxLength: 3 }),
    concatenation: fc.option(fc.nat()),
  })
  .map(({ input, images, inOneRow, rows, last, normalize, additions, concatenation }) => {
    const layers = [...fitting(images, input), { type: inOneRow }, ...rows, ...(last ? [last] : [])];
    const channels = Array.from({ length: input[0] }, (_, c) => c);
    return modelOf(
      {
        input,
        layers,
        ...(normalize && {
          normalize: {
            mean: channels.map((c) => 0.1 + 0.2 * (c % 3)),
            std: channels.map((c) => 0.3 + (c % 2)),
          },
        }),
      },
      additions,
      concatenation,
    );
  })
  .filter(
    (model) => model !== undefined && model.multiplyAdds.trainingStep < MOST_MULTIPLY_ADDS,
  ) as fc.Arbitrary<Model>;

/** Networks that have kernels for one image: convolutions and pools with the strides that these take. */
export const singleNetworks: fc.Arbitrary<Model> = fc
  .record({
    input: fc.tuple(from(1, 4), from(1, 12), from(1, 12)),
    images: fc.array(
      fc.oneof(
        { weight: 2, arbitrary: convolution.map((spec) => ({ ...spec, stride: 1 })) },
        fc.constant<AnyLayerSpec>({ type: "maxPool2d", size: 2 }),
        activationSpecs,
      ),
      { maxLength: 5 },
    ),
    inOneRow,
    rows: fc.array(fc.oneof({ weight: 2, arbitrary: dense }, activationSpecs), { maxLength: 3 }),
    last: dense,
  })
  .map(({ input, images, inOneRow, rows, last }) =>
    modelOf({ input, layers: [...fitting(images, input), { type: inOneRow }, ...rows, last] }),
  )
  .filter(
    (model) => model !== undefined && model.multiplyAdds.trainingStep < 2 * MOST_MULTIPLY_ADDS,
  ) as fc.Arbitrary<Model>;

/** Networks with convolutions that are computed by tiles: enough channels and filters, kernels of 3x3. */
export const tiledNetworks: fc.Arbitrary<Model> = fc
  .record({
    input: fc.tuple(fc.constantFrom(16, 24), from(2, 9), from(2, 9)),
    tiled: fc.array(
      fc.record({
        filters: fc.constantFrom(16, 20, 24, 48),
        padding: fc.oneof(from(0, 2), fc.tuple(from(0, 2), from(0, 2), from(0, 2), from(0, 2))),
        bias: fc.boolean(),
        after: fc.constantFrom<AnyLayerSpec[]>([], [{ type: "relu" }], [{ type: "maxPool2d", size: 2 }]),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    units: from(2, 5),
    additions: fc.array(fc.nat(), { maxLength: 2 }),
  })
  .map(({ input, tiled, units, additions }) =>
    modelOf(
      {
        input,
        layers: [
          ...fitting(
            tiled.flatMap(({ after, ...conv }) => [
              { type: "conv2d" as const, kernel: 3, ...conv },
              ...after,
            ]),
            input,
          ),
          { type: "flatten" },
          { type: "dense", units },
        ],
      },
      additions,
    ),
  )
  .filter(
    (model) =>
      model?.layers[0].spec.type === "conv2d" && model.multiplyAdds.trainingStep < 50 * MOST_MULTIPLY_ADDS,
  ) as fc.Arbitrary<Model>;

/** The layers without those that don't fit on what the ones before them give. */
function fitting(specs: readonly AnyLayerSpec[], input: Model["inputShape"]): AnyLayerSpec[] {
  const kept: AnyLayerSpec[] = [];
  for (const spec of specs) {
    const layer = {
      resolve: () =>
        defineModel({
          input,
          layers: [...kept, spec, { type: "flatten" }, { type: "dense", units: 2 }],
        }),
    };
    if (fits(layer, spec, input)) kept.push(spec);
  }
  return kept;
}

function modelOf(
  spec: ModelSpec,
  additions: readonly number[] = [],
  concatenation: number | null = null,
): Model | undefined {
  try {
    return defineModel(withConcatenation(withAdditions(spec, additions), concatenation));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
