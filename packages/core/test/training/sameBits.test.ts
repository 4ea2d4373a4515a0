import { describe, expect, test } from "vitest";
import { type FitOptions, fit } from "../../src/training/fit.js";
import { bars, barsNetwork } from "../support/bars.js";
import { checksum } from "../support/checksum.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

async function trained(options: FitOptions, initSeed = 0): Promise<string> {
  const engine = await createReferenceEngine(barsNetwork, { seed: initSeed });
  await fit(engine, bars(60), { epochs: 2, batchSize: 8, ...options });
  return checksum(engine.parameters());
}

describe("a seed fixes everything", () => {
  test("the same seed gives the same bits", async () => {
    expect(await trained({ seed: 3 })).toBe(await trained({ seed: 3 }));
  });

  test("with or without somebody watching", async () => {
    const { signal } = new AbortController();
    expect(await trained({ seed: 3, signal, onProgress: () => {} })).toBe(await trained({ seed: 3 }));
  });

  test("another seed gives others: another order of the images, other weights", async () => {
    const sums = [await trained({ seed: 3 }), await trained({ seed: 4 }), await trained({ seed: 3 }, 1)];
    expect(new Set(sums).size).toBe(3);
  });

  test("every option matters", async () => {
    const sums = [
      await trained({}),
      await trained({ batchSize: 9 }),
      await trained({ epochs: 3 }),
      await trained({ learningRate: 0.004 }),
      await trained({ schedule: "constant" }),
      await trained({ clip: 0.1 }),
      await trained({ validation: 5 }),
      await trained({ optimizer: { type: "adamw" } }),
    ];
    expect(new Set(sums).size).toBe(sums.length);
  });
});

/*
 * The textbook is additions, multiplications, divisions and square roots in a fixed order, and IEEE 754 fixes each. So
 * a trained network is the same bits on every machine. These were written down once, on Node 20 on x86-64.
 */
describe("trained parameters are the same bits on every machine", () => {
  test.each([
    ["adam", "dead97be1980235fe230b8d510b2120e1cd4544812a2ede71f051fc422ebcff8"],
    ["adamw", "3f8011e00642afd5ebd054bf2bda29314490f45c9172d352372c94e1855b613a"],
    ["sgd", "8085d13b43942a3523250cefcec3663d8f0c11a66f431c90e937d0797407946b"],
  ] as const)("%s", async (type, known) => {
    expect(await trained({ optimizer: { type } })).toBe(known);
  });
});
