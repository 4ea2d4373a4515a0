import { expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { loadBatch } from "../../src/data/batch.js";
import { createEngine } from "../../src/engine/index.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { parameterGradients, trace } from "../../src/reference/trace.js";
import { copyAll, type FloatArray } from "../../src/tensor.js";
import { optionsOf, randomImages } from "../support/engineCases.js";
import { randomParameters } from "../support/networks.js";

/*
 * Convolutions by tiles: scores and the gradients of one step against the textbook's, each tensor by its largest number.
 *
 * The bounds of conformance.test.ts hold for any network; where tiles follow on tiles they are larger than what a step
 * moves, and so a wrong gradient lies within them. These networks are small, and what is seen is 3e-6 at most.
 */

const NEAR = 2e-5;

const networks: readonly { name: string; images: number; spec: ModelSpec }[] = [
  {
    name: "whole tiles, and more blocks of images than have a place of their own for their gradients",
    images: 66,
    spec: {
      input: [2, 8, 12],
      layers: [
        { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
        { type: "conv2d", filters: 16, kernel: 3, padding: 1 },
        { type: "flatten" },
        { type: "dense", units: 3 },
      ],
    },
  },
  {
    name: "many weights and few tiles, whose gradients wait for the end of the batch",
    images: 42,
    spec: {
      input: [2, 7, 9],
      layers: [
        { type: "conv2d", filters: 32, kernel: 3, padding: 1 },
        { type: "conv2d", filters: 40, kernel: 3, padding: [1, 0, 2, 1] },
        { type: "flatten" },
        { type: "dense", units: 3 },
      ],
    },
  },
  {
    name: "the fewest channels and filters, with one tile and with two, whose gradients wait, too",
    images: 20,
    spec: {
      input: [2, 5, 8],
      layers: [
        { type: "conv2d", filters: 8, kernel: 3, padding: 1 },
        { type: "conv2d", filters: 12, kernel: 3, padding: [0, 1, 0, 1] },
        { type: "conv2d", filters: 16, kernel: 1 },
        { type: "conv2d", filters: 8, kernel: 3, bias: false },
        { type: "conv2d", filters: 8, kernel: 3, padding: 1 },
        { type: "flatten" },
        { type: "dense", units: 3 },
      ],
    },
  },
  {
    name: "tiles that are cut off, more than go through together, other filters than channels",
    images: 9,
    spec: {
      input: [2, 7, 18],
      layers: [
        { type: "conv2d", filters: 24, kernel: 3, padding: [1, 0, 2, 1] },
        { type: "conv2d", filters: 20, kernel: 3, padding: [0, 2, 1, 1] },
        { type: "relu" },
        { type: "flatten" },
        { type: "dense", units: 4 },
      ],
    },
  },
  {
    name: "tiles after tiles, without bias",
    images: 9,
    spec: {
      input: [3, 6, 5],
      layers: [
        { type: "conv2d", filters: 16, kernel: 3, padding: 1, bias: false },
        { type: "conv2d", filters: 24, kernel: 3, bias: false },
        { type: "conv2d", filters: 16, kernel: 3, padding: "same" },
        { type: "flatten" },
        { type: "dense", units: 5 },
      ],
    },
  },
];

test.each(sampleOf(networks, 3))("$name", async ({ spec, images }) => {
  const model = defineModel(spec);
  const start = copyAll(randomParameters(model, 3), "float32");
  const data = randomImages(model, images, 5);
  const order = Array.from({ length: images }, (_, n) => n);
  const x = loadBatch(data.images, model.inputShape, order, model.normalize, "float64");
  const step = trace(model, copyAll(start, "float64"), x, data.labels, { inputGradient: false });
  const engine = await createEngine(spec, { threads: 0, strict: true, parameters: start });
  const last = `${model.layers[model.layers.length - 1].name}.out`;
  expectNear("scores", await engine.logits(data.images), step.tensors[last].data);

  // a rate of 1 takes the gradients off, as they are
  const run = await engine.startTraining(data, optionsOf({ ...training, images, batchSize: images }));
  await run.epoch(Uint32Array.from(order), Float64Array.of(1));
  const after = engine.parameters();
  for (const [name, { data: exact }] of Object.entries(parameterGradients(step))) {
    const moved = Float64Array.from(start[name].data, (value, k) => value - after[name].data[k]);
    expectNear(name, moved, exact);
  }
  await run.close();
  await engine.close();
});

const training = { optimizer: { type: "sgd", momentum: 0 }, schedule: "constant", peak: 1 } as const;

function expectNear(what: string, actual: FloatArray, exact: FloatArray): void {
  expect(actual.length, what).toBe(exact.length);
  const largest = Float64Array.from(exact, Math.abs).reduce((a, b) => Math.max(a, b), 0);
  const furthest = Float64Array.from(actual, (value, k) => Math.abs(value - exact[k])).reduce(
    (a, b) => Math.max(a, b),
    0,
  );
  expect(furthest / largest, what).toBeLessThan(NEAR);
}
