import { nodeModule } from "../../nodeModules.js";
import type { Request, Response } from "./messages.js";

/*
 * What differs between Node and browsers: how a worker is started, how many cores there are, what threads can share.
 */

/** How many threads can run at the same time here. */
export function coreCount(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

export function hasWorkers(): boolean {
  return nodeModule("node:worker_threads") !== undefined || typeof Worker !== "undefined";
}

/** Whether threads can share memory: not on pages without cross-origin isolation. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && hasWorkers();
}

/** How many threads there are unless somebody says otherwise. */
export function defaultThreads(): number {
  if (canShareMemory()) return coreCount();
  return hasWorkers() ? 1 : 0;
}

/** A worker, as far as it is needed here. */
export interface WorkerThread {
  send(request: Request, transfer?: readonly ArrayBuffer[]): void;
  /** Ends it, whatever it is doing. */
  end(): Promise<void>;
}

/** @param onEnd called if the worker ends although nobody ended it, with the reason */
export function startWorker(
  onResponse: (response: Response) => void,
  onEnd: (reason: string) => void,
): WorkerThread {
  return startNodeWorker(onResponse, onEnd) ?? startWebWorker(onResponse, onEnd);
}

/** What the worker's file is called in the bundle for Node (scripts/bundle.mjs). */
declare const NODE_WORKER: string | undefined;

function startNodeWorker(
  onResponse: (response: Response) => void,
  onEnd: (reason: string) => void,
): WorkerThread | undefined {
  const node = nodeModule("node:worker_threads");
  if (!node) return undefined;
  // not as a literal below: bundlers for browsers would take the file along as it is, a second time
  const file = typeof NODE_WORKER === "undefined" ? "./worker.js" : NODE_WORKER;
  // it needs none of the flags of this process, and some, like --input-type, would keep it from starting
  const worker = new node.Worker(new URL(file, import.meta.url), { execArgv: [] });
  let ending = false;
  worker.on("message", onResponse);
  worker.on("error", (error) => onEnd(error.message));
  worker.on("exit", (code) => {
    if (!ending) onEnd(`it ended with code ${code}`);
  });
  worker.unref(); // a worker without work keeps no process alive
  return {
    send: (request, transfer) => worker.postMessage(request, transfer),
    end: async () => {
      ending = true;
      await worker.terminate();
    },
  };
}

function startWebWorker(
  onResponse: (response: Response) => void,
  onEnd: (reason: string) => void,
): WorkerThread {
  // bundlers look for just these words
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => onResponse(data));
  worker.addEventListener("error", ({ message }) => onEnd(message || "its file could not be loaded"));
  worker.addEventListener("messageerror", () => onEnd("its message could not be read"));
  return {
    send: (request, transfer = []) => worker.postMessage(request, [...transfer]),
    end: async () => worker.terminate(),
  };
}
