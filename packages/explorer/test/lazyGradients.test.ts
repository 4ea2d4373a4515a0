import {
  builtIn,
  defineModel,
  EVALUATION,
  forward,
  initialParameters,
  loadBatch,
  type ModelSpec,
  randomStream,
  sizeOf,
  trace,
} from "unravel-cnn";
import { expect, test, vi } from "vitest";
import { traceBatch } from "../src/state/traceBatch.js";

/* What is shown of a picture: the numbers of the textbook, the backward pass only for who looks at it. */

const small: ModelSpec = {
  input: [1, 8, 8],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3, padding: 1, bias: false },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "conv2d", filters: 3, kernel: 3, padding: 1, from: "relu1" },
    { type: "add", from: ["conv2", "relu1"] },
    { type: "flatten" },
    { type: "dropout" },
    { type: "dense", units: 10 },
  ],
};
const imagesOf = (model: ReturnType<typeof defineModel>, count: number, seed: number) => {
  const random = randomStream(seed, "pixels");
  return Uint8Array.from({ length: count * sizeOf(model.inputShape) }, (_, k) => random.below(256, k));
};

test.each([
  ["one-conv", builtIn("one-conv")],
  ["two ways, a norm, dropout", small],
])("%s: the same trace, in any order of reading", (_, spec) => {
  const model = defineModel(spec);
  const parameters = initialParameters(model, 1);
  for (const [seed, count, circumstances] of [
    [0, 1, EVALUATION],
    [1, 1, EVALUATION],
    [2, 3, { mode: "training", seed: 0, step: 1 }],
    [3, 1, EVALUATION],
  ] as const) {
    const images = imagesOf(model, count, seed);
    const labels = Array.from({ length: count }, (_, n) => (n + seed) % 10);
    const found = traceBatch(model, parameters, { images, labels });
    const x = loadBatch(images, model.inputShape, [...labels.keys()], model.normalize);
    const right = trace(model, parameters, x, labels, circumstances);
    expect(Object.keys(found.tensors)).toEqual(Object.keys(right.tensors));
    if (seed % 2 === 1) expect(found.tensors["grad.x"].data).toEqual(right.tensors["grad.x"].data);
    expect(found).toEqual(right);
    expect(structuredClone(found.tensors)).toEqual(right.tensors);
  }
});

test("the backward pass runs once, and only when a gradient is read", () => {
  const model = defineModel(builtIn("one-conv"));
  const parameters = initialParameters(model, 1);
  const backwardPass = vi.spyOn(model.loss, "inputGradient");
  traceBatch(model, parameters, { images: imagesOf(model, 1, 0), labels: [3] }); // the names are learnt
  expect(backwardPass).toHaveBeenCalledTimes(1);
  const { tensors } = traceBatch(model, parameters, { images: imagesOf(model, 1, 1), labels: [3] });
  expect(tensors["conv1.out"].data.some((value) => value !== 0)).toBe(true);
  expect(Object.values(tensors).map(({ shape }) => shape.length)).not.toContain(0);
  expect(backwardPass).toHaveBeenCalledTimes(1);
  expect(tensors["grad.x"].data.length + tensors["grad.conv1.weight"].data.length).toBe(784 + 72);
  expect(backwardPass).toHaveBeenCalledTimes(2);
});

test("where nobody said what is right, the network's own answer is", () => {
  const model = defineModel(builtIn("one-conv"));
  const parameters = initialParameters(model, 1);
  const images = imagesOf(model, 2, 5);
  const found = traceBatch(model, parameters, { images, labels: [undefined, 4] });
  const x = loadBatch(images, model.inputShape, [0, 1], model.normalize);
  const scores = Array.from(forward(model, parameters, x)[model.output].data.subarray(0, 10));
  expect(Array.from(found.labels)).toEqual([scores.indexOf(Math.max(...scores)), 4]);
});
