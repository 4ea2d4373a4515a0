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
