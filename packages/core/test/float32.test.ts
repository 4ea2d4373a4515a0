import { describe, expect, test } from "vitest";
import { createEngine } from "../src/engine/index.js";
import { InputError } from "../src/errors.js";
import { fitsFloat32, LARGEST, SMALLEST_NORMAL } from "../src/float32.js";
import { defineModel } from "../src/graph/model.js";
import { resolveOptimizer } from "../src/optimizers/index.js";
import { fit } from "../src/training/fit.js";
import { resolveSettings } from "../src/training/settings.js";
import { bars, barsNetwork } from "./support/bars.js";
import { processorEngines } from "./support/processorEngines.js";

/* Numbers that are fine in JavaScript and 0, 1 or infinite in the float32 that kernels compute with: refused, in a sentence. */

const holds = "from 1.2e-38 to 3.4e+38, which is what float32 holds, not";

test.each<[string, () => unknown, string]>([
  [
    "epsilon 1e-50",
    () => resolveOptimizer({ type: "adam", epsilon: 1e-50 }),
    `The epsilon must be a number ${holds} 1e-50.`,
  ],
  [
    "epsilon 0",
    () => resolveOptimizer({ type: "adamw", epsilon: 0 }),
    `The epsilon must be a number ${holds} 0.`,
  ],
  [
    "epsilon 1e39",
    () => resolveOptimizer({ type: "adam", epsilon: 1e39 }),
    `The epsilon must be a number ${holds} 1e+39.`,
  ],
  [
    "weight decay 1e-50",
    () => resolveOptimizer({ type: "sgd", weightDecay: 1e-50 }),
    `The weight decay must be a number of 0 or ${holds} 1e-50.`,
  ],
  [
    "weight decay 1e39",
    () => resolveOptimizer({ type: "adamw", weightDecay: 1e39 }),
    `The weight decay must be a number of 0 or ${holds} 1e+39.`,
  ],
  [
    "momentum",
    () => resolveOptimizer({ type: "sgd", momentum: 1 - 1e-9 }),
    "The momentum is rounded to 1 in float32, and must be below that: at most 0.9999999403953552, not 0.999999999.",
  ],
  [
    "beta1",
    () => resolveOptimizer({ type: "adam", beta1: 1 - 1e-9 }),
    "The beta1 is rounded to 1 in float32, and must be below that: at most 0.9999999403953552, not 0.999999999.",
  ],
  [
    "beta2",
    () => resolveOptimizer({ type: "adam", beta2: 1 - 1e-12 }),
    "The beta2 is rounded to 1 in float32, and must be below that: at most 0.9999999403953552, not 0.999999999999.",
  ],
  [
    "rate 1e-50",
    () => resolveSettings({ learningRate: 1e-50 }, 100),
    `The learning rate must be a number of 0 or ${holds} 1e-50.`,
  ],
  [
    "rate 1e39",
    () => resolveSettings({ learningRate: 1e39 }, 100),
    `The learning rate must be a number of 0 or ${holds} 1e+39.`,
  ],
  [
    "clip 1e-50",
    () => resolveSettings({ clip: 1e-50 }, 100),
    `The length to clip gradients to must be a number ${holds} 1e-50.`,
  ],
  [
    "clip 1e39",
    () => resolveSettings({ clip: 1e39 }, 100),
    `The length to clip gradients to must be a number ${holds} 1e+39.`,
  ],
  [
    "not a number",
    () => resolveSettings({ learningRate: Number.NaN }, 100),
    `The learning rate must be a number of 0 or ${holds} NaN.`,
  ],
])("%s", (_, work, sentence) => {
  expect(work).toThrow(InputError);
  expect(work).toThrow(sentence);
});

test.each([
  [0, 1e-50],
  [0, 1e-40],
  [1e39, 1],
  [0, 1e39],
  [1e30, 1e-10],
])("normalisation by mean %f and std %f", (mean, std) => {
  const define = () => defineModel({ ...barsNetwork, normalize: { mean: [mean], std: [std] } });
  expect(define).toThrow(InputError);
  expect(define).toThrow(
    `The model spec, "normalize": mean, std and the pixels that they make of 0 and 1 must be 0 or from 1.2e-38 to 3.4e+38 in size, which is what float32 holds, but mean is ${mean} and std ${std}.`,
  );
});

describe("what just fits means the same to both engines", () => {
  const nearOne = 1 - 2 ** -24;
  test.each([
    { optimizer: { type: "adam", epsilon: 1.2e-38 } },
    { optimizer: { type: "adam", beta2: nearOne } },
    { optimizer: { type: "sgd", momentum: nearOne }, learningRate: 1e-4 },
    { optimizer: { type: "sgd", momentum: 1e-50 } },
    { optimizer: { type: "adamw", weightDecay: 1.2e-38 } },
    { optimizer: { type: "sgd" }, learningRate: 1.2e-38 },
    { optimizer: { type: "adam" }, clip: 1e-30 },
    { optimizer: { type: "adam" }, clip: 3.4e38 },
  ] as const)("%o", async (options) => {
    const losses: number[][] = [];
    for (const engine of processorEngines) {
      const one = await createEngine(barsNetwork, { engine, threads: 0, strict: true });
      const { epochs } = await fit(one, bars(160), { ...options, epochs: 2, batchSize: 16 });
      losses.push(epochs.map(({ loss }) => loss));
      await one.close();
    }
    for (const [k, loss] of losses[0].entries()) expect(losses[1][k]).toBeCloseTo(loss, 2);
  });
});

test("the range is that of JavaScript's own float32", () => {
  expect(Math.fround(LARGEST)).toBe(LARGEST);
  expect(Math.fround(LARGEST * (1 + 2 ** -24))).toBe(Infinity);
  expect([0, SMALLEST_NORMAL, -LARGEST].every(fitsFloat32)).toBe(true);
  expect([SMALLEST_NORMAL / 2, Infinity, Number.NaN].some(fitsFloat32)).toBe(false);
});
