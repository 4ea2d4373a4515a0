import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { few, LONG } from "../../../../test/support/long.js";
import { testWithMnist } from "../../../../test/support/needs.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { oneConv } from "../../src/builtIn.js";
import { checkDataset, firstOf, subset } from "../../src/data/dataset.js";
import { digitPen, drawDigits } from "../../src/data/digits/digits.js";
import { createEngine } from "../../src/engine/index.js";
import { loadDataset } from "../../src/node/datasets.js";
import { evaluate } from "../../src/training/evaluate.js";
import { fit } from "../../src/training/fit.js";
import { boxOf, centreOf } from "../support/inkOfDigit.js";

const SIZE = 784;
const COUNT = few(500, 2000);
const drawn = drawDigits(COUNT, 1);
const images = Array.from({ length: COUNT }, (_, i) => drawn.images.subarray(i * SIZE, (i + 1) * SIZE));

describe("drawn digits", () => {
  test("are the same bytes on every machine", () => {
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const [images, labels] = few(
      [
        "4a8b82deaba22dd39f1aeb8bc191d7b800465e5ebb2e00ca5c99f940c3b29a3d",
        "f3f0b64984125443186d35f1805a76bf775a22c1eabcc830519cf51827730658",
      ],
      [
        "5c4dc72c42ddb67008aa6058b5de9c0bb71456ab6a063f584cf6966a69832b1b",
        "c1ce3da9bf929e21ff1a184e73aa7af2aa1515c67fba040f82c74b95c324637f",
      ],
    );
    expect(sha256(drawn.images)).toBe(images);
    expect(sha256(drawn.labels)).toBe(labels);
  });

  test("depend on seed, set, digit and index alone", () => {
    expect(firstOf(drawn, 123)).toEqual(drawDigits(123, 1));
    const pen = digitPen(1);
    for (const i of [COUNT - 1, 0, 77, 77]) expect(pen.draw(drawn.labels[i], i)).toEqual(images[i]);
  });

  test.each([
    ["another seed", drawDigits(200, 2)],
    ["the test set", drawDigits(200, 1, "test")],
  ])("%s holds others", (_, other) => {
    const known = new Set(images.map(String));
    for (let i = 0; i < 200; i++) {
      expect(known.has(String(other.images.subarray(i * SIZE, (i + 1) * SIZE)))).toBe(false);
    }
  });

  test("no two are alike", () => {
    expect(new Set(images.map(String)).size).toBe(COUNT);
  });

  test("all classes are equally common, in shuffled order", () => {
    checkDataset(drawn);
    expect(drawn.shape).toEqual([1, 28, 28]);
    for (let digit = 0; digit < 10; digit++) {
      expect(drawn.labels.filter((label) => label === digit).length).toBe(COUNT / 10);
    }
    const nextInLine = drawn.labels.filter((label, i) => i > 0 && label === (drawn.labels[i - 1] + 1) % 10);
    expect(nextInLine.length / COUNT).toBeLessThan(0.2);
    expect(drawDigits(7, 5).labels.length).toBe(7);
  });

  test("are prepared like MNIST: 20 pixels of ink, the centre of mass in the middle", () => {
    for (const image of images) {
      const { width, height } = boxOf(image);
      expect(Math.max(width, height)).toBe(20);
      const { x, y } = centreOf(image);
      expect(Math.abs(x - 14)).toBeLessThan(0.6);
      expect(Math.abs(y - 14)).toBeLessThan(0.6);
    }
  });

  test("have about as much paper, grey and ink as MNIST's training images", () => {
    const share = (low: number, high: number) =>
      drawn.images.reduce((count, value) => count + Number(value >= low && value <= high), 0) /
      drawn.images.length;
    expect(share(0, 0)).toBeGreaterThan(0.78); // MNIST: 0.81
    expect(share(0, 0)).toBeLessThan(0.84);
    expect(share(240, 255)).toBeGreaterThan(0.05); // MNIST: 0.08
    expect(share(240, 255)).toBeLessThan(0.11);
  });

  test.each([
    [0, 1],
    [-5, 1],
    [2.5, 1],
    [NaN, 1],
    [10, -1],
    [10, 2 ** 32],
    [10, 0.5],
  ])("%s digits from seed %s can't be had", async (count, seed) => {
    await expectInputError(() => drawDigits(count, seed), /whole number/);
  });

  test.each([
    [10, 0],
    [-1, 0],
    [1.5, 0],
    [3, -1],
    [3, 0.5],
  ])("digit %s, index %s can't be drawn", async (digit, index) => {
    await expectInputError(() => digitPen(0).draw(digit, index), /whole number/);
  });
});

describe(`what a network learns from ${few(1500, 3000)} drawn digits`, () => {
  const learning = async () => {
    const engine = await createEngine(oneConv(), { seed: 1, threads: 0 });
    await fit(engine, drawDigits(few(1500, 3000), 1), { epochs: 1, batchSize: 8, seed: 1 });
    return engine;
  };
  let learnt: ReturnType<typeof learning> | undefined;
  const network = () => {
    learnt ??= learning();
    return learnt;
  };

  test("holds for drawn digits that it hasn't seen", async () => {
    const { accuracy, confusion } = await evaluate(await network(), drawDigits(few(200, 1000), 1, "test"));
    expect(accuracy).toBeGreaterThan(few(0.6, 0.7));
    for (const [digit, row] of confusion.entries()) expect(row[digit]).toBeGreaterThan(few(5, 50)); // of 20, or 100
  }, 180_000);

  if (LONG)
    testWithMnist(
      "holds for MNIST's training images",
      async () => {
        const { train } = await loadDataset("mnist");
        const { accuracy } = await evaluate(
          await network(),
          subset(
            train,
            Array.from({ length: 2000 }, (_, i) => i),
          ),
        );
        expect(accuracy).toBeGreaterThan(0.88);
      },
      180_000,
    );
});
