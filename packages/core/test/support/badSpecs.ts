import { describe, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { defineModel, type ModelSpec } from "../../src/index.js";

/* Specs with something wrong in them. They come from people's files, so they are plain values, whatever the types say. */

export const end = [{ type: "flatten" }, { type: "dense", units: 10 }];

/** A network that is sound but for its first layer, or first layers. */
export const before = (...layers: unknown[]) => ({ input: [1, 28, 28], layers: [...layers, ...end] });
export const conv = (options: object) => before({ type: "conv2d", filters: 8, kernel: 3, ...options });
export const pool = (options: object) => before({ type: "maxPool2d", size: 2, ...options });
export const last = (layer: object) => ({ input: [1, 28, 28], layers: [{ type: "flatten" }, layer] });
export const top = (keys: object) => ({ ...before(), ...keys });

type Case = readonly [what: string, spec: unknown, message: RegExp];

/** A test for each: the spec is refused with one sentence. */
export function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    test.each(cases)("%s", (_, spec, message) =>
      expectInputError(() => defineModel(spec as ModelSpec), message),
    );
  });
}
