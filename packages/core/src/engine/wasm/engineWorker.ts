import { InputError } from "../../errors.js";
import { lostError } from "../failures.js";

/*
 * Workers as an engine needs them, whoever starts them. The types name no type of browsers or of Node, so that they can
 * be read where one of the two is missing.
 */

/** What can be moved to a worker; `never` is all that browsers' types and Node's have in common. */
export const moved = (things: readonly unknown[]): never[] => things as never[];

/** Starts a worker that runs `unravel-cnn/worker`. */
export type StartWorker = () => EngineWorker;

/** A browser's `Worker`, one of Node's `worker_threads`, or what can be spoken to in the same way. */
export type EngineWorker = WebWorker | NodeWorker;

export interface WebWorker {
  postMessage(message: unknown, transfer: never[]): void;
  terminate(): unknown;
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void;
}

/** `message` with `data`, `error` with a `message`, or `messageerror`. */
export interface WorkerEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly message?: string;
  preventDefault(): void;
}

export interface NodeWorker {
  postMessage(message: unknown, transfer: never[]): void;
  terminate(): unknown;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  unref(): void;
}

/**
 * @throws InputError if `startWorker` gives no worker
 * @throws FailureError if it throws
 */
export function start(startWorker: StartWorker): EngineWorker {
  const worker = attempt(startWorker);
  if (!isWorker(worker)) {
    const given = Object.prototype.toString.call(worker).slice("[object ".length, -1);
    throw new InputError(`startWorker must return a Worker at once, not ${given}.`);
  }
  return worker;
}

function attempt(startWorker: StartWorker): EngineWorker {
  try {
    return startWorker();
  } catch (error) {
    throw lostError(error instanceof Error ? error.message : String(error));
  }
}

function isWorker(worker: unknown): worker is EngineWorker {
  const { postMessage, terminate, on, addEventListener } = (worker ?? {}) as Partial<WebWorker & NodeWorker>;
  return [postMessage, terminate, on ?? addEventListener].every((method) => typeof method === "function");
}

/**
 * From then on the worker keeps no process alive.
 * @param onEnd called if the worker ends by itself, with the reason; maybe more than once
 */
export function listen(
  worker: EngineWorker,
  onMessage: (message: unknown) => void,
  onEnd: (reason: string) => void,
): void {
  if ("on" in worker) {
    worker.on("message", onMessage);
    worker.on("error", ({ message }) => onEnd(message));
    worker.on("exit", (code) => onEnd(`it ended with code ${code}`));
    worker.unref(); // last: to listen for messages makes it count again
    return;
  }
  worker.addEventListener("message", ({ data }) => onMessage(data));
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // whoever hears of it says it
    onEnd(event.message || "its file could not be loaded");
  });
  worker.addEventListener("messageerror", () => onEnd("its message could not be read"));
}
