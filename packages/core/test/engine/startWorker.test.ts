import { once } from "node:events";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import workerThreads from "node:worker_threads";
import { borrowWorkers, FailureError, fit, InputError, lendWorkers, measurePeak } from "unravel-cnn";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { bars } from "../support/bars.js";
import { builtEngine, FOREVER, rejection, trainedFrom } from "../support/trainedBars.js";
import { running, watchWorkers, withoutSharedMemory } from "../support/workers.js";

/*
 * Workers that somebody else starts for an engine: a function, or another thread that lends them.
 */

const file = pathToFileURL(createRequire(import.meta.url).resolve("unravel-cnn/worker"));
const startWorker = () => new workerThreads.Worker(file);

/** Workers that are lent until the test is over. */
function lending() {
  const lent = lendWorkers(startWorker);
  onTestFinished(lent.end);
  return lent;
}

describe.each([
  ["threads on shared memory", { threads: 3 }, true],
  ["one worker that shares no memory", { threads: 1 }, false],
])("%s", (_, { threads }, shared) => {
  let workers: ReturnType<typeof watchWorkers>;

  beforeEach(() => {
    workers = watchWorkers();
    if (!shared) withoutSharedMemory();
  });

  test("started by a function, or lent: the same bits, and closing ends them", async () => {
    const alone = await builtEngine({ threads: 0 });
    const start = alone.parameters();
    const expected = await trainedFrom(alone, start);
    const lent = lending();
    for (const option of [startWorker, borrowWorkers(lent.port)]) {
      const engine = await builtEngine({ threads, startWorker: option });
      expect(await trainedFrom(engine, start)).toBe(expected);
      expect(running(workers)).toBe(threads);
      await engine.close();
      await allEnd(workers);
    }
    expect(workers).toHaveLength(2 * threads);
  });

  test("the peak is measured on the engine's own threads", async () => {
    const engine = await builtEngine({ threads });
    const start = engine.parameters();
    const expected = await trainedFrom(engine, start);
    for (let k = 0; k < 2; k++) expect(await measurePeak({ engine, milliseconds: 5 })).toBeGreaterThan(0);
    expect(await trainedFrom(engine, start)).toBe(expected);
    expect(workers).toHaveLength(threads);
  });

  test("a lent one that dies is noticed, and the others end", async () => {
    const engine = await builtEngine({ threads, startWorker: borrowWorkers(lending().port) });
    const work = rejection(fit(engine, bars(400), { ...FOREVER, onProgress: () => workers[0].terminate() }));
    expectFailure(await work, /^A worker thread died \(it ended with code 1\); close this engine/);
    await allEnd(workers);
  });

  test("those who lent them may end them all", async () => {
    const lent = lending();
    const startWorker = borrowWorkers(lent.port);
    const engine = await builtEngine({ threads, startWorker });
    const work = rejection(fit(engine, bars(400), { ...FOREVER, onProgress: () => void lent.end() }));
    expectFailure(await work, /^A worker thread died \(its lender has ended\); close this engine/);
    await allEnd(workers);
    const later = await builtEngine({ threads, startWorker });
    const words = /^A worker thread could not be started \(its lender has ended\)/;
    expectFailure(await rejection(fit(later, bars(20))), words);
  });

  test.each<[string, () => never]>([
    [
      "a file that isn't there",
      (() => new workerThreads.Worker(new URL("nowhere.cjs", file))) as () => never,
    ],
    [
      "a function that throws",
      (() => new workerThreads.Worker(new URL("worker.js", "about:blank"))) as () => never,
    ],
  ])("%s: it says how to do without, and how to point to it", async (_, broken) => {
    const words =
      /^A worker thread could not be started \(.+\); .* threads: 0 .* startWorker: .* unravel-cnn\/worker\.$/;
    for (const option of [broken, borrowWorkers(lendBroken(broken))]) {
      const engine = await builtEngine({ threads, startWorker: option });
      expectFailure(await rejection(fit(engine, bars(20))), words);
      expectFailure(await rejection(engine.logits(bars(100).images)), words);
    }
    await allEnd(workers);
  });

  test("a browser's worker whose file is missing says nothing but that there is an error", async () => {
    const made: { terminate(): void }[] = [];
    const startWorker = () => {
      const worker = Object.assign(new EventTarget(), { postMessage: () => {}, terminate: vi.fn() });
      setTimeout(() => worker.dispatchEvent(new Event("error")));
      made.push(worker);
      return worker;
    };
    for (const option of [startWorker, borrowWorkers(lendBroken(startWorker as never))]) {
      const engine = await builtEngine({ threads, startWorker: option as never });
      const error = await rejection(fit(engine, bars(20)));
      expectFailure(error, /^A worker thread could not be started \(its file could not be loaded\); /);
      await vi.waitUntil(() => made.every(({ terminate }) => vi.mocked(terminate).mock.calls.length > 0));
    }
    expect(made).toHaveLength(2 * threads);
  });

  test("what gives no worker is refused by its name", async () => {
    for (const [given, words] of [
      [undefined, "Undefined"],
      [Promise.resolve(), "Promise"],
      [{ postMessage: () => {} }, "Object"],
    ]) {
      const engine = await builtEngine({ threads, startWorker: () => given as never });
      const error = await rejection(fit(engine, bars(20)));
      expect(error).toEqual(new InputError(`startWorker must return a Worker at once, not ${words}.`));
    }
  });
});

test("an option that is no function is refused", async () => {
  const error = await rejection(builtEngine({ startWorker: startWorker() as never }));
  expect(error).toBeInstanceOf(InputError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^The engine: startWorker must be a function, not /),
  });
});

test("a textbook engine has no threads to be measured", async () => {
  const engine = await builtEngine({ engine: "reference" });
  expect(await rejection(measurePeak({ engine }))).toBeInstanceOf(InputError);
});

test("in a thread that starts none itself; when it dies, so do those that were lent to it", async () => {
  const workers = watchWorkers();
  const lent = lending();
  const library = new URL("../../bundle/index.js", import.meta.url);
  const borrower = new workerThreads.Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
    require("node:worker_threads").Worker = class { constructor() { throw new Error("started here"); } };
    (async () => {
      const { borrowWorkers, createEngine, fit, noise, oneConv } = await import(${JSON.stringify(library.href)});
      const startWorker = borrowWorkers(workerData);
      const engine = await createEngine(oneConv({ filters: 2, input: [1, 8, 8] }), { threads: 2, startWorker });
      await fit(engine, noise(engine.model, 40), {
        epochs: 100_000, learningRate: 1e-5, onProgress: () => parentPort.postMessage("trains"),
      });
    })();`,
    { eval: true, workerData: lent.port, transferList: [lent.port as never] },
  );
  expect(await once(borrower, "message")).toEqual(["trains"]);
  expect(running(workers)).toBe(3);
  await borrower.terminate();
  await allEnd(workers);
});

/** The port of a lender whose workers can't be started. */
function lendBroken(broken: () => never) {
  const lent = lendWorkers(broken);
  onTestFinished(lent.end);
  return lent.port;
}

/** A machine that is busy takes longer. */
async function allEnd(workers: ReturnType<typeof watchWorkers>): Promise<void> {
  await vi.waitUntil(() => running(workers) === 0, { timeout: 20_000 });
}

function expectFailure(error: unknown, words: RegExp): void {
  expect(error).toBeInstanceOf(FailureError);
  expect((error as Error).message).toMatch(words);
}
