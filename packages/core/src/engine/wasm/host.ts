import { nodeModule } from "../../nodeModules.js";
import type { EngineWorker, StartWorker } from "./engineWorker.js";

/*
 * What differs between Node and browsers: how a worker is started, how many cores there are, what threads can share.
 */

/** How many threads can run at the same time here. */
export function coreCount(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** @param startWorker what starts them, if not this file does */
export function hasWorkers(startWorker?: StartWorker): boolean {
  return (
    startWorker !== undefined ||
    nodeModule("node:worker_threads") !== undefined ||
    typeof Worker !== "undefined"
  );
}

/** Whether threads can share memory: not on pages without cross-origin isolation. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined";
}

/** How many threads there are unless somebody says otherwise. */
export function defaultThreads(startWorker?: StartWorker): number {
  if (!hasWorkers(startWorker)) return 0;
  return canShareMemory() ? coreCount() : 1;
}

/** A worker that runs worker.js, from where that lies beside this file. */
export function startOwnWorker(): EngineWorker {
  return startNodeWorker() ?? startWebWorker();
}

/** What the worker's file is called in the bundle for Node (scripts/bundle.mjs). */
declare const NODE_WORKER: string | undefined;

function startNodeWorker(): EngineWorker | undefined {
  const node = nodeModule("node:worker_threads");
  if (!node) return undefined;
  // not as a literal below: bundlers for browsers would take the file along as it is, a second time
  const file = typeof NODE_WORKER === "undefined" ? "./worker.js" : NODE_WORKER;
  // it needs none of the flags of this process, and some, like --input-type, would keep it from starting
  return new node.Worker(new URL(file, import.meta.url), { execArgv: [] });
}

function startWebWorker(): EngineWorker {
  // bundlers look for just these words
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}
