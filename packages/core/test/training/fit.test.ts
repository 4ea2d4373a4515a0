import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/support/long.js";
import { firstOf } from "../../src/data/dataset.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { learningRateAt } from "../../src/optimizers/schedules.js";
import type { NamedTensors } from "../../src/tensor.js";
import { evaluate } from "../../src/training/evaluate.js";
import { type FitOptions, fit } from "../../src/training/fit.js";
import type { ProgressEvent } from "../../src/training/history.js";
import { splitValidation } from "../../src/training/split.js";
import { bars, barsNetwork } from "../support/bars.js";
import { recording } from "../support/recordingEngine.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

/** Trains the bars' network from seed 0 on `count` pictures. */
async function train(count: number, options: FitOptions) {
  const engine = recording(await createReferenceEngine(barsNetwork));
  const history = await fit(engine, bars(count), options);
  return { engine, history, record: engine.record };
}

/** The length of the difference of all parameters. */
function distance(a: NamedTensors, b: NamedTensors): number {
  let squares = 0;
  for (const [name, { data }] of Object.entries(a)) {
    for (let k = 0; k < data.length; k++) squares += (data[k] - b[name].data[k]) ** 2;
  }
  return Math.sqrt(squares);
}

describe("training learns", () => {
  const ways: [string, FitOptions][] = [
    ["with Adam and a cycle", { learningRate: 0.02 }],
    ["with SGD and momentum", { optimizer: { type: "sgd" }, learningRate: 0.1 }],
    ["with AdamW and a cosine", { optimizer: { type: "adamw" }, schedule: "cosine", learningRate: 0.02 }],
    ["one image at a time", { optimizer: { type: "sgd", momentum: 0 }, learningRate: 0.05, batchSize: 1 }],
  ];
  test.each(sampleOf(ways, 2))("%s: accuracy up, loss down, on new pictures too", async (_, options) => {
    const fresh = bars(150, 1);
    const engine = await createReferenceEngine(barsNetwork);
    const before = await evaluate(engine, fresh);
    const { epochs } = await fit(engine, bars(240), { epochs: 6, batchSize: 16, ...options });
    const after = await evaluate(engine, fresh);

    expect(before.accuracy).toBeLessThan(0.5);
    expect(after.accuracy).toBeGreaterThan(0.95);
    expect(after.loss).toBeLessThan(before.loss / 4);
    expect(epochs[5].loss).toBeLessThan(epochs[0].loss / 2);
    expect(epochs[5].accuracy).toBeGreaterThan(epochs[0].accuracy);
  });
});

describe("what the engine is asked to do", () => {
  test("every epoch uses every image once, each time in another order", async () => {
    const { record } = await train(50, { epochs: 3, batchSize: 16 });
    const all = Array.from({ length: 50 }, (_, k) => k);
    expect(record.epochs).toHaveLength(3);
    for (const { order } of record.epochs) expect([...order].sort((a, b) => a - b)).toEqual(all);
    expect(new Set([all, ...record.epochs.map(({ order }) => order)].map(String)).size).toBe(4);
  });

  test("the schedule runs over all steps of all epochs, the short last batch counted", async () => {
    const { record } = await train(50, { epochs: 3, batchSize: 16, schedule: "cosine", learningRate: 0.01 });
    const expected = Array.from({ length: 12 }, (_, step) => learningRateAt("cosine", 0.01, step, 12));
    expect(record.epochs.flatMap(({ learningRates }) => learningRates)).toEqual(expected);
    expect(record.epochs.map(({ learningRates }) => learningRates.length)).toEqual([4, 4, 4]);
  });

  test("one run, with the optimizer's options completed", async () => {
    const { record } = await train(8, { epochs: 2, optimizer: { type: "sgd", momentum: 0.5 }, clip: 3 });
    expect(record.runs.map(({ options }) => options)).toEqual([
      {
        batchSize: 8, // as many as there are, not the default
        optimizer: { type: "sgd", momentum: 0.5, nesterov: false, weightDecay: 0, decay: "all" },
        clip: 3,
        seed: 0,
      },
    ]);
  });

  test("nothing about validation images unless they are asked for", async () => {
    const { record, history } = await train(40, { epochs: 2 });
    expect(record.inferences).toEqual([]);
    expect(history.epochs.map(({ valLoss, valAccuracy }) => [valLoss, valAccuracy])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  test("trains on the rest and looks at the validation images after each epoch", async () => {
    const { record, history } = await train(40, { epochs: 2, validation: 0.25 });
    expect(record.runs[0].images).toBe(30);
    expect(record.epochs.map(({ order }) => order.length)).toEqual([30, 30]);
    expect(record.inferences).toEqual([10, 10]);
    for (const { valLoss, valAccuracy } of history.epochs) {
      expect(valLoss).toBeGreaterThan(0);
      expect(Number.isInteger((valAccuracy ?? 0) * 10)).toBe(true);
    }
  });
});

describe("batches", () => {
  test("the short last one is trained on", async () => {
    const sgd = { type: "sgd", momentum: 0 } as const;
    const options = { epochs: 1, optimizer: sgd, learningRate: 0.1, schedule: "constant" } as const;
    const { engine, record } = await train(10, { ...options, batchSize: 8 });
    const [{ order }] = record.epochs;
    // the same by hand: 8 images, then the other 2 as a batch of their own
    const byHand = await createReferenceEngine(barsNetwork);
    for (const part of [order.slice(0, 8), order.slice(8)]) {
      const run = await byHand.startTraining(bars(10), {
        batchSize: 8,
        optimizer: { ...sgd, nesterov: false, weightDecay: 0, decay: "all" },
      });
      await run.epoch(Uint32Array.from(part), Float64Array.of(0.1));
    }
    expect(engine.parameters()).toEqual(byHand.parameters());
  });

  test("may be larger than the data set, or hold one image", async () => {
    const whole = await train(10, { epochs: 1, batchSize: 1000 });
    expect(whole.record.epochs[0].learningRates).toHaveLength(1);
    const single = await train(10, { epochs: 1, batchSize: 1 });
    expect(single.record.epochs[0].learningRates).toHaveLength(10);
    expect(Number.isFinite(single.history.epochs[0].loss)).toBe(true);
  });

  test("a data set of one image can be learnt by heart", async () => {
    const { history } = await train(1, { epochs: 30, learningRate: 0.02 });
    expect(history.epochs[29].accuracy).toBe(1);
    expect(history.epochs[29].loss).toBeLessThan(0.1);
  });
});

test("clipping limits how far one step goes", async () => {
  const options = { epochs: 1, optimizer: { type: "sgd", momentum: 0 }, schedule: "constant" } as const;
  const start = (await createReferenceEngine(barsNetwork)).parameters();
  const free = await train(20, { ...options, learningRate: 1 });
  const clipped = await train(20, { ...options, learningRate: 1, clip: 0.01 });
  expect(distance(free.engine.parameters(), start)).toBeGreaterThan(0.1);
  expect(distance(clipped.engine.parameters(), start)).toBeCloseTo(0.01, 4);
});

describe("the history", () => {
  test("holds one record for each epoch, of means over its images", async () => {
    const { history } = await train(50, { epochs: 2, batchSize: 16, learningRate: 0, validation: 10 });
    expect(history.epochs).toHaveLength(2);
    for (const record of history.epochs) {
      expect(Object.keys(record).sort()).toEqual(
        ["accuracy", "imagesPerSecond", "loss", "seconds", "valAccuracy", "valLoss"].sort(),
      );
      expect(record.seconds).toBeGreaterThan(0);
      expect(record.imagesPerSecond).toBeCloseTo(40 / record.seconds, 6);
    }
  });

  test("without learning, is what evaluate says of the same network", async () => {
    const options = { epochs: 1, batchSize: 16, learningRate: 0, validation: 10, seed: 4 };
    const { history, engine } = await train(50, options);
    const { train: rest, validation } = splitValidation(bars(50), 10, 4);
    if (!validation) return expect.fail("there are no validation images");
    const [onTraining, onValidation] = [await evaluate(engine, rest), await evaluate(engine, validation)];
    const [{ loss, accuracy, valLoss, valAccuracy }] = history.epochs;
    expect(loss).toBeCloseTo(onTraining.loss, 6);
    expect(accuracy).toBe(onTraining.accuracy);
    expect([valLoss, valAccuracy]).toEqual([onValidation.loss, onValidation.accuracy]);
  });
});

describe("progress", () => {
  test("tells of steps, then of the epoch, epoch by epoch", async () => {
    const events: ProgressEvent[] = [];
    const { history } = await train(1500, {
      epochs: 2,
      batchSize: 10,
      validation: 100,
      onProgress: (event) => events.push(event),
    });
    const endOf = (epoch: number) =>
      events.findIndex((event) => event.type === "epoch" && event.epoch === epoch);
    expect(endOf(1)).toBeGreaterThan(0); // some steps came before
    expect(endOf(2)).toBe(events.length - 1);
    let last = { epoch: 0, images: 0 };
    for (const [index, event] of events.entries()) {
      expect(event.epochs).toBe(2);
      expect(event.epoch).toBe(index <= endOf(1) ? 1 : 2);
      if (event.type === "epoch") {
        expect(event.record).toBe(history.epochs[event.epoch - 1]);
        continue;
      }
      if (event.type === "died") expect.fail("it learns");
      expect(event.imagesPerEpoch).toBe(1400);
      expect(event.images % 10).toBe(0);
      expect(event.images).toBeGreaterThan(event.epoch === last.epoch ? last.images : 0);
      expect(event.images).toBeLessThanOrEqual(1400);
      expect(event.loss).toBeGreaterThan(0);
      expect(Number.isInteger(Math.round(event.accuracy * event.images * 1e6) / 1e6)).toBe(true);
      expect(event.imagesPerSecond).toBeGreaterThan(0);
      last = event;
    }
  });

  test("lets timers run meanwhile", async () => {
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 1);
    await train(1000, { epochs: 1 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

test("training goes on from the engine's present parameters", async () => {
  const given = initialParameters((await createReferenceEngine(barsNetwork)).model, 9);
  const engine = await createReferenceEngine(barsNetwork, { parameters: given });
  await fit(engine, firstOf(bars(50), 20), { epochs: 1, learningRate: 0 });
  expect(engine.parameters()).toEqual(given);
});
