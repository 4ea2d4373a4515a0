import { isDeepStrictEqual } from "node:util";
import { type CommandData, loadData } from "../../data.js";
import { modelOfFile } from "../../model.js";
import { Progress } from "../../terminal/progress.js";
import type { TrainOptions } from "../train/options.js";
import type { FromChild, ToChild } from "./messages.js";
import { runTrial } from "./runTrial.js";

/*
 * A process that does trials, one after the other, on one thread. Its parent tells it which; it ends with its parent. Data stay
 * loaded for the next trial.
 */

/** The options that data follow from. */
const OF_DATA = [
  "data",
  "offline",
  "size",
  "fit",
  "grey",
  "skipBroken",
  "transpose",
  "limit",
  "model",
  "spec",
] as const satisfies readonly (keyof TrainOptions)[];

/** Progress is told at most so often, in milliseconds. */
const INTERVAL_MS = 200;

let loaded: { readonly key: unknown; readonly data: Promise<CommandData> } | undefined;

const send = (message: FromChild) => {
  if (process.connected) process.send?.(message);
};

process.on("disconnect", () => process.exit()); // the parent is gone, however it ended
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {}); // the parent hears it, too, and ends this

process.on("message", ({ task }: ToChild) => {
  let told = 0;
  const onProgress = (share: number) => {
    if (performance.now() - told < INTERVAL_MS) return;
    told = performance.now();
    send({ type: "progress", share });
  };
  // an error that is no result ends this process: the parent begins the trial again in another one
  void runTrial(task, load, onProgress).then((done) => send({ type: "outcome", ...done }));
});

send({ type: "ready" });

async function load(options: TrainOptions): Promise<CommandData> {
  const key = OF_DATA.map((name) => options[name]);
  if (loaded === undefined || !isDeepStrictEqual(loaded.key, key)) {
    const like = await modelOfFile(options.model, options.spec);
    const quiet = new Progress(process.stderr, true);
    const signal = new AbortController().signal;
    loaded = { key, data: loadData({ ...options, like }, "training on", quiet, signal) };
    loaded.data.catch(() => {
      loaded = undefined;
    });
  }
  return loaded.data;
}
