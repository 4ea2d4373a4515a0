import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { contactSheet, type SheetOptions } from "../../src/data/contactSheet.js";
import type { Dataset } from "../../src/index.js";

/** 2x2 images; all four pixels of the n-th are 10 n + 1. Labels 0, 1, 2, 0, 1, 2, ...; class 3 has none. */
const data: Dataset = {
  name: "small",
  shape: [1, 2, 2],
  images: Uint8Array.from({ length: 4 * 12 }, (_, k) => 10 * Math.floor(k / 4) + 1),
  labels: Uint8Array.from({ length: 12 }, (_, n) => n % 3),
  classes: ["a", "b", "c", "d"],
};
const options: SheetOptions = { order: "class", columns: 3, rows: 1, scale: 2, seed: 0, ink: "black" };

/** The grey value in the middle of the place at a row and a column; rows of classes are 8 pixels apart, others 2. */
function at(sheet: ReturnType<typeof contactSheet>, row: number, column: number, gap: number): number {
  return sheet.pixels[(12 + row * (4 + gap) + 2) * sheet.width + 12 + column * 6 + 2];
}

describe("contactSheet", () => {
  test("by class: each class in its row, in order; empty places stay empty", () => {
    const sheet = contactSheet(data, { ...options, columns: 5 });
    expect([sheet.width, sheet.height, sheet.images]).toEqual([24 + 5 * 6 - 2, 24 + 4 * 12 - 8, 12]);
    expect(sheet.pixels).toHaveLength(sheet.width * sheet.height);
    for (const row of [0, 1, 2, 3]) {
      const values = [0, 1, 2, 3, 4].map((column) => at(sheet, row, column, 8));
      const images = values.filter((value) => value !== 232).map((value) => (254 - value) / 10);
      expect(images.sort((a, b) => a - b)).toEqual(row === 3 ? [] : [row, row + 3, row + 6, row + 9]);
    }
  });

  test("with several labels at once an image stands in the rows of all classes that it shows", () => {
    const labels = Uint8Array.from({ length: 4 * 12 }, (_, k) => {
      const [n, label] = [Math.floor(k / 4), k % 4];
      return label === 0 ? Number(n < 3) : label === 2 ? Number(n === 1 || n === 7) : 0;
    });
    const sheet = contactSheet({ ...data, labels }, options);
    expect(sheet.images).toBe(5);
    for (const [row, images] of [[0, 1, 2], [], [1, 7], []].entries()) {
      const values = [0, 1, 2].map((column) => at(sheet, row, column, 8));
      const shown = values.filter((value) => value !== 232).map((value) => (254 - value) / 10);
      expect(shown.sort((a, b) => a - b)).toEqual(images);
    }
  });

  test("at random: no image twice, the seed chooses, the same each time", () => {
    const shown = (seed: number) => {
      const sheet = contactSheet(data, { ...options, order: "random", rows: 3, seed });
      expect([sheet.width, sheet.height, sheet.images]).toEqual([40, 24 + 3 * 6 - 2, 9]);
      return [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => (254 - at(sheet, row, column, 2)) / 10));
    };
    expect(new Set(shown(0)).size).toBe(9);
    expect(shown(0)).toEqual(shown(0));
    expect(shown(0)).not.toEqual(shown(1));
  });

  test("white ink is the same the other way round", () => {
    const [black, white] = (["black", "white"] as const).map((ink) =>
      contactSheet(data, { ...options, ink }),
    );
    expect(white.pixels).toEqual(black.pixels.map((value) => 255 - value));
  });

  test.each<readonly [string, Partial<SheetOptions>, RegExp]>([
    ["no columns", { columns: 0 }, /The sheet's columns must be a whole number of at least 1, not 0/],
    ["half a row", { rows: 0.5 }, /rows/],
    ["scale NaN", { scale: Number.NaN }, /scale/],
    ["too large", { columns: 1e6, scale: 1000 }, /would have \d+x\d+ pixels; take fewer images/],
  ])("%s", async (_, changes, message) => {
    await expectInputError(() => contactSheet(data, { ...options, ...changes }), message);
  });

  test("images of several channels", async () => {
    const colours = { ...data, shape: [4, 1, 1] } as Dataset;
    await expectInputError(
      () => contactSheet(colours, options),
      /1 or 3 channels, but those of small have 4/,
    );
  });
});
