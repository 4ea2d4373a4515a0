import { describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";
import { splitValidation } from "../../src/training/split.js";

/** Images of one pixel that carry their own number, and a label that follows from it. */
function numbered(count: number): Dataset {
  return {
    name: "numbers",
    shape: [1, 1, 1],
    images: Uint8Array.from({ length: count }, (_, n) => n),
    labels: Uint8Array.from({ length: count }, (_, n) => n % 3),
    classes: ["a", "b", "c"],
  };
}

function split(count: number, validation: number, seed = 0) {
  const { train, validation: kept } = splitValidation(numbered(count), validation, seed);
  return { train, kept, trainNumbers: [...train.images], keptNumbers: [...(kept?.images ?? [])] };
}

describe("the validation split", () => {
  test.each([
    [1, 1],
    [30, 30],
    [99, 99],
    [0.01, 1],
    [0.25, 25],
    [0.5, 50],
    [0.999, 0], // rounds to all of them: refused below
  ])("of %d sets %i images of 100 aside, and every image is on one side", (validation, size) => {
    if (size === 0) {
      expect(() => split(100, validation)).toThrow(InputError);
      return;
    }
    const { trainNumbers, keptNumbers } = split(100, validation);
    expect(keptNumbers).toHaveLength(size);
    expect([...trainNumbers, ...keptNumbers].sort((a, b) => a - b)).toEqual([...numbered(100).images]);
  });

  test("keeps labels with their images, and the order of the training images", () => {
    const { train, kept, trainNumbers } = split(100, 0.3);
    for (const side of [train, kept]) {
      expect([...(side?.labels ?? [])]).toEqual([...(side?.images ?? [])].map((n) => n % 3));
    }
    expect(trainNumbers).toEqual([...trainNumbers].sort((a, b) => a - b));
  });

  test("is chosen at random by the seed alone", () => {
    expect(split(100, 20, 1)).toEqual(split(100, 20, 1));
    expect(split(100, 20, 1).keptNumbers).not.toEqual(split(100, 20, 2).keptNumbers);
    const first = Array.from({ length: 20 }, (_, n) => n);
    expect(split(100, 20, 1).keptNumbers).not.toEqual(first);
  });

  test("of 0 sets nothing aside", () => {
    const { kept, trainNumbers } = split(10, 0);
    expect(kept).toBeUndefined();
    expect(trainNumbers).toHaveLength(10);
  });

  test.each([100, 101, -1, -0.5, 1.5, 0.001, NaN, Infinity])("of %d is refused", (validation) => {
    expect(() => split(100, validation)).toThrow("The validation split must be");
  });
});

describe("of each class its share", () => {
  const labelled = (counts: readonly number[]): Dataset => {
    const labels = Uint8Array.from(counts.flatMap((count, label) => new Array<number>(count).fill(label)));
    const images = Uint8Array.from(labels, (_, n) => n);
    return { name: "x", shape: [1, 1, 1], images, labels, classes: counts.map((_, k) => `c${k}`) };
  };
  const counted = (labels: ArrayLike<number>, classes: number) =>
    Array.from({ length: classes }, (_, k) => Array.from(labels).filter((label) => label === k).length);

  test.each([
    [[50, 30, 20], 0.1, [5, 3, 2]],
    [[50, 30, 20], 7, [4, 2, 1]], // 3.5, 2.1, 1.4: the largest remainder
    [[10, 10, 10], 0.1, [1, 1, 1]],
    [[15, 5, 1], 2, [1, 1, 0]], // the only image of a class is trained on
    [[1, 1, 1], 1, [1, 0, 0]],
    [[0, 9, 1], 0.5, [0, 5, 0]],
  ])("%j, %d of them: %j", (counts, validation, shares) => {
    const data = labelled(counts);
    for (const seed of [0, 1, 2]) {
      const { train, validation: aside } = splitValidation(data, validation, seed, true);
      expect(counted(aside?.labels ?? [], counts.length)).toEqual(shares);
      expect([...train.images, ...(aside?.images ?? [])].sort((a, b) => a - b)).toEqual([...data.images]);
      expect([...train.images]).toEqual([...train.images].sort((a, b) => a - b));
    }
  });

  test("the seed chooses which", () => {
    const aside = (seed: number) => splitValidation(labelled([20, 20]), 8, seed, true).validation?.images;
    expect(aside(1)).toEqual(aside(1));
    expect(aside(1)).not.toEqual(aside(2));
  });
});
