import type { Request, Response } from "./messages.js";

/*
 * What differs between Node and browsers: how a worker is started and how many cores there are. Node's modules are asked
 * for by name at run time, so that bundlers for the browser never meet them.
 */

interface NodeModules {
  "node:worker_threads": typeof import("node:worker_threads");
  "node:os": typeof import("node:os");
}

function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** Node's `worker_threads`; undefined in browsers. */
export function workerThreads(): NodeModules["node:worker_threads"] | undefined {
  return nodeModule("node:worker_threads");
}

/** How many threads can run at the same time here. */
export function coreCount(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether threads can share memory: not on pages without cross-origin isolation. */
export function canShareMemory(): boolean {
  return (
    typeof SharedArrayBuffer !== "undefined" &&
    (workerThreads() !== undefined || typeof Worker !== "undefined")
  );
}

/** A worker, as far as it is needed here. */
export interface WorkerThread {
  send(request: Request): void;
  /** Ends it. */
  end(): Promise<void>;
}

/** @param onEnd called if the worker ends although nobody ended it, with the reason */
export function startWorker(
  onResponse: (response: Response) => void,
  onEnd: (reason: string) => void,
): WorkerThread {
  const node = workerThreads();
  if (node) {
    const worker = new node.Worker(new URL("./worker.js", import.meta.url));
    let ending = false;
    worker.on("message", onResponse);
    worker.on("error", (error) => onEnd(error.message));
    worker.on("exit", (code) => {
      if (!ending) onEnd(`it ended with code ${code}`);
    });
    worker.unref(); // a worker without work keeps no process alive
    return {
      send: (request) => worker.postMessage(request),
      end: async () => {
        ending = true;
        await worker.terminate();
      },
    };
  }
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => onResponse(data));
  worker.addEventListener("error", ({ message }) => onEnd(message));
  return {
    send: (request) => worker.postMessage(request),
    end: async () => worker.terminate(),
  };
}
