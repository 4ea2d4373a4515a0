import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Engine, evaluate, FailureError, fit, InputError, type ProgressEvent } from "unravel-cnn";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { few, LONG } from "../../../../test/support/long.js";
import { Control } from "../../src/engine/wasm/control.js";
import { randomStream } from "../../src/random.js";
import { bars, manyBars } from "../support/bars.js";
import { builtEngine, FOREVER, pause, rejection, trainedFrom } from "../support/trainedBars.js";
import { running, watchWorkers, withoutSharedMemory } from "../support/workers.js";

/*
 * What may happen to an engine at work. All of it for each kind of pool: threads on shared memory, more of them than
 * the machine has cores, the one worker of pages that can't share memory, and the calling thread alone.
 */

/** Starting them is what takes long. */
const MANY = few(Math.min(9, availableParallelism() + 2), 9);

const allKinds = [
  ["3 threads", { threads: 3 }, 3],
  [`${MANY} threads`, { threads: MANY }, MANY],
  ["one worker that shares no memory", { threads: 1, alone: true }, 1],
  ["no workers", { threads: 0 }, 0],
] as const;
const kinds = few(allKinds.slice(1), [...allKinds]);

/** What doesn't depend on how a pool waits for its threads is tried with one kind of pool. */
const isWhole = (kind: string) => LONG || kind === "one worker that shares no memory";

const ABORTS = few(6, 50);

describe.each(kinds)("%s", (kind, { threads, ...rest }, workerCount) => {
  let workers: ReturnType<typeof watchWorkers>;

  beforeEach(() => {
    workers = watchWorkers();
    if ("alone" in rest) withoutSharedMemory();
  });

  test("one image to evaluate waits for nobody; training gives the bits of one thread", async () => {
    const alone = await builtEngine({ threads: 0 });
    const engine = await builtEngine({ threads });
    expect(await trainedFrom(engine, alone.parameters())).toBe(await trainedFrom(alone, alone.parameters()));
    expect(running(workers)).toBe(workerCount);
    const many = bars(300, 1);
    expect(await engine.logits(many.images)).toEqual(await alone.logits(many.images));
  });

  test(`${ABORTS} aborts at random moments: each ends it with the reason, and the engine can train anew`, async () => {
    const engine = await builtEngine({ threads });
    const start = engine.parameters();
    const expected = await trainedFrom(engine, start);
    const random = randomStream(1, "moments of aborts");
    for (let k = 0; k < ABORTS; k++) {
      const controller = new AbortController();
      const reason = new Error(`abort ${k}`);
      setTimeout(() => controller.abort(reason), 30 * random.uniform(k));
      const error = await rejection(fit(engine, bars(400), { ...FOREVER, signal: controller.signal }));
      expect(error).toBe(reason);
      if (k % 5 === 0) expect(await trainedFrom(engine, start), `after abort ${k}`).toBe(expected);
    }
    expect(running(workers)).toBe(workerCount);
    await engine.close();
    expect(running(workers)).toBe(0);
  });

  test("evaluating can be aborted too", async () => {
    const engine = await builtEngine({ threads });
    const data = manyBars(20_000);
    const expected = await evaluate(engine, bars(500));
    for (const milliseconds of [0, 1, 3]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort("enough"), milliseconds);
      const work = (async () => {
        while (true) await evaluate(engine, data, { signal: controller.signal });
      })();
      expect(await rejection(work)).toBe("enough");
    }
    expect(await evaluate(engine, bars(500))).toEqual(expected);
  });

  test("closed while it trains and evaluates: both fail, and so does what comes later", async () => {
    const engine = await builtEngine({ threads });
    const work = [fit(engine, bars(400), FOREVER), evaluate(engine, manyBars(60_000))].map(rejection);
    await pause(10);
    await engine.close();
    for (const error of await Promise.all(work)) expectClosed(error);
    expect(running(workers)).toBe(0);
    for (const batchSize of [1, 8, 9]) {
      expectClosed(await rejection(fit(engine, bars(100), { batchSize })));
    }
    expect(running(workers)).toBe(0);
    expectClosed(await rejection(engine.logits(bars(100).images)));
    expectClosed(await rejection(engine.logits(bars(1).images)));
    await engine.close();
  });

  test("it can be asked for predictions while it trains; they are those of an epoch's end", async () => {
    const engine = await builtEngine({ threads });
    const { images } = bars(200, 1);
    const start = await engine.logits(images);
    const controller = new AbortController();
    const training = rejection(fit(engine, bars(100), { ...FOREVER, signal: controller.signal }));
    await vi.waitUntil(async () => (await engine.logits(images))[0] !== start[0], { timeout: 20_000 });
    controller.abort();
    await training;
    expect(await engine.logits(images)).toEqual(await fromItsParameters(engine, images));
  });

  if (!isWhole(kind)) return;

  test("nothing starts if it was aborted before", async () => {
    const engine = await builtEngine({ threads });
    const signal = AbortSignal.abort("never");
    expect(await rejection(fit(engine, bars(100), { signal }))).toBe("never");
    expect(await rejection(evaluate(engine, bars(100), { signal }))).toBe("never");
    expect(workers).toHaveLength(0);
  });

  test("an exception in a callback ends what it listens to, and nothing else", async () => {
    const engine = await builtEngine({ threads });
    const start = engine.parameters();
    const expected = await trainedFrom(engine, start);
    const uncaught = vi.fn();
    process.on("uncaughtException", uncaught).on("unhandledRejection", uncaught);
    onTestFinished(() => {
      process.off("uncaughtException", uncaught).off("unhandledRejection", uncaught);
    });
    const reason = new Error("in the callback");
    for (const type of ["step", "epoch"]) {
      const onProgress = (event: ProgressEvent) => {
        if (event.type === type) throw reason;
      };
      const later = async (event: ProgressEvent) => onProgress(event);
      for (const listener of [onProgress, later]) {
        const options = { batchSize: 16, learningRate: 1e-4, onProgress: listener };
        const work = fit(engine, manyBars(4000), { ...options, epochs: type === "step" ? 10_000 : 1 });
        expect(await rejection(work), type).toBe(reason);
      }
    }
    const onProgress = () => {
      throw reason;
    };
    // twice as many each time, until it takes long enough for a report
    const evaluating = (async () => {
      for (let count = 20_000; ; count *= 2) await evaluate(engine, bars(count), { onProgress });
    })();
    expect(await rejection(evaluating)).toBe(reason);
    expect(await trainedFrom(engine, start)).toBe(expected);
    expect(uncaught).not.toHaveBeenCalled();
  });

  test("a run that was closed trains no more", async () => {
    const engine = await builtEngine({ threads });
    const run = await engine.startTraining(bars(10), {
      batchSize: 10,
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0, decay: "all" },
    });
    await run.close();
    await run.close();
    const error = await rejection(run.epoch(Uint32Array.of(0, 1), Float64Array.of(0.1)));
    expect(error).toBeInstanceOf(InputError);
    await trainedFrom(engine, engine.parameters());
  });

  test("two engines work at the same time", async () => {
    const [a, b] = await Promise.all([builtEngine({ threads }), builtEngine({ threads, seed: 1 })]);
    const [startOfA, startOfB] = [a.parameters(), b.parameters()];
    const together = await Promise.all([trainedFrom(a, startOfA), trainedFrom(b, startOfB)]);
    expect(together).toEqual([await trainedFrom(a, startOfA), await trainedFrom(b, startOfB)]);
    expect(together[0]).not.toBe(together[1]);
  });
});

test.each(kinds.filter(([, { threads }]) => threads > 0))(
  "%s: one that dies in the middle of an epoch ends it in an error",
  async (_, { threads, ...rest }) => {
    const workers = watchWorkers();
    if ("alone" in rest) withoutSharedMemory();
    const engine = await builtEngine({ threads });
    const start = engine.parameters();
    const onProgress = vi.fn();
    const work = rejection(fit(engine, bars(400), { ...FOREVER, onProgress }));
    await vi.waitUntil(() => onProgress.mock.calls.length > 0, { timeout: 20_000 }); // all threads have started
    const waiting = rejection(evaluate(engine, manyBars(20_000)));
    await workers[workers.length - 1].terminate();
    for (const error of [await work, await waiting, await rejection(fit(engine, bars(100)))]) {
      expect(error).toBeInstanceOf(FailureError);
      expect((error as Error).message).toMatch(/^A worker thread died \(.+\); .* create another one\.$/);
    }
    // what is left of it ends by itself
    await vi.waitUntil(() => running(workers) === 0, { timeout: 10_000 });
    for (const { data } of Object.values(engine.parameters())) expect(data.every(Number.isFinite)).toBe(true);
    await engine.close();
    await trainedFrom(await builtEngine({ threads }), start);
  },
);

function expectClosed(error: unknown): void {
  expect(error).toBeInstanceOf(FailureError);
  expect((error as Error).message).toMatch(/^The engine was closed/);
}

async function fromItsParameters(engine: Engine, images: Uint8Array): Promise<Float32Array> {
  return (await builtEngine({ threads: 0, parameters: engine.parameters() })).logits(images);
}

test("threads spin at barriers only if there is a core for each", async () => {
  const cores = availableParallelism();
  for (const [threads, spin] of [
    [cores, true],
    [cores + 1, false],
  ] as const) {
    const messages = vi.spyOn(Worker.prototype, "postMessage");
    const engine = await builtEngine({ threads });
    await trainedFrom(engine, engine.parameters());
    const spans = messages.mock.calls.flatMap(([{ spinMs }]) => (spinMs === undefined ? [] : [spinMs]));
    messages.mockRestore();
    expect(spans).toHaveLength(threads);
    for (const span of spans) expect(span > 0).toBe(spin);
  }
});

test("a barrier that a thread comes to after another one has died holds nobody up", () => {
  const control = new Control(Control.allocate(true), 2, 0);
  control.break();
  expect(control.barrier()).toBe(false);
});
