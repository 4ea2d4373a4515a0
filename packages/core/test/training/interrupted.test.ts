import { describe, expect, test } from "vitest";
import { DivergedError } from "../../src/engine/diverged.js";
import { FailureError, InputError } from "../../src/errors.js";
import { evaluate, predict } from "../../src/training/evaluate.js";
import { fit } from "../../src/training/fit.js";
import type { ProgressEvent } from "../../src/training/history.js";
import { bars, barsNetwork } from "../support/bars.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

/** Far more work than any test would wait for. */
const FOREVER = { epochs: 10_000 };

async function caught(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail("it should not have ended well"),
    (error: unknown) => error,
  );
}

describe("aborting", () => {
  test("stops training soon, with the reason that was given", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const controller = new AbortController();
    const reason = new Error("enough");
    let since = 0;
    setTimeout(() => {
      since = 0;
      controller.abort(reason);
    }, 100);
    const onProgress = ({ type }: ProgressEvent) => {
      if (type === "epoch") since++;
    };
    const error = await caught(fit(engine, bars(400), { ...FOREVER, signal: controller.signal, onProgress }));
    expect(error).toBe(reason);
    expect(since, "epochs after that").toBeLessThan(20); // as many as a slice of 30 ms may have, on any machine
  });

  test("from a progress event stops training, too", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const controller = new AbortController();
    const events: string[] = [];
    const error = await caught(
      fit(engine, bars(100), {
        ...FOREVER,
        signal: controller.signal,
        onProgress: ({ type }) => {
          events.push(type);
          if (type === "epoch") controller.abort("after the first epoch");
        },
      }),
    );
    expect(error).toBe("after the first epoch");
    expect(events.filter((type) => type === "epoch")).toHaveLength(1);
  });

  test("is heard if epochs are so short that many fit into a slice", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 50);
    expect(await caught(fit(engine, bars(1), { ...FOREVER, signal: controller.signal }))).toBe("enough");
  });

  test("leaves an engine that holds what was learnt, and can go on", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const start = engine.parameters();
    const controller = new AbortController();
    const options = { ...FOREVER, signal: controller.signal, onProgress: () => controller.abort() };
    const error = await caught(fit(engine, bars(400), options));
    expect((error as Error).name).toBe("AbortError");

    const parameters = engine.parameters();
    expect(parameters).not.toEqual(start);
    for (const { data } of Object.values(parameters)) {
      expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
    }
    await fit(engine, bars(400), { epochs: 5, batchSize: 16, learningRate: 0.02 });
    expect((await evaluate(engine, bars(100, 1))).accuracy).toBeGreaterThan(0.9);
  });

  test("before it began changes nothing", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const start = engine.parameters();
    const signal = AbortSignal.abort("never");
    expect(await caught(fit(engine, bars(20), { signal }))).toBe("never");
    expect(await caught(evaluate(engine, bars(20), { signal }))).toBe("never");
    expect(await caught(predict(engine, bars(20).images, { signal }))).toBe("never");
    expect(engine.parameters()).toEqual(start);
  });

  test("stops evaluating soon", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const controller = new AbortController();
    let seen = 0;
    const onProgress = (images: number) => {
      seen = images;
      controller.abort("enough");
    };
    // twice as many each time, until it takes long enough for a report
    let count = 20_000;
    const evaluating = (async () => {
      for (; ; count *= 2) await evaluate(engine, bars(count), { signal: controller.signal, onProgress });
    })();
    expect(await caught(evaluating)).toBe("enough");
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(count);
  });
});

test("two trainings of one engine at the same time are refused: the second is told, the first goes on", async () => {
  const engine = await createReferenceEngine(barsNetwork);
  const first = fit(engine, bars(400));
  const error = await caught(fit(engine, bars(400)));
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toMatch(/trained already/);
  expect((await first).epochs).toHaveLength(3);
  await fit(engine, bars(20), { epochs: 1 });
});

describe("a learning rate that is far too high", () => {
  const wild = {
    learningRate: 1e30,
    schedule: "constant",
    optimizer: { type: "sgd" },
    batchSize: 8,
  } as const;

  test("ends in an error that names the step, the rate and what to do", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const error = await caught(fit(engine, bars(100), wild));
    expect(error).toBeInstanceOf(DivergedError);
    expect(error).toBeInstanceOf(FailureError);
    const { step, message } = error as DivergedError;
    expect(step).toBeGreaterThan(1); // the first loss is from before any update
    expect(step).toBeLessThan(10);
    expect(message).toMatch(/^The loss became (NaN \(not a number\)|infinite) at step \d+, .*\.$/);
    expect(message).toContain(`at step ${step}`);
    expect(message).toContain("1e+30");
    expect(message).toContain("try 0.012,");
  });

  test("is noticed after the very last step, too: then it is a parameter that is infinite", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const error = await caught(
      fit(engine, bars(24), {
        ...wild,
        learningRate: 1e20,
        optimizer: { type: "sgd", weightDecay: 1e30 },
        epochs: 1,
        batchSize: 24,
      }),
    );
    expect(error).toBeInstanceOf(DivergedError);
    expect((error as DivergedError).step).toBe(1);
    expect((error as DivergedError).message).toMatch(
      /^The conv1\.weight became infinite at step 1, which .* the learning rate \(1e\+20 at that step\) is too high: .*\.$/,
    );
  });

  test("counts steps over all epochs", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const run = await engine.startTraining(bars(16), {
      batchSize: 8,
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0, decay: "all" },
    });
    const order = Uint32Array.from({ length: 16 }, (_, k) => k);
    await run.epoch(order, Float64Array.of(0.01, 0.01));
    const error = await caught(run.epoch(order, Float64Array.of(Infinity, 0.01)));
    expect((error as DivergedError).step).toBe(4);
  });

  test("leaves an engine that can start anew", async () => {
    const engine = await createReferenceEngine(barsNetwork);
    const start = engine.parameters();
    await caught(fit(engine, bars(100), wild));
    engine.setParameters(start);
    await fit(engine, bars(400), { epochs: 5, batchSize: 16, learningRate: 0.02 });
    expect((await evaluate(engine, bars(100, 1))).accuracy).toBeGreaterThan(0.9);
  });
});
