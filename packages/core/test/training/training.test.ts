import {
  createEngine,
  DivergedError,
  type Engine,
  type EngineOptions,
  fit,
  InputError,
  type OptimizerSpec,
  Training,
  type TrainingState,
} from "unravel-cnn";
import { describe, expect, onTestFinished, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { bars, barsNetwork } from "../support/bars.js";
import { withoutSharedMemory } from "../support/workers.js";

/*
 * A training in pieces: cut, kept and gone on with elsewhere, it gives the bits of `fit`.
 */

/** 7 batches of 6 an epoch, the last one of 4. */
const data = bars(40);
const settings = { epochs: 3, batchSize: 6, learningRate: 0.02, seed: 3 };
const STEPS = 21;

async function open(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine(barsNetwork, options);
  onTestFinished(() => engine.close());
  return engine;
}

const kinds = [
  ["the reference", { engine: "reference" }, false],
  ["the calling thread", { threads: 0 }, false],
  ["two threads", { threads: 2 }, false],
  ["one worker that shares no memory", { threads: 1 }, true],
] as const;

const ways: readonly { readonly optimizer: OptimizerSpec; readonly ema?: number }[] = [
  { optimizer: { type: "adam" } },
  { optimizer: { type: "sgd", momentum: 0.9, nesterov: true }, ema: 0.9 },
  { optimizer: { type: "sgd", momentum: 0 } },
];

describe.each(kinds)("%s", (kind, options, alone) => {
  // in a sample, each kind goes one way
  const place = kinds.findIndex(([name]) => name === kind);
  const some = few([ways[place % ways.length]], ways);

  test.each(some)("in pieces, with %o: the same bits", async (way) => {
    if (alone) withoutSharedMemory();
    const whole = await open(options);
    const { epochs } = await fit(whole, data, { ...settings, ...way });
    const engine = await open(options);
    const training = await Training.open(engine, data, { ...settings, ...way });
    const pieces: number[] = [];
    while (!training.done) {
      pieces.push((await training.advance(3)).steps);
      if (training.steps % 7 === 0) {
        const { loss, correct, images } = training.totals;
        const record = epochs[training.steps / 7 - 1];
        expect(loss / images).toBe(record.loss);
        expect(correct / images).toBe(record.accuracy);
      }
    }
    // a piece ends with its epoch
    expect(pieces).toEqual([3, 3, 1, 3, 3, 1, 3, 3, 1]);
    expect(engine.parameters()).toEqual(whole.parameters());
  });

  test.each(some)("kept in mid-epoch and gone on with elsewhere, with %o", async (way) => {
    if (alone) withoutSharedMemory();
    const whole = await open(options);
    await fit(whole, data, { ...settings, ...way });
    const first = await Training.open(await open(options), data, { ...settings, ...way });
    await first.advance();
    await first.advance(4);
    // as it comes back from a file or another thread
    const state: TrainingState = structuredClone(await first.state());
    await first.advance(2); // changes nothing of what was kept
    expect([state.steps, state.totals.images]).toEqual([11, 24]);

    const engine = await open({ ...options, seed: 5 });
    const second = await Training.open(engine, data, { ...settings, ...way }, state);
    expect([second.steps, second.epoch, second.totals]).toEqual([11, 2, state.totals]);
    expect(await second.state()).toEqual(state);
    while (!second.done) await second.advance();
    expect(engine.parameters()).toEqual(whole.parameters());
  });
});

test.each(kinds)(
  "paused by a signal, whenever that comes, it goes on to the same bits: %s",
  async (_, options, alone) => {
    if (alone) withoutSharedMemory();
    const long = { ...settings, epochs: 4 };
    const whole = await open(options);
    const { epochs } = await fit(whole, data, long);
    const engine = await open(options);
    const training = await Training.open(engine, data, long);
    const losses: number[] = [];
    for (let k = 0; !training.done; k++) {
      const pause = new AbortController();
      if (k === 0)
        pause.abort(); // before the first step
      else setTimeout(() => pause.abort(), k % 3);
      const before = training.steps;
      const { steps } = await training.advance(Infinity, { pause: pause.signal });
      expect(training.steps).toBe(before + steps);
      if (k === 0) expect(steps).toBeLessThan(2);
      const { loss, images } = training.totals;
      if (steps > 0 && training.steps % 7 === 0) losses.push(loss / images);
    }
    expect(losses).toEqual(epochs.map(({ loss }) => loss));
    expect(engine.parameters()).toEqual(whole.parameters());
  },
);

describe("where a training stands", () => {
  test("steps, epochs, the images and the rate of the next step", async () => {
    const engine = await open({ engine: "reference" });
    const training = await Training.open(engine, data, settings);
    const seen = new Set<number>();
    for (let step = 0; step < 7; step++) {
      expect([training.steps, training.epoch, training.done]).toEqual([step, 1, false]);
      const batch = training.nextBatch();
      expect(batch).toHaveLength(step < 6 ? 6 : 4);
      for (const image of batch) seen.add(image);
      expect((await training.advance(1)).images).toBe(batch.length);
    }
    expect(seen.size).toBe(40);
    expect(training.epoch).toBe(2);
    expect(training.learningRate(0)).toBeCloseTo(0.02 / 25, 6);
    expect(training.learningRate()).toBe(training.learningRate(7));
    while (!training.done) await training.advance();
    expect([training.steps, training.epoch, training.nextBatch().length]).toEqual([STEPS, 3, 0]);
    await expect(training.advance(1)).rejects.toThrow(/has ended/);
  });

  test("images set aside are not trained on", async () => {
    const engine = await open({ engine: "reference" });
    const { data: split } = await Training.open(engine, data, { ...settings, validation: 10 });
    expect([split.train.labels.length, split.validation?.labels.length]).toEqual([30, 10]);
  });
});

describe("what is refused", () => {
  const opened = async () => {
    const engine = await open({ threads: 0 });
    const training = await Training.open(engine, data, settings);
    await training.advance(2);
    return { engine, training, state: await training.state() };
  };

  test("a second training of the same engine, until the first is closed", async () => {
    const { engine, training } = await opened();
    await expect(Training.open(engine, data, settings)).rejects.toThrow(/being trained already/);
    await training.close();
    await expect(training.advance(1)).rejects.toThrow(/has ended/);
    await (await Training.open(engine, data, settings)).close();
  });

  test("a state of another optimizer, of another network, or with a number that is none", async () => {
    const { training, state } = await opened();
    await training.close();
    const engine = await open({ threads: 0 });
    const resume = (options: object, changed: TrainingState) =>
      Training.open(engine, data, { ...settings, ...options }, changed);
    await expect(resume({ optimizer: { type: "sgd" } }, state)).rejects.toThrow(
      /sgd remembers 1 numbers of each parameter, but 2 were given/,
    );
    const { "conv1.bias": _bias, ...rest } = state.memory[0];
    await expect(resume({}, { ...state, memory: [rest, state.memory[1]] })).rejects.toThrow(
      "The optimizer's memory 1: The parameter conv1.bias is missing.",
    );
    await expect(resume({}, { ...state, steps: -1 })).rejects.toThrow(InputError);
    const nan = structuredClone(state);
    nan.parameters["fc1.bias"].data[0] = Number.NaN;
    await expect(resume({}, nan)).rejects.toThrow(/fc1\.bias holds NaN/);
    // and what was refused leaves the engine free
    await (await Training.open(engine, data, settings)).close();
  });

  test("to go on after the loss became infinite", async () => {
    const engine = await open({ threads: 0 });
    const training = await Training.open(engine, data, {
      ...settings,
      optimizer: { type: "sgd" },
      learningRate: 1e30,
      schedule: "constant",
    });
    await expect(training.advance()).rejects.toThrow(DivergedError);
    await expect(training.advance()).rejects.toThrow(/has ended/);
  });
});
