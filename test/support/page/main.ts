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

  /**
   * Trains until it has reported, and a timer has had its turn, so many times, and aborts; what came of it. A training that left
   * no turn to others, or kept its reports for its end, would never be aborted, and takes hours.
   */
  async abortAfter(options: EngineOptions, reports: number, turns: number) {
    const abort = new AbortController();
    let [reported, turned] = [0, 0];
    const count = () => reported >= reports && turned >= turns && abort.abort("that is enough");
    const { engine, training } = await begin(options, abort.signal, () => {
      reported++;
      count();
    });
    const timer = setInterval(() => {
      turned++;
      count();
    }, 5);
    const end = await training;
    clearInterval(timer);
    await engine.close();
    return end;
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
