import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { convnet, lenet5, oneConv } from "../../src/builtIn.js";
import type { Engine } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { optionsOf, randomImages } from "../support/engineCases.js";

/*
 * The first losses of each built-in network, step by step, against the reference's.
 *
 * A step's loss is off by some roundings (support/errorBounds.ts), about 1e-7 of it. The differences grow as training goes
 * on, because each step's parameters are off by what all steps before left. Measured, they stay below 1e-6; 1e-5 is allowed.
 */

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag

const BATCH = few(2, 8);

async function lossesOf(engine: Engine, steps: number): Promise<number[]> {
  const data = randomImages(engine.model, BATCH * 4, 6);
  const training = {
    images: BATCH * 4,
    batchSize: BATCH,
    optimizer: { type: "sgd" },
    schedule: "constant",
    peak: 0.01,
  } as const;
  const run = await engine.startTraining(data, optionsOf(training));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const order = Uint32Array.from({ length: BATCH }, (_, n) => (step * BATCH + n) % (BATCH * 4));
    const { loss } = await run.epoch(order, Float64Array.of(0.01));
    losses.push(loss / BATCH);
  }
  await run.close();
  await engine.close();
  return losses;
}

describe("losses are the reference's", () => {
  test.each<{ name: string; spec: ModelSpec; steps: number }>([
    { name: "one-conv", spec: oneConv(), steps: few(10, 30) },
    ...few(
      [],
      [
        { name: "lenet5", spec: lenet5(), steps: 20 },
        { name: "convnet", spec: convnet(), steps: 1 },
      ],
    ),
  ])("$name: $steps", async ({ spec, steps }) => {
    const parameters = initialParameters(defineModel(spec), 1);
    const expected = await lossesOf(await createEngine(spec, { engine: "reference", parameters }), steps);
    if (steps > 5) expect(expected[steps - 1]).toBeLessThan(expected[0]); // it learns
    for (const strict of [true, false]) {
      const losses = await lossesOf(await createEngine(spec, { threads: 0, strict, parameters }), steps);
      for (const [step, loss] of losses.entries()) {
        expect(Math.abs(loss / expected[step] - 1), `step ${step + 1}`).toBeLessThan(1e-5);
      }
    }
  });
});
