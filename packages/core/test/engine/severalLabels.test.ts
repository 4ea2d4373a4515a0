import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
// threads run the built worker
import {
  createEngine,
  type Dataset,
  evaluate,
  firstOf,
  fit,
  type LossSpec,
  subset,
} from "../../dist/index.js";
import { loadBatch } from "../../src/data/batch.js";
import { labelsAt } from "../../src/data/dataset.js";
import { outcomeOf, renderReport, traceImage } from "../../src/explain/index.js";
import {
  formatTraceJson,
  formatTraceNpz,
  parseTraceJson,
  parseTraceNpz,
} from "../../src/formats/traceFile.js";
import { defineModel, withClassWeights } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { classesSaid, rightOnes } from "../../src/losses/labels.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { tensorsOf, trace, withUpdate } from "../../src/reference/trace.js";
import { copyAll, tensor } from "../../src/tensor.js";
import { checksum } from "../support/checksum.js";
import { expectWithin } from "../support/compare.js";
import { randomImages } from "../support/engineCases.js";
import { subjectOf } from "../support/reports.js";

/* Images with several labels at once, or none: steps as the textbook's on every engine, and what is said of each class. */

const CLASSES = 5;
const RATE = 0.5;

const specWith = (type: LossSpec["type"]) => ({
  input: [1, 6, 5] as const,
  layers: [
    { type: "conv2d", filters: 4, kernel: 3 } as const,
    { type: "tanh" } as const,
    { type: "flatten" } as const,
    { type: "dense", units: CLASSES } as const,
  ],
  loss: { type },
});
const model = defineModel(specWith("binaryCrossEntropy"));

function dataOf(count: number): Dataset {
  const data = randomImages(model, count, 3);
  // sums of pixels decide, so that there is something to learn; the first image shows nothing
  const labels = Uint8Array.from({ length: count * CLASSES }, (_, i) => {
    const [n, k] = [Math.floor(i / CLASSES), i % CLASSES];
    return n > 0 && data.images[30 * n + 6 * k] > 100 ? 1 : 0;
  });
  return { ...data, labels };
}

test.each([1, 3, 20])("two steps in batches of %i", async (batchSize) => {
  const start = initialParameters(model, 7);
  const count = batchSize === 1 ? 2 : 2 * batchSize - 1;
  const data = dataOf(count);
  const order = Uint32Array.from({ length: count }, (_, n) => count - 1 - n);
  const parameters = copyAll(start, "float64");
  let [total, correct] = [0, 0];
  for (let from = 0; from < count; from += batchSize) {
    const indices = order.subarray(from, from + batchSize);
    const x = loadBatch(data.images, model.inputShape, indices, model.normalize, "float64");
    const labels = labelsAt(data, indices);
    const step = trace(model, parameters, x, labels);
    total += step.loss * indices.length;
    correct += rightOnes(step.tensors["fc1.out"], labels).filter(Boolean).length;
    for (const [name, { data: w }] of Object.entries(parameters)) {
      for (let k = 0; k < w.length; k++) w[k] -= RATE * step.tensors[`grad.${name}`].data[k];
    }
  }
  const bits = new Set<string>();
  for (const options of [
    { engine: "reference" },
    ...few([0, 3], [0, 1, 2, 3, 5]).map((threads) => ({ engine: "wasm", threads, strict: true }) as const),
    { engine: "wasm", threads: 0 },
  ] as const) {
    const engine = await createEngine(model.spec, { ...options, parameters: start });
    const optimizer = resolveOptimizer({ type: "sgd", momentum: 0 });
    const run = await engine.startTraining(data, { batchSize, optimizer });
    const totals = await run.epoch(order, new Float64Array(2).fill(RATE));
    expectWithin("loss", [totals.loss], [total], 2e-6 * total);
    expect(totals.correct).toBe(correct);
    const trained = engine.parameters();
    for (const [name, { data: w }] of Object.entries(parameters)) {
      expectWithin(name, trained[name].data, w, 2e-6);
    }
    if (engine.name === "wasm" && engine.strict) bits.add(checksum(trained));
    await engine.close();
  }
  expect(bits.size).toBe(1);
});

test("trained, it answers for each class by itself, and is measured so", async () => {
  const data = dataOf(300);
  const engine = await createEngine(model.spec, { threads: 0, seed: 1 });
  const before = await evaluate(engine, data);
  const { epochs } = await fit(engine, data, { epochs: 12, validation: 50, batchSize: 20 });
  const { loss, accuracy, confusion, answers = [] } = await evaluate(engine, data);
  expect(loss).toBeLessThan(0.7 * before.loss);
  expect(accuracy).toBeGreaterThan(before.accuracy + 0.2);
  expect(epochs[11].valAccuracy).toBeGreaterThan(before.accuracy);
  expect(confusion).toEqual([]);
  expect(answers).toHaveLength(CLASSES);

  const logits = await engine.logits(data.images);
  const said = Array.from(logits, (score) => (score > 0 ? 1 : 0));
  for (const [k, { precision, recall, ...counts }] of answers.entries()) {
    const count = (yes: number, asked: number) =>
      Array.from({ length: 300 }, (_, n) => n * CLASSES + k).filter(
        (i) => said[i] === yes && data.labels[i] === asked,
      ).length;
    expect(counts).toEqual({
      truePositives: count(1, 1),
      falsePositives: count(1, 0),
      falseNegatives: count(0, 1),
      trueNegatives: count(0, 0),
    });
    expect(precision).toBe(count(1, 1) / (count(1, 1) + count(1, 0)));
    expect(recall).toBe(count(1, 1) / (count(1, 1) + count(0, 1)));
  }
  const exact = Array.from({ length: 300 }, (_, n) =>
    [0, 1, 2, 3, 4].every((k) => said[5 * n + k] === data.labels[5 * n + k]),
  );
  expect(accuracy).toBe(exact.filter(Boolean).length / 300);
  await engine.close();
});

test("a class that nobody names, and none has, has neither precision nor recall", async () => {
  const data = { ...dataOf(4), labels: new Uint8Array(4 * CLASSES) };
  const parameters = initialParameters(model, 7);
  for (const { data: w } of Object.values(parameters)) w.fill(0);
  parameters["fc1.bias"].data.fill(-1);
  const engine = await createEngine(model.spec, { threads: 0, parameters });
  const { accuracy, answers = [] } = await evaluate(engine, data);
  expect([accuracy, answers[0].precision, answers[0].recall]).toEqual([1, null, null]);
  await engine.close();
});

test("parts of such a data set keep each image's labels", () => {
  const data = dataOf(6);
  const [all, five] = [Array.from(data.labels), CLASSES];
  expect(Array.from(firstOf(data, 2).labels)).toEqual(all.slice(0, 2 * five));
  expect(Array.from(subset(data, [4, 1]).labels)).toEqual([
    ...all.slice(4 * five, 5 * five),
    ...all.slice(five, 2 * five),
  ]);
});

describe("what is refused", () => {
  const data = dataOf(6);

  test("a loss that takes one class", async () => {
    for (const type of ["softmaxCrossEntropy", "meanSquaredError"]) {
      const engine = await createEngine(specWith(type), { threads: 0 });
      const message = `random images has several labels at once for an image, but the loss ${type} takes one class for each`;
      await expect(fit(engine, data)).rejects.toThrow(message);
      await expect(evaluate(engine, data)).rejects.toThrow(message);
      expect(() =>
        trace(
          engine.model,
          engine.parameters(),
          tensor([1, 1, 6, 5], new Array(30).fill(0)),
          [1, 0, 1, 0, 1],
        ),
      ).toThrow("The labels must be a list of 1 class numbers");
      await engine.close();
    }
  });

  test("class weights, numbers other than 0 and 1, and labels of other classes", async () => {
    const engine = await createEngine(model.spec, { engine: "reference" });
    for (const classWeights of ["balanced", [1, 2, 3, 4, 5]] as const) {
      await expect(fit(engine, data, { classWeights })).rejects.toThrow(
        "classWeights go with one label for each image, not with several at once; leave them out",
      );
    }
    const options = { batchSize: 2, optimizer: resolveOptimizer("sgd"), classWeights: [1, 2, 3, 4, 5] };
    await expect(engine.startTraining(data, options)).rejects.toThrow("classWeights go with one label");
    const x = tensor([1, 1, 6, 5], new Array(30).fill(0));
    expect(() =>
      trace(withClassWeights(model, [1, 2, 3, 4, 5]), engine.parameters(), x, [1, 0, 1, 0, 1]),
    ).toThrow(
      "The loss: classWeights go with one label for each image, not with several at once; leave them out.",
    );
    const labels = data.labels.slice();
    labels[7] = 2;
    await expect(fit(engine, { ...data, labels })).rejects.toThrow(
      'random images: with several labels at once each is 0 or 1, but that of class "2" for image 1 is 2.',
    );
    const four = { ...data, classes: ["a", "b", "c", "d"], labels: new Uint8Array(24) };
    await expect(fit(engine, four)).rejects.toThrow("has labels for 4 classes, but the model has 5");
    await engine.close();
  });
});

test("a trace of them comes back from its files; a report is refused", () => {
  const parameters = initialParameters(model, 7);
  const data = dataOf(2);
  const x = loadBatch(data.images, model.inputShape, [0, 1], model.normalize);
  const step = trace(model, parameters, x, data.labels);
  for (const read of [
    parseTraceJson(formatTraceJson(step), "t.json"),
    parseTraceNpz(model, formatTraceNpz(step), "t.npz"),
  ]) {
    expect(Array.from(read.labels)).toEqual(Array.from(data.labels));
    expect(tensorsOf(read).y.shape).toEqual([2, CLASSES]);
    expect(read.loss).toBe(step.loss);
  }
  const wrong = formatTraceJson(step).replace(/"y": \[\[\d/, '"y": [[3');
  expect(() => parseTraceJson(wrong, "t.json")).toThrow("with several labels at once they are 0 or 1");
  expect(() => outcomeOf(withUpdate(step, 0.1))).toThrow(
    "is told of one image, but the trace is of a batch of 2",
  );
});

test("a report tells of all labels of an image, and of none", async () => {
  const subject = subjectOf(model.spec);
  const { images } = dataOf(1);
  const saved = { model, parameters: initialParameters(model, 7) };
  const image = images.subarray(0, 30);
  for (const [label, words] of [
    [[], "The labels of the picture say that it shows none of the classes."],
    [[1], "The label of the picture says that it shows “1”."],
    [[0, 2], "The labels of the picture say that it shows “0” and “2”."],
  ] as const) {
    const one = traceImage(saved, image, { label, learningRate: 0.01 });
    expect(one.labels).toEqual(model.classes.map((_, k) => (label.some((shown) => shown === k) ? 1 : 0)));
    const { loss, classes } = outcomeOf(one);
    expect(loss.after).toBeLessThan(loss.before);
    expect(classes.map(({ index }) => index)).toEqual(label);
    for (const { before, after } of classes) expect(after).toBeGreaterThan(before);
    const report = renderReport({ ...subject, trace: one, labelKnown: true });
    expect(report).toContain(words);
    for (const k of model.classes.keys()) {
      const asked = label.some((shown) => shown === k);
      expect(report.includes(`probability of “${model.classes[k]}”`)).toBe(asked);
    }
  }
});

test("without a label all classes above a half are the network's own answer, also none", () => {
  const saved = { model, parameters: initialParameters(model, 7) };
  const images = dataOf(40).images;
  const answers = Array.from({ length: 40 }, (_, n) => {
    const { labels, tensors } = traceImage(saved, images.subarray(30 * n, 30 * (n + 1)));
    expect(labels).toEqual(Array.from(tensors.probs.data, (p) => (p > 0.5 ? 1 : 0)));
    return classesSaid(model.loss, tensors[model.output], 0);
  });
  expect(answers.some(({ length }) => length > 1)).toBe(true);
  expect(classesSaid(model.loss, tensor([2, 3], [-1, 0.5, 2, -1, -2, 0]), 0)).toEqual([2, 1]);
  expect(classesSaid(model.loss, tensor([2, 3], [-1, 0.5, 2, -1, -2, 0]), 1)).toEqual([]);
});
