import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import type { ModelSpec } from "../../src/graph/model.js";
import { forward, trace } from "../../src/reference/trace.js";
import { tensor } from "../../src/tensor.js";
import { evaluate } from "../../src/training/evaluate.js";
import { fit } from "../../src/training/fit.js";
import { Training } from "../../src/training/training.js";
import { bars, barsNetwork } from "../support/bars.js";
import { randomParameters } from "../support/networks.js";
import { recording } from "../support/recordingEngine.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

/* Training with layers that do something else in training: batch normalisation and dropout. */

const spec: ModelSpec = {
  ...barsNetwork,
  layers: [
    { type: "conv2d", filters: 4, kernel: 3, bias: false },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "maxPool2d", size: 2 },
    { type: "flatten" },
    { type: "dropout", rate: 0.25 },
    { type: "dense", units: 8, bias: false },
    { type: "batchNorm1d" },
    { type: "relu" },
    { type: "dense", units: 4 },
  ],
};

test("learns, and predicts new pictures by what it has kept", async () => {
  const engine = await createReferenceEngine(spec);
  const start = engine.parameters();
  await fit(engine, bars(320), { epochs: 6, batchSize: 16, learningRate: 0.02 });
  expect((await evaluate(engine, bars(200, 1))).accuracy).toBeGreaterThan(0.9);
  const moved = engine.parameters();
  for (const { fullName } of engine.model.state) expect(moved[fullName]).not.toEqual(start[fullName]);
});

test("in evaluation a picture's scores don't depend on the others, and nothing is dropped", async () => {
  const engine = await createReferenceEngine(spec, { seed: 3 });
  await fit(engine, bars(64), { epochs: 1, batchSize: 16 });
  const { images } = bars(6, 1);
  const all = await engine.logits(images);
  for (let n = 0; n < 6; n++) {
    expect(await engine.logits(images.subarray(100 * n, 100 * (n + 1)))).toEqual(
      all.subarray(4 * n, 4 * n + 4),
    );
  }
});

test("in pieces, and gone on with elsewhere: the same masks, statistics and bits", async () => {
  const settings = { epochs: 2, batchSize: 6, learningRate: 0.02, seed: 3 };
  const data = bars(40);
  const whole = await createReferenceEngine(spec);
  await fit(whole, data, settings);
  const first = await Training.open(await createReferenceEngine(spec), data, settings);
  await first.advance(5);
  const state = await first.state();
  await first.close();
  const engine = await createReferenceEngine(spec, { seed: 9 });
  const second = await Training.open(engine, data, settings, state);
  while (!second.done) await second.advance(4);
  await second.close();
  expect(engine.parameters()).toEqual(whole.parameters());
});

test("another seed drops other numbers", async () => {
  const dropping: ModelSpec = {
    ...barsNetwork,
    layers: [{ type: "flatten" }, { type: "dropout" }, { type: "dense", units: 4 }],
  };
  const trained = async (seed: number) => {
    const engine = await createReferenceEngine(dropping);
    // one batch of all: the order of the images, which the seed also decides, only changes their places
    const run = await engine.startTraining(bars(8), { batchSize: 8, optimizer, seed });
    await run.epoch(
      Uint32Array.from({ length: 8 }, (_, k) => k),
      Float64Array.of(0.1),
    );
    await run.close();
    return engine.parameters();
  };
  const optimizer = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0, decay: "all" } as const;
  expect(await trained(1)).toEqual(await trained(1));
  expect(await trained(1)).not.toEqual(await trained(2));
});

test("an unknown mode is refused", async () => {
  const { model } = await createReferenceEngine(spec);
  const x = tensor([2, 1, 10, 10], Array(200).fill(0.5), "float64");
  const wrong = { mode: "eval" as "evaluation" };
  await expectInputError(
    () => trace(model, randomParameters(model, 1), x, [0, 1], wrong),
    /^A trace: mode must be "training" or "evaluation", not "eval"/,
  );
});

describe("a batch that is too small for statistics", () => {
  test.each([
    [33, 16, 32, 1],
    [34, 16, 34, 0],
    [32, 16, 32, 0],
    [2, 2, 2, 0],
  ])(
    "%d images in batches of %d: %d are trained on, %d left out",
    async (count, batchSize, used, leftOut) => {
      const engine = recording(await createReferenceEngine(spec));
      const history = await fit(engine, bars(count), { epochs: 3, batchSize });
      expect(history.leftOut).toBe(leftOut);
      expect(engine.record.epochs.map(({ order }) => order.length)).toEqual([used, used, used]);
      for (const { order } of engine.record.epochs) expect(new Set(order).size).toBe(used);
    },
  );

  test("others are left out each time, and none where no layer minds", async () => {
    const engine = recording(await createReferenceEngine(spec));
    await fit(engine, bars(33), { epochs: 4, batchSize: 16 });
    const missing = engine.record.epochs.map(
      ({ order }) => 528 - order.reduce((sum, image) => sum + image, 0),
    );
    expect(new Set(missing).size).toBeGreaterThan(1);
    const plain = recording(await createReferenceEngine(barsNetwork));
    expect((await fit(plain, bars(33), { epochs: 1, batchSize: 16 })).leftOut).toBe(0);
  });

  test("is refused at the start, in a sentence", async () => {
    const engine = await createReferenceEngine(spec);
    const sentence =
      /^norm2 needs at least 2 images in a batch to train on, not 1: of one number it has no spread\.$/;
    await expectInputError(() => fit(engine, bars(40), { batchSize: 1 }), sentence);
    const { model } = engine;
    const x = tensor([1, 1, 10, 10], Array(100).fill(0.5), "float64");
    const parameters = randomParameters(model, 1);
    await expectInputError(() => trace(model, parameters, x, [0]), sentence);
    await expectInputError(() => forward(model, parameters, x), sentence);
    expect(trace(model, parameters, x, [0], { mode: "evaluation" }).labels).toEqual([0]);
  });
});
