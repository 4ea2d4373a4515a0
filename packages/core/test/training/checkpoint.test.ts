import {
  type Checkpoint,
  type CheckpointOptions,
  createEngine,
  type Dataset,
  type Engine,
  type EngineOptions,
  type FitOptions,
  fit,
  formatCheckpoint,
  type History,
  InputError,
  parseCheckpoint,
} from "unravel-cnn";
import { describe, expect, onTestFinished, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { bars, barsNetwork } from "../support/bars.js";

/*
 * Checkpoints of `fit`: whatever the moment, the threads and the file in between, going on gives the bits of a training that was
 * never interrupted.
 */

/** 5 batches an epoch of 35 images, the last one of 3; 5 more images are looked at. */
const data = bars(40);
const settings = {
  ...{ epochs: 4, batchSize: 8, learningRate: 0.02, seed: 3, validation: 5, keep: "best", patience: 3 },
} satisfies FitOptions;

const network = {
  ...barsNetwork,
  layers: [
    { type: "conv2d", filters: 4, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "flatten" },
    { type: "dropout", rate: 0.25 },
    { type: "dense", units: 4 },
  ],
} as const;

async function open(options: EngineOptions = { engine: "reference" }): Promise<Engine> {
  const engine = await createEngine(network, options);
  onTestFinished(() => engine.close());
  return engine;
}

/** As a file gives it back. */
const throughFile = (checkpoint: Checkpoint) => parseCheckpoint(formatCheckpoint(checkpoint), "it");

/** The errors are those of the built library. */
function expectRefusal(work: () => unknown, message: RegExp): void {
  expect(work).toThrow(InputError);
  expect(work).toThrow(message);
}

/** All checkpoints of a training. */
async function checkpointsOf(
  engine: Engine,
  every: CheckpointOptions["every"],
  more: FitOptions = {},
): Promise<Checkpoint[]> {
  const all: Checkpoint[] = [];
  const save = (checkpoint: Checkpoint) => void all.push(throughFile(checkpoint));
  await fit(engine, data, { ...settings, ...more, checkpoint: { every, save } });
  return all;
}

/** A history without its times. */
const figures = ({ epochs, ...history }: History) => ({
  ...history,
  epochs: epochs.map(({ seconds: _, imagesPerSecond: __, ...record }) => record),
});

describe.each([
  ["the reference", { engine: "reference" }, { engine: "reference" }, 1],
  ["two threads, then the calling one", { threads: 2 }, { threads: 0 }, 0],
] as const)("%s", (_, options, others, place) => {
  const ways: readonly (readonly [string, FitOptions])[] = [
    ["Adam, best epoch", {}],
    [
      "momentum, average, clipping, class weights",
      { optimizer: { type: "sgd" }, ema: 0.9, clip: 1, classWeights: "balanced" },
    ],
  ];
  test.each(few([ways[place]], ways))("from each checkpoint to the same bits: %s", async (_, more) => {
    const whole = await open(options);
    const history = await fit(whole, data, { ...settings, ...more });
    const checkpoints = await checkpointsOf(await open(options), { steps: 3 }, more);
    const engine = await open({ ...others, seed: 5 });
    const places = checkpoints.map(({ state, history }) => [state.steps, history.length]);
    expect(places.slice(0, 4)).toEqual([
      [0, 0],
      [3, 0],
      [6, 1],
      [9, 1],
    ]);
    for (const checkpoint of checkpoints) {
      const gone = await fit(engine, data, { ...settings, ...more, resume: checkpoint });
      expect(engine.parameters()).toEqual(whole.parameters());
      expect(figures(gone)).toEqual(figures(history));
    }
  });
});

describe("when checkpoints are made", () => {
  const places = async (every: CheckpointOptions["every"]) => {
    const checkpoints = await checkpointsOf(await open(), every, { patience: undefined });
    return checkpoints.map(({ state, history }) => `${state.steps}/${history.length}`);
  };

  test("each epoch, every second one, and always at both ends", async () => {
    expect(await places({ epochs: 1 })).toEqual(["0/0", "5/1", "10/2", "15/3", "20/4"]);
    expect(await places({ epochs: 3 })).toEqual(["0/0", "15/3", "20/4"]);
    expect(await places(undefined)).toEqual(["0/0", "20/4"]);
  });

  test("every so many steps", async () => {
    expect(await places({ steps: 4 })).toEqual(["0/0", "4/0", "8/1", "12/2", "16/3", "20/4"]);
  });

  test("after so much time: after each step, if it is none", async () => {
    const steps = Array.from({ length: 21 }, (_, step) => `${step}/${Math.floor(step / 5)}`);
    expect(await places({ seconds: 1e-6 })).toEqual(steps);
  });

  test("after less time than a step takes: every step is taken all the same", async () => {
    const all = await checkpointsOf(
      await open({ threads: 2 }),
      { seconds: 1e-6 },
      { epochs: 1, patience: undefined },
    );
    expect(all.at(-1)?.state.steps).toBe(5);
  });

  test.each(few([2], [0, 2]))("when it is aborted: number %i", async (k) => {
    const whole = await open();
    await fit(whole, data, settings);
    const engine = await open({ threads: 1 });
    const reference = await open();
    for (const one of [engine, reference]) {
      const controller = new AbortController();
      const all: Checkpoint[] = [];
      const training = fit(one, data, {
        ...settings,
        signal: controller.signal,
        onProgress: ({ type, epoch }) => {
          if (type === "epoch" && epoch === k) controller.abort(new Error("enough"));
        },
        checkpoint: {
          save: (checkpoint) => {
            all.push(throughFile(checkpoint));
            if (k === 0) controller.abort(new Error("enough"));
          },
        },
      });
      await expect(training).rejects.toThrow("enough");
      expect(all.at(-1)?.state.steps).toBeGreaterThanOrEqual(5 * k);
      const next = one === engine ? await open({ threads: 2 }) : await open();
      await fit(next, data, { ...settings, resume: all.at(-1) });
      if (one === reference) expect(next.parameters()).toEqual(whole.parameters());
    }
  });

  test("what can't be kept ends the training", async () => {
    const save = () => Promise.reject(new Error("no room"));
    await expect(fit(await open(), data, { ...settings, checkpoint: { save } })).rejects.toThrow("no room");
  });

  test("a note is kept with it", async () => {
    const all: Checkpoint[] = [];
    const save = (checkpoint: Checkpoint) => void all.push(throughFile(checkpoint));
    await fit(await open(), data, { ...settings, checkpoint: { save, note: { a: [1, null] } } });
    expect(all[0].note).toEqual({ a: [1, null] });
  });
});

describe("what is refused", () => {
  const first = async (more: FitOptions = {}, from: Dataset = data, options?: EngineOptions) => {
    const all: Checkpoint[] = [];
    const save = (checkpoint: Checkpoint) => void all.push(throughFile(checkpoint));
    const engine = await open(options);
    await fit(engine, from, { ...settings, epochs: 1, ...more, checkpoint: { save } });
    return all[0];
  };
  const goOn = async (checkpoint: Checkpoint) =>
    fit(await open(), data, { ...settings, epochs: 1, resume: checkpoint });

  test.each([
    [
      "another rate",
      () => first({ learningRate: 0.01 }),
      /settings, learningRate is 0.01 in it, and 0.02 here/,
    ],
    ["more epochs", () => first({ epochs: 2 }), /settings, epochs is 2 in it, and 1 here/],
    ["another optimizer", () => first({ optimizer: "sgd" }), /settings, optimizer.type is "sgd" in it/],
    ["an average", () => first({ ema: 0.5 }), /settings, ema is 0.5 in it, and not given here/],
    [
      "no patience",
      () => first({ patience: undefined }),
      /settings, patience is not given in it, and 3 here/,
    ],
    ["another split", () => first({ validation: 6 }), /settings, validation is 6 in it/],
    ["fewer images", () => first({}, bars(39)), /data, images is 39 in it, and 40 here/],
    ["other images", () => first({}, bars(40, 1)), /its images or labels are others, though as many/],
    [
      "another engine",
      () => first({}, data, { threads: 1 }),
      /engine, name is "wasm" in it, and "reference" here/,
    ],
  ] as const)("%s", async (_, make, message) => {
    const error = await goOn(await make()).catch((error: unknown) => error);
    expect((error as Error).name).toBe("InputError");
    expect((error as Error).message).toMatch(
      /^The checkpoint is of another training: of its |^The checkpoint is of another training: its /,
    );
    expect((error as Error).message).toMatch(message);
    expectSentence((error as Error).message);
  });

  test("another network", async () => {
    const checkpoint = await first();
    const layers = network.layers.map((layer) =>
      layer.type === "dropout" ? { ...layer, rate: 0.5 } : layer,
    );
    const engine = await createEngine({ ...network, layers }, { engine: "reference" });
    onTestFinished(() => engine.close());
    await expect(fit(engine, data, { ...settings, epochs: 1, resume: checkpoint })).rejects.toThrow(
      /of its network, layers.4.rate is 0.25 in it, and 0.5 here/,
    );
  });

  test.each([
    [{ checkpoint: {} }, /checkpoint.save must be a function/],
    [{ checkpoint: { save: () => {}, evry: 1 } }, /unknown option of checkpoint "evry"/],
    [{ checkpoint: () => {} }, /checkpoint must be \{ save \}/],
    [{ checkpoint: { save: () => {}, every: { minutes: 1 } } }, /checkpoint.every must be \{ seconds \}/],
    [
      { checkpoint: { save: () => {}, every: { steps: 0 } } },
      /checkpoint.every.steps must be a whole number/,
    ],
    [{ resume: {} }, /resume must be a checkpoint/],
    [{ keep: "most" }, /keep must be "best" or "last"/],
    [{ patience: 0 }, /patience must be a whole number/],
    [{ patience: 2, validation: 0 }, /patience needs validation images/],
    [{ keep: "best", validation: 0 }, /keep: "best" needs validation images/],
  ])("%o", async (options, message) => {
    const engine = await open();
    await expect(fit(engine, data, options as FitOptions)).rejects.toThrow(message);
  });
});

describe("a damaged file", () => {
  const make = async () =>
    formatCheckpoint((await checkpointsOf(await open(), { epochs: 9 }, { epochs: 1 }))[1]);

  test("any byte that is another, and any that is missing", async () => {
    const bytes = await make();
    for (let k = 0; k < bytes.length; k += few(389, 97)) {
      const damaged = bytes.slice();
      damaged[k] ^= 1 << (k % 8);
      expectRefusal(() => parseCheckpoint(damaged, "it"), /^it: it is damaged/);
      expectRefusal(() => parseCheckpoint(bytes.subarray(0, k), "it"), /^it: it is damaged/);
    }
  });

  test("one whose checksum is right, of a newer unravel or of nonsense", async () => {
    const [checkpoint] = await checkpointsOf(await open(), undefined, { epochs: 1 });
    const wrong = (change: object) => () => throughFile({ ...checkpoint, ...change } as Checkpoint);
    expectRefusal(wrong({ seconds: "1" }), /damaged, or not a checkpoint/);
    expectRefusal(wrong({ history: [{}] }), /damaged, or not a checkpoint/);
    expectRefusal(wrong({ about: {} }), /damaged, or not a checkpoint/);
    expectRefusal(wrong({ state: { ...checkpoint.state, totals: { loss: "much" } } }), /damaged, or not/);
  });
});

test("totals that are not of the steps that were done are refused, however large", async () => {
  const [, checkpoint] = await checkpointsOf(await open(), { steps: 3 }, { epochs: 1 });
  for (const steps of [0, 2, 1e308]) {
    const state = { ...checkpoint.state, totals: { ...checkpoint.state.totals, steps } };
    const resumed = fit(await open(), data, { ...settings, epochs: 1, resume: { ...checkpoint, state } });
    await expect(resumed).rejects.toThrow(
      /can't be resumed after 3 steps with totals of .* steps of the epoch/,
    );
  }
});

describe("the best epoch, and the end before the last", () => {
  test("keeps the weights of the epoch with the smallest loss on the images set aside", async () => {
    const engine = await open();
    const long = {
      ...settings,
      epochs: 8,
      learningRate: 0.3,
      schedule: "constant",
      patience: undefined,
    } as const;
    const seen: [number, unknown][] = [];
    const history = await fit(engine, data, {
      ...long,
      onProgress: (event) => {
        if (event.type === "epoch") seen.push([event.record.valLoss as number, engine.parameters()]);
      },
    });
    const losses = seen.map(([loss]) => loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(best, "the last one is no test").toBeLessThan(7);
    expect(history.keptEpoch).toBe(best + 1);
    expect(engine.parameters()).toEqual(seen[best][1]);
    expect(history.stoppedEarly).toBe(false);
  });

  test("ends after so many epochs that are no better, and without keep holds the last", async () => {
    const engine = await open();
    const history = await fit(engine, data, {
      ...{ ...settings, epochs: 40, learningRate: 0.3, schedule: "constant", keep: "last", patience: 2 },
    });
    const losses = history.epochs.map(({ valLoss }) => valLoss as number);
    expect(history.stoppedEarly).toBe(true);
    expect(losses.length).toBe(losses.indexOf(Math.min(...losses)) + 1 + 2);
    expect(history.keptEpoch).toBe(losses.length);
  });

  test("sets a tenth aside by itself, of each class its share", async () => {
    const engine = await open();
    const { epochs } = await fit(engine, data, { epochs: 1, patience: 1 });
    expect(epochs[0].valLoss).not.toBeNull();
  });
});

test("onEpoch hears of each epoch beside onProgress, also of those after a break; if it throws, training ends", async () => {
  const told: (readonly [number, number])[] = [];
  const events: number[] = [];
  const all: Checkpoint[] = [];
  await fit(await open(), data, {
    ...settings,
    patience: undefined,
    onEpoch: ({ loss }, epoch) => void told.push([epoch, loss]),
    onProgress: ({ type, epoch }) => void (type === "epoch" && events.push(epoch)),
    checkpoint: { every: { epochs: 1 }, save: (checkpoint) => void all.push(checkpoint) },
  });
  expect(events).toEqual([1, 2, 3, 4]);
  expect(told.map(([epoch]) => epoch)).toEqual(events);
  const later: (readonly [number, number])[] = [];
  await fit(await open(), data, {
    ...{ ...settings, patience: undefined, resume: all[2] },
    onEpoch: ({ loss }, epoch) => void later.push([epoch, loss]),
  });
  expect(later).toEqual(told.slice(2));
  for (const onEpoch of [
    () => Promise.reject(new Error("no")),
    () => {
      throw new Error("no");
    },
  ]) {
    await expect(fit(await open(), data, { epochs: 2, onEpoch })).rejects.toThrow("no");
  }
});

test("an error beside an abort keeps nothing: what the training knows then doesn't fit together", async () => {
  const controller = new AbortController();
  const places: number[] = [];
  const engine = await open();
  const failing: Engine = {
    ...{ name: engine.name, model: engine.model, threads: 1, strict: true },
    parameters: () => engine.parameters(),
    setParameters: (parameters) => engine.setParameters(parameters),
    logits: (images, options) => engine.logits(images, options),
    close: () => engine.close(),
    startTraining: async (images, options) => {
      const run = await engine.startTraining(images, options);
      return {
        epoch: async (order, rates, listeners) => {
          await run.epoch(order, rates, listeners);
          controller.abort(new Error("enough"));
          throw new Error("broken");
        },
        state: () => run.state(),
        close: () => run.close(),
      };
    },
  };
  const training = fit(failing, data, {
    ...{ ...settings, signal: controller.signal },
    checkpoint: { save: ({ state }) => void places.push(state.steps) },
  });
  await expect(training).rejects.toThrow("broken");
  expect(places).toEqual([0]);
});
