import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
// threads run the built worker
import { createEngine } from "../../dist/index.js";
import { convnet, lenet5, resnet } from "../../src/builtIn.js";
import { hasRelaxedSimd } from "../../src/compiler/features.js";
import { compileForward } from "../../src/compiler/forward.js";
import { planModel } from "../../src/compiler/plan.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import { copyAll, sizeOf } from "../../src/tensor.js";
import { randomImages, smallNetworks } from "../support/engineCases.js";
import { engineNetworks, singleNetworks, tiledNetworks } from "../support/engineNetworks.js";
import { randomParameters } from "../support/networks.js";
import { normNetworks } from "../support/normNetworks.js";
import { cases, seeds } from "../support/properties.js";

/*
 * One image has kernels of its own (compiler/single/channels/), whose sums have the order of those of blocks: its scores are,
 * bit for bit, those that it has among others.
 */

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
const paths = hasRelaxedSimd() ? [true, false] : [true];

/** Fills a last block partly. */
const IMAGES = 11;

async function expectSameScores(model: Model, seed: number, images = 3): Promise<void> {
  expect(planModel(model, undefined, { oneImage: true }).block, "one image is no block").toBe(1);
  const parameters = copyAll(randomParameters(model, seed), "float32");
  const data = randomImages(model, images, seed);
  const size = sizeOf(model.inputShape);
  for (const strict of paths) {
    const engine = await createEngine(model.spec, { threads: 0, strict, parameters });
    const together = await engine.logits(data.images);
    const alone = new Float32Array(together.length);
    for (let n = 0; n < images; n++) {
      const scores = await engine.logits(data.images.slice(n * size, (n + 1) * size));
      alone.set(scores, n * scores.length);
    }
    await engine.close();
    expect(bitsOf(alone), `${JSON.stringify(model.spec)}, ${strict ? "strict" : "relaxed"}`).toEqual(
      bitsOf(together),
    );
  }
}

/** What is no number has any bits. */
const bitsOf = (numbers: Float32Array) =>
  [...new Int32Array(numbers.buffer)].map((bits, k) => (Number.isNaN(numbers[k]) ? "NaN" : bits));

test("the scores of random networks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        { weight: 5, arbitrary: engineNetworks },
        { weight: 2, arbitrary: singleNetworks },
        { weight: 1, arbitrary: tiledNetworks },
        { weight: 2, arbitrary: normNetworks },
      ),
      seeds,
      (model, seed) => expectSameScores(model, seed),
    ),
    cases(few(6, 300)),
  );
});

const conv2d = (filters: number, kernel: number | [number, number], rest = {}): AnyLayerSpec => ({
  type: "conv2d",
  filters,
  kernel,
  ...rest,
});
const ended = (input: ModelSpec["input"], ...layers: AnyLayerSpec[]): ModelSpec => ({
  input,
  layers: [...layers, { type: "flatten" }, { type: "dense", units: 10 }],
});

const networks: Readonly<Record<string, ModelSpec>> = {
  ...Object.fromEntries(sampleOf(Object.entries(smallNetworks), 3)),
  "depthwise, with a stride, dilated, and larger than what is unrolled": ended(
    [12, 13, 14],
    conv2d(12, 3, { groups: 12, padding: 1, stride: [2, 1] }),
    { type: "relu" },
    conv2d(12, [4, 3], { groups: 12, padding: "same", dilation: [1, 2], bias: false }),
  ),
  "groups whose filters fill cells, fill them partly, and share them": ended(
    [6, 9, 7],
    conv2d(32, 3, { groups: 2, padding: 1 }),
    conv2d(36, 1, { groups: 4 }),
    { type: "relu" },
    conv2d(15, 2, { groups: 3 }),
  ),
  "kernels of 1x1 with a stride, of one row, and wider than what is unrolled": ended(
    [8, 12, 23],
    conv2d(20, 1, { stride: 2 }),
    conv2d(7, [1, 5], { bias: false }),
    conv2d(9, [2, 9], { padding: 4 }),
  ),
  "as many filters as fill no cells, by tiles": ended(
    [16, 9, 6],
    conv2d(20, 3, { padding: 1 }),
    conv2d(24, 3, { padding: [0, 1, 2, 3], bias: false }),
  ),
  "channels beside channels, in whole cells and not": {
    input: [3, 8, 8],
    layers: [
      conv2d(8, 3, { padding: 1, name: "eight" }),
      conv2d(5, 3, { padding: 1, name: "five", from: "x" }),
      conv2d(11, 1, { name: "eleven", from: "eight" }),
      { type: "concat", from: ["eight", "five", "x", "eleven"] },
      { type: "maxPool2d", size: 3, stride: 2, padding: 1 },
      { type: "globalAveragePool2d" },
      { type: "dense", units: 10 },
    ],
  },
  resnet: resnet({ input: [3, few(8, 20), few(8, 20)] }),
};

describe("the scores of", () => {
  test.for(Object.keys(networks))("%s", (name) => expectSameScores(defineModel(networks[name]), 1));
});

test("more images than a block has", async () => {
  const spec = few(lenet5({ input: [1, 14, 14] }), convnet({ input: [1, 14, 14] }));
  await expectSameScores(defineModel(spec), 2, IMAGES);
});

test.for(few([2], [0, 2]))(
  "with new parameters, what is prepared once is prepared again: %i threads",
  async (threads) => {
    const model = defineModel(resnet({ input: [3, 8, 8] }));
    const { images } = randomImages(model, IMAGES, 1);
    const [one, few] = [1, 2].map((count) => images.slice(0, count * sizeOf(model.inputShape)));
    const [first, second] = [1, 2].map((seed) => copyAll(randomParameters(model, seed), "float32"));
    const engineWith = (parameters: typeof first) =>
      createEngine(model.spec, { threads, strict: true, parameters });
    const scoresOf = async (engine: Awaited<ReturnType<typeof engineWith>>) => [
      await engine.logits(one),
      await engine.logits(few),
      await engine.logits(images),
    ];
    const engines = [await engineWith(first), await engineWith(second)];
    const [before, expected] = [await scoresOf(engines[0]), await scoresOf(engines[1])];
    engines[0].setParameters(second);
    expect(await scoresOf(engines[0])).toEqual(expected);
    expect(await scoresOf(engines[0])).toEqual(expected);
    expect(before[0]).not.toEqual(expected[0]);
    for (const engine of engines) await engine.close();
  },
);

test("where both ways take too much code or memory, one image takes that of several", () => {
  const model = defineModel(resnet({ input: [3, 8, 8] }));
  const parameters = randomParameters(model, 1);
  const both = compileForward({ model, parameters });
  expect([both.one.block, both.many.block]).toEqual([1, 8]);
  expect(compileForward({ model, parameters }, both.bytes.length).one.block).toBe(1);
  const small = compileForward({ model, parameters }, both.bytes.length - 1);
  expect(small.one).toBe(small.many);
  expect(small.bytes.length).toBeLessThan(0.8 * both.bytes.length);

  const blockOf = (...units: number[]) => {
    const dense = units.map((units): AnyLayerSpec => ({ type: "dense", units }));
    const model = defineModel({ input: [1, 100, 100], layers: [{ type: "flatten" }, ...dense] });
    return planModel(model, undefined, { oneImage: true }).block;
  };
  expect(blockOf(20_000, 10)).toBe(1); // 0.8 GB of weights
  expect(blockOf(20_000, 10_000, 20_000, 10)).toBe(8); // 2.4 GB
});
