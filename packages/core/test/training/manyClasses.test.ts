import { beforeAll, expect, test } from "vitest";
import { type Dataset, defineModel, type Engine, evaluate, type ModelSpec } from "../../src/index.js";
import { measure } from "../../src/training/metrics.js";

/*
 * Networks with far more classes than labels can name: what is counted, and held at once, stays in bounds.
 */

const CLASSES = 20_000;
const spec: ModelSpec = {
  input: [1, 8, 8],
  layers: [{ type: "flatten" }, { type: "dense", units: CLASSES }],
};
const model = defineModel(spec);

/** 500 images with the labels 0, 1 and 2. */
const COUNT = 500;
const data: Dataset = {
  name: "made up",
  shape: [1, 8, 8],
  images: Uint8Array.from({ length: COUNT * 64 }, (_, k) => Math.floor(k / 64) % 251),
  labels: Uint8Array.from({ length: COUNT }, (_, n) => n % 3),
  classes: model.classes,
};

/** Says that every image is of class 7, and notes how many it was asked about at once. */
function engineThatSaysSeven(asked: number[]): Engine {
  const logits: Engine["logits"] = async (images, options) => {
    const count = images.length / 64;
    asked.push(count);
    options?.onProgress?.(count);
    const scores = new Float32Array(count * CLASSES);
    for (let n = 0; n < count; n++) scores[n * CLASSES + 7] = 1;
    return scores;
  };
  return { model, logits, startTraining: () => {} } as unknown as Engine;
}

const asked: number[] = [];
const seen: number[] = [];
let evaluated: Awaited<ReturnType<typeof evaluate>>;

beforeAll(async () => {
  evaluated = await evaluate(engineThatSaysSeven(asked), data, { onProgress: (images) => seen.push(images) });
});

test("the scores of many classes are never held for all images at once", () => {
  expect(Math.max(...asked) * CLASSES).toBeLessThanOrEqual(2 ** 22 + CLASSES);
  expect(asked.reduce((a, b) => a + b)).toBe(COUNT);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(COUNT);
});

test("the confusion matrix has rows up to the largest label, each with a number for each class", () => {
  const { confusion, accuracy, loss } = evaluated;

  expect(confusion.map((row) => row.length)).toEqual([CLASSES, CLASSES, CLASSES]);
  expect(confusion.map((row) => row[7])).toEqual([167, 167, 166]);
  expect(confusion.flat().reduce((a, b) => a + b)).toBe(COUNT);
  expect(accuracy).toBe(0);
  expect(loss).toBeCloseTo(Math.log(CLASSES - 1 + Math.E), 4);
  expect(JSON.stringify(confusion).length).toBeLessThan(200_000);
});

test("in parts it is what it is at once", () => {
  const classes = 300;
  const scores = Float32Array.from({ length: 4 * classes }, (_, k) => Math.sin(k));
  const all = measure({ shape: [4, classes], data: scores }, [299, 0, 5, 5]);
  expect(all.confusion).toHaveLength(300);
  expect(all.confusion.flat().reduce((a, b) => a + b)).toBe(4);
});

test("up to 256 classes each has its row, also without images", () => {
  for (const classes of [10, 256]) {
    const { confusion } = measure({ shape: [1, classes], data: new Float32Array(classes) }, [0]);
    expect(confusion.map((row) => row.length)).toEqual(Array(classes).fill(classes));
  }
  expect(measure({ shape: [1, 257], data: new Float32Array(257) }, [0]).confusion).toHaveLength(1);
});
