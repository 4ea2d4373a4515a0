import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import {
  batchNorm2d,
  conv2d,
  createEngine,
  dense,
  fit,
  flatten,
  maxPool2d,
  sequential,
} from "../../src/index.js";

/*
 * A pool takes minus infinity for what lies around its input. Where a norm after it waits for the whole batch, that input lies in
 * memory of all threads, which has to be prepared before the first of them begins.
 */
test.each(few([3], [2, 3]))("%i threads begin with memory that is prepared", async (threads) => {
  const spec = sequential(
    [1, 28, 28],
    [
      conv2d({ filters: 8, kernel: 5, bias: false }),
      maxPool2d({ size: 3, stride: 2, padding: 1 }),
      batchNorm2d(),
      flatten(),
      dense({ units: 10 }),
    ],
  );
  const images = Uint8Array.from({ length: 40 * 784 }, (_, k) => Math.imul(k + 1, 2654435761) >>> 24);
  const labels = Uint8Array.from({ length: 40 }, (_, k) => k % 10);
  const data = { name: "noise", images, labels, shape: [1, 28, 28] as const, classes: [..."0123456789"] };
  const lossWith = async (count: number) => {
    const engine = await createEngine(spec, { threads: count, seed: 0 });
    try {
      return (await fit(engine, data, { epochs: 1, batchSize: 32, optimizer: "sgd" })).epochs[0].loss;
    } finally {
      await engine.close();
    }
  };
  const right = await lossWith(0);
  // before it was so, more than a quarter of the engines began wrongly
  for (let engine = 0; engine < few(3, 10); engine++) expect(await lossWith(threads)).toBe(right);
});
