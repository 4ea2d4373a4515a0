import fc from "fast-check";
import { InputError, tensor } from "unravel-cnn";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { normals } from "../../../core/test/support/values.js";
import { expectClose, importFiles, scoresOf } from "../support/imported.js";
import { savedByTensorflow, type TensorflowLayer, tensorflowPredicts } from "../support/tensorflow.js";

/* Networks that TensorFlow.js makes, saves and computes itself: whatever isn't refused gives the same scores here. */

const from = (min: number, max: number) => fc.integer({ min, max });
const pairs = (max: number) => fc.tuple(from(1, max), from(1, max));
const padding = fc.constantFrom("valid", "same");
const activation = fc.constantFrom("linear", "relu", "sigmoid", "tanh", "swish", "gelu", "relu6");

const layer = (kind: string, options: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<TensorflowLayer> =>
  fc.tuple(
    fc.constant(kind),
    fc.record(options, { requiredKeys: Object.keys(options).filter((key) => key in needed) }),
  );
const needed = { filters: true, kernelSize: true, units: true };

const convolution = {
  kernelSize: pairs(3),
  strides: fc.constantFrom(1, 2),
  padding,
  useBias: fc.boolean(),
  activation,
};
const convolutions = fc.oneof(
  layer("conv2d", { ...convolution, filters: from(1, 4), strides: pairs(2) }),
  layer("conv2d", { ...convolution, filters: from(1, 4), strides: fc.constant(1), dilationRate: from(1, 2) }),
  layer("depthwiseConv2d", { ...convolution, depthMultiplier: from(1, 2) }),
  layer("separableConv2d", { ...convolution, filters: from(1, 4), depthMultiplier: from(1, 2) }),
);
const onImages: fc.Arbitrary<TensorflowLayer> = fc.oneof(
  { weight: 3, arbitrary: convolutions },
  layer("batchNormalization", {
    center: fc.boolean(),
    scale: fc.boolean(),
    epsilon: fc.constantFrom(1e-3, 0.1),
  }),
  layer("maxPooling2d", { poolSize: pairs(3), strides: pairs(2), padding }),
  layer("averagePooling2d", {
    poolSize: pairs(3),
    strides: pairs(2),
    padding: fc.constantFrom("valid", "valid", "valid", "same"),
  }),
  layer("reLU", { maxValue: fc.constant(6) }),
  layer("leakyReLU", { alpha: fc.constantFrom(0.1, 0.5) }),
  layer("dropout", { rate: fc.constant(0.4) }),
);
/** Most layers can't take zeros around what they get, so that convolutions follow. */
const padded = fc.tuple(
  layer("zeroPadding2d", { padding: fc.oneof(from(0, 2), fc.tuple(pairs(2), pairs(2))) }),
  fc.oneof(convolutions, onImages),
);
const inOneRow = fc.constantFrom<TensorflowLayer>(
  ["flatten", {}],
  ["flatten", {}],
  ["globalAveragePooling2d", {}],
  ["globalMaxPooling2d", {}],
);
const onRows: fc.Arbitrary<TensorflowLayer> = fc.oneof(
  layer("dense", {
    units: from(2, 6),
    useBias: fc.boolean(),
    activation: fc.constantFrom("linear", "relu", "tanh"),
  }),
  layer("batchNormalization", { center: fc.boolean(), scale: fc.boolean() }),
  layer("leakyReLU", {}),
);

test("ReLU6, as a layer and as an activation, on both sides of both ends", async () => {
  const chain = [
    ["reLU", { maxValue: 6 }],
    ["conv2d", { filters: 3, kernelSize: 3, activation: "relu6" }],
    ["flatten", {}],
    ["dense", { units: 3 }],
  ] as const;
  const files = await savedByTensorflow([5, 5, 2], chain, 0, 1);
  const { data } = normals([4, 2, 5, 5], 1, "x");
  const x = tensor(
    [4, 2, 5, 5],
    data.map((value) => 12 * value),
  );
  const read = await importFiles(files as NonNullable<typeof files>);
  expect(read.model.layers.map(({ name }) => name)).toEqual(["clip1", "conv1", "clip2", "flatten1", "fc1"]);
  expectClose(scoresOf(read, x), await tensorflowPredicts(files as never, x), 1e-5, "TensorFlow.js");
});

test("random chains", async () => {
  const outcomes = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(from(3, 8), from(3, 8), from(1, 3)),
      fc
        .array(fc.oneof({ weight: 4, arbitrary: onImages.map((one) => [one]) }, padded), { maxLength: 4 })
        .map((parts) => parts.flat()),
      inOneRow,
      fc.array(onRows, { maxLength: 2 }),
      fc.nat({ max: 3 }),
      fc.nat(),
      async (size, images, row, rows, inner, seed) => {
        const chain = [...images, row, ...rows, ["dense", { units: 3 }] as const];
        const files = await savedByTensorflow(size, chain, Math.min(inner, images.length), seed);
        fc.pre(files !== undefined);
        const [H, W, C] = size;
        const x = tensor([2, C, H, W], normals([2, C, H, W], seed, "x").data);
        try {
          const read = await importFiles(files);
          outcomes.taken++;
          expectClose(scoresOf(read, x), await tensorflowPredicts(files, x), 1e-5, "TensorFlow.js");
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          expectSentence(error.message);
          outcomes.refused++;
        }
      },
    ),
    { numRuns: few(25, 400), seed: 3 },
  );
  // refused are means over an edge, and zeros around pools and before what has no padding
  expect(outcomes.taken).toBeGreaterThan(outcomes.refused);
}, 600_000);
