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

  /** Trains for so long, aborts, and tells how it went on the page's thread meanwhile. */
  async abortAfter(options: EngineOptions, milliseconds: number) {
    const abort = new AbortController();
    let reports = 0;
    let turns = 0;
    let longestWait = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longestWait = Math.max(longestWait, now - last);
      last = now;
      turns++;
    }, 5);
    let trains = () => {};
    const firstReport = new Promise<void>((resolve) => {
      trains = resolve;
    });
    const { engine, training } = await begin(options, abort.signal, () => {
      reports++;
      trains();
    });
    // starting, compiling and loading take their time, on a busy machine a long one
    await Promise.race([firstReport, training]);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const start = performance.now();
    abort.abort("that is enough");
    const end = await training;
    const abortTook = performance.now() - start;
    clearInterval(timer);
    await engine.close();
    return { end, abortTook, reports, turns, longestWait };
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
