import { EVALUATION, forward, type SavedModel, type Tensor } from "unravel-cnn";
import { expect } from "vitest";
import type { ExportedFile } from "../../src/export/format.js";
import type { ImportedModel } from "../../src/import/format.js";
import { importModel } from "../../src/import/index.js";

/** The scores for images [N, C, H, W], as they are after training. */
export function scoresOf({ model, parameters }: SavedModel, x: Tensor): number[] {
  return [...forward(model, parameters, x, EVALUATION)[model.output].data];
}

/** Looks whether numbers agree to `bound` of the largest of them, and at least of 1. */
export function expectClose(
  found: readonly number[],
  wanted: readonly number[],
  bound: number,
  what: string,
): void {
  expect(found, what).toHaveLength(wanted.length);
  const size = Math.max(1, ...wanted.map(Math.abs));
  const off = Math.max(...found.map((value, k) => Math.abs(value - wanted[k])));
  expect(off, `${what}: largest difference, where numbers are up to ${size}`).toBeLessThanOrEqual(
    bound * size,
  );
}

/** Imports what an export consists of. */
export function importFiles([main, ...others]: readonly ExportedFile[]): Promise<ImportedModel> {
  return importModel(main, {
    beside: async (name) => {
      const found = others.find((file) => file.name === name);
      if (found === undefined) throw new Error(`There is no file ${name}.`);
      return found.bytes;
    },
  });
}
