import { describe, expect, test } from "vitest";
import { oneConv } from "../../src/builtIn.js";
import { loadBatch } from "../../src/data/batch.js";
import { noise } from "../../src/data/noise.js";
import { createEngine } from "../../src/engine/index.js";
import { defineModel } from "../../src/graph/model.js";
import { trace } from "../../src/reference/trace.js";
import { tensor } from "../../src/tensor.js";
import { evaluate, predict } from "../../src/training/evaluate.js";
import { fit } from "../../src/training/fit.js";
import { measure } from "../../src/training/metrics.js";
import { bars, barsNetwork } from "../support/bars.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

const data = bars(150, 2);

/** A network that has learnt something, but makes mistakes. */
async function halfTrained() {
  const engine = await createReferenceEngine(barsNetwork);
  await fit(engine, bars(100), { epochs: 3, batchSize: 16, learningRate: 0.02 });
  return engine;
}

describe("evaluate", () => {
  test("counts each image once in the confusion matrix: rows are actual classes, columns predicted ones", async () => {
    const engine = await halfTrained();
    const { confusion, accuracy } = await evaluate(engine, data);
    const predictions = await predict(engine, data.images);
    const expected = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (const [n, { index }] of predictions.entries()) expected[data.labels[n]][index] += 1;
    expect(confusion).toEqual(expected);

    const perClass = [0, 1, 2, 3].map((label) => data.labels.filter((one) => one === label).length);
    expect(confusion.map((row) => row.reduce((a, b) => a + b))).toEqual(perClass);
    expect(accuracy).toBe(confusion.reduce((sum, row, k) => sum + row[k], 0) / 150);
    expect(accuracy).toBeGreaterThan(0.3);
    expect(accuracy).toBeLessThan(1); // otherwise the matrix could be transposed
    expect(confusion).not.toEqual(confusion.map((_, k) => confusion.map((row) => row[k])));
  });

  test("has the loss of one large batch", async () => {
    const engine = await halfTrained();
    const { model } = engine;
    const all = Array.from({ length: 150 }, (_, n) => n);
    const x = loadBatch(data.images, model.inputShape, all, model.normalize);
    const { loss } = trace(model, engine.parameters(), x, data.labels);
    expect((await evaluate(engine, data)).loss).toBeCloseTo(loss, 12);
  });

  test("gives the same bits for any batch size", async () => {
    const engine = await halfTrained();
    const whole = await evaluate(engine, data);
    for (const batchSize of [1, 7, 150, 1000]) {
      expect(await evaluate(engine, data, { batchSize })).toEqual(whole);
    }
  });

  test("changes nothing in the engine or the data", async () => {
    const engine = await halfTrained();
    const before = engine.parameters();
    await evaluate(engine, data);
    expect(engine.parameters()).toEqual(before);
    expect(data).toEqual(bars(150, 2));
  });

  test.each([
    [
      "another shape",
      { ...data, shape: [1, 5, 20] as const },
      "have shape [1, 5, 20], but the model takes [1, 10, 10]",
    ],
    [
      "more classes",
      { ...data, labels: data.labels.map(() => 4), classes: ["a", "b", "c", "d", "e"] },
      "has a label 4",
    ],
  ])("refuses images of %s", async (_, wrong, message) => {
    const engine = await createReferenceEngine(barsNetwork);
    await expect(evaluate(engine, wrong)).rejects.toThrow(message);
  });
});

describe("measure", () => {
  test("by hand", () => {
    const half = Math.log(2);
    const logits = tensor([3, 2], [0, 0, 100, 0, half, 0], "float64");
    // equal scores: the first class wins; certain and wrong; twice as probable and right
    const { loss, accuracy, confusion } = measure(logits, [1, 1, 0]);
    expect(loss).toBeCloseTo((Math.log(2) + 100 + Math.log(1.5)) / 3, 12);
    expect(accuracy).toBe(1 / 3);
    expect(confusion).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });
});

describe("predict", () => {
  test("gives the most probable class with its name, and probabilities that add up to 1", async () => {
    const engine = await halfTrained();
    const predictions = await predict(engine, data.images);
    expect(predictions).toHaveLength(150);
    for (const { index, class: name, probability, probabilities } of predictions) {
      expect(probabilities).toHaveLength(4);
      expect(probability).toBe(Math.max(...probabilities));
      expect(probabilities[index]).toBe(probability);
      expect(name).toBe(barsNetwork.classes?.[index]);
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
  });

  test("of no images is nothing", async () => {
    expect(await predict(await createReferenceEngine(barsNetwork), new Uint8Array(0))).toEqual([]);
  });

  test("refuses bytes that are not whole images", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    await expect(predict(engine, new Uint8Array(150))).rejects.toThrow("not a whole number of images");
  });
});

describe("a batch from bytes", () => {
  test("is scaled to [0, 1] and normalised per channel", () => {
    const images = Uint8Array.of(0, 255, 51, 102, 9, 9, 9, 9);
    const x = loadBatch(images, [2, 1, 2], [0], { mean: [0.5, 0.2], std: [0.5, 0.1] }, "float64");
    expect(x.shape).toEqual([1, 2, 1, 2]);
    expect(Array.from(x.data)).toEqual([-1, 1, 0, (102 / 255 - 0.2) / 0.1]);
  });

  test("holds the images asked for, in that order", () => {
    const images = Uint8Array.of(0, 51, 102, 153, 204, 255);
    const x = loadBatch(images, [1, 1, 2], [2, 0, 2], { mean: [0], std: [1] }, "float64");
    expect(x.shape).toEqual([3, 1, 1, 2]);
    expect(Array.from(x.data)).toEqual([0.8, 1, 0, 0.2, 0.8, 1]);
  });
});

test("images may begin at any byte of their buffer", async () => {
  const spec = oneConv({ filters: 1 });
  const { images } = noise(defineModel(spec), 9);
  const engine = await createEngine(spec, { threads: 0 });
  const logits = await engine.logits(images);
  for (const offset of [1, 4, 8]) {
    const moved = new Uint8Array(images.length + offset).subarray(offset);
    moved.set(images);
    expect(await engine.logits(moved), `from byte ${offset}`).toEqual(logits);
  }
  await engine.close();
});
