import { describe, expect, test } from "vitest";
import { dense, flatten, sequential } from "../../src/builders.js";
import { DivergedError } from "../../src/engine/diverged.js";
import { createEngine } from "../../src/engine/index.js";
import { type OptimizerSpec, resolveOptimizer } from "../../src/optimizers/index.js";
import { evaluate } from "../../src/training/evaluate.js";
import { type FitOptions, fit } from "../../src/training/fit.js";
import { bars, barsNetwork } from "../support/bars.js";
import { processorEngines } from "../support/processorEngines.js";

/* A loss that stays finite, but absurdly large: the training has failed, and says so after the epoch. */

const local = { threads: 0, strict: true } as const;

/** Without a ReLU, which could die. */
const linear = sequential([1, 10, 10], [flatten(), dense({ units: 4 })]);

/** A third of the labels is wrong, so that no weights are right for all images. */
function confused(seed: number) {
  const images = bars(640, seed);
  for (let n = 0; n < 640; n += 3) images.labels[n] = (images.labels[n] + 1 + (n % 2)) % 4;
  return images;
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error as DivergedError,
  );

const optimizers: [OptimizerSpec, batchSize: number, tooHigh: number][] = [
  [{ type: "sgd", momentum: 0 }, 8, 300],
  [{ type: "sgd" }, 1, 30],
  [{ type: "sgd", nesterov: true, weightDecay: 1e-4 }, 64, 300],
  [{ type: "adam" }, 8, 30],
  [{ type: "adamw" }, 64, 30],
];

describe.each(optimizers)("%o, batches of %i, rate %f", (optimizer, batchSize, learningRate) => {
  const options: FitOptions = { optimizer, batchSize, learningRate, schedule: "constant", epochs: 4 };

  test.each([0, 1, 2])("is noticed, and the rate that is named trains (seed %i)", async (seed) => {
    const engine = await createEngine(linear, { ...local, seed });
    const start = engine.parameters();
    const error = await failureOf(fit(engine, confused(seed), options));
    expect(error).toBeInstanceOf(DivergedError);
    expect(error?.step).toBe(Math.ceil(640 / batchSize));
    const words =
      /^The loss has become absurd \((\S+) in the mean of the epoch that ends with step \d+, where guessing has 1\.39\), which .* learning rate \((\S+)\) is too high: try (\S+),/;
    const [, loss, rate, lower] = words.exec(error?.message ?? "") ?? [];
    expect(Number(loss)).toBeGreaterThan(20 * 1.39);
    expect(Number(rate)).toBe(learningRate);
    engine.setParameters(start);
    await fit(engine, confused(seed), { ...options, learningRate: Number(lower), epochs: 12 });
    expect((await evaluate(engine, bars(200, 9))).loss).toBeLessThan(1.2); // guessing has 1.39
    await engine.close();
  });
});

test.each(processorEngines)(
  "%s counts the batches whose loss is absurd, and remembers the first ones'",
  async (name) => {
    const engine = await createEngine(linear, { ...local, engine: name });
    const begin = (batchSize: number) =>
      engine.startTraining(bars(80), {
        batchSize,
        optimizer: resolveOptimizer({ type: "sgd", momentum: 0 }),
      });
    const order = Uint32Array.from({ length: 80 }, (_, k) => k);
    const rates = (rate: number) => new Float64Array(10).fill(rate);
    const single = await begin(1);
    const losses: number[] = [];
    for (let k = 0; k < 9; k++) {
      const { loss, firstLoss } = await single.epoch(order.subarray(k, k + 1), rates(0).subarray(9));
      losses.push(loss);
      expect(firstLoss).toBe(k < 8 ? loss : 0);
    }
    const run = await begin(8);
    const calm = await run.epoch(order, rates(0));
    expect(calm.absurdSteps).toBe(0);
    expect(calm.firstLoss).toBeCloseTo(losses.slice(0, 8).reduce((a, b) => a + b) / 8, 5); // the first batch's
    const wild = await run.epoch(order, rates(1000));
    expect([wild.firstLoss, wild.absurdSteps]).toEqual([0, 9]); // all but the first, before the first update
    await engine.close();
  },
);

describe("it is no alarm", () => {
  test("that fresh weights are bad, as long as they learn", async () => {
    const engine = await createEngine(linear, { ...local, init: "normal" });
    const parameters = engine.parameters();
    for (let k = 0; k < 400; k++) parameters["fc1.weight"].data[k] *= 100;
    engine.setParameters(parameters);
    const { epochs } = await fit(engine, bars(640), { epochs: 2, batchSize: 64 });
    expect(epochs[0].loss).toBeGreaterThan(50);
    expect(epochs[1].loss).toBeLessThan(epochs[0].loss);
    await engine.close();
  });

  test("that a single image of a batch of one is very wrong", async () => {
    const engine = await createEngine(barsNetwork, local);
    await fit(engine, confused(0), { epochs: 3, batchSize: 1, learningRate: 0.02, schedule: "constant" });
    await engine.close();
  });
});
