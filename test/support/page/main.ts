import {
  createEngine,
  type Engine,
  type EngineOptions,
  fit,
  hasRelaxedSimd,
  noise,
  oneConv,
} from "unravel-cnn";
import { train } from "./train.js";

/*
 * The page of the tests in a browser: what they call in it.
 */

/** Trains until somebody ends it. */
async function begin(options: EngineOptions, signal?: AbortSignal, onProgress?: () => void) {
  const engine = await createEngine(oneConv(), options);
  // biome-ignore lint/suspicious/noFocusedTests: this fit trains
  const training = fit(engine, noise(engine.model, 3000), {
    epochs: 1_000_000,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  }).then(
    () => "it ended",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
  return { engine, training };
}

let present: { engine: Engine; training: Promise<string> } | undefined;

const page = {
  train,

  about: () => ({
    shared: typeof SharedArrayBuffer !== "undefined",
    cores: navigator.hardwareConcurrency,
    relaxed: hasRelaxedSimd(),
  }),

  create: (options: EngineOptions) =>
    createEngine(oneConv(), options).then(
      () => "created",
      (error: Error) => `${error.name}: ${error.message}`,
    ),

  /** Trains until it has reported, and a timer has had its turn, so many times; aborts, and tells how it went meanwhile. */
  async abortAfter(options: EngineOptions, reports: number, turns: number) {
    const abort = new AbortController();
    let enough = () => {};
    const allThat = new Promise<void>((resolve) => {
      enough = resolve;
    });
    let [reported, turned] = [0, 0];
    const count = () => reported >= reports && turned >= turns && enough();
    let longestWait = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longestWait = Math.max(longestWait, now - last);
      last = now;
      turned++;
      count();
    }, 5);
    let first = 0; // starting, compiling and loading take their time, on a busy machine a long one
    const { engine, training } = await begin(options, abort.signal, () => {
      first ||= performance.now();
      reported++;
      count();
    });
    await Promise.race([allThat, training]);
    const start = performance.now();
    abort.abort("that is enough");
    const end = await training;
    const abortTook = performance.now() - start;
    clearInterval(timer);
    await engine.close();
    return { end, abortTook, took: start - first, longestWait };
  },

  /** Begins a training that `close` ends. */
  async start(options: EngineOptions) {
    present = await begin(options);
  },

  async close() {
    await present?.engine.close();
    return present?.training;
  },

  /** Trains until it ends by itself. */
  async wait(options: EngineOptions) {
    return (await begin(options)).training;
  },
};

export type TestPage = typeof page;

Object.assign(globalThis, { page });
