import { FailureError } from "../../errors.js";
import type { EpochTotals } from "../engine.js";
import { closedError } from "../failures.js";
import type { StartWorker } from "./engineWorker.js";
import type { MemoryLayout } from "./layout.js";
import type { RemoteWork, Response } from "./messages.js";
import type {
  Code,
  EpochResult,
  InferenceProgram,
  JobOptions,
  Pool,
  TrainingProgram,
  TrainingRows,
  TrainingStart,
} from "./pool.js";
import { startThread, type WorkerThread } from "./workerThread.js";

/** Longer than anything takes. */
const NEVER_MS = 2 ** 31 - 1;

interface Call {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
}

/**
 * One worker with memory of its own, for pages that can't share memory. In it runs a LocalPool (see remoteHandler.ts):
 * it works in slices and hears in between what is asked of it here.
 */
export class RemotePool implements Pool {
  readonly threads = 1;
  readonly shared = false;
  readonly #startWorker: StartWorker;
  #worker: WorkerThread | undefined;
  readonly #calls = new Map<number, Call>();
  #callCount = 0;
  #programCount = 0;
  /** Why there is no worker any more. */
  #ended: FailureError | undefined;

  constructor(startWorker: StartWorker) {
    this.#startWorker = startWorker;
  }

  start(): void {
    if (!this.#ended) this.#start();
  }

  async loadTraining(code: Code, layout: MemoryLayout, start: TrainingStart): Promise<TrainingProgram> {
    const program = this.#programCount++;
    // copies, because a part of an array would be sent with all of its buffer; they move over without another copy
    const data = { ...start, images: new Uint8Array(start.images), labels: new Uint8Array(start.labels) };
    await this.#call({ type: "loadTraining", program, code, layout, start: data }, {}, [
      data.images.buffer,
      data.labels.buffer,
    ]);
    return {
      epoch: (request, options) =>
        this.#call<EpochResult, EpochTotals>({ type: "epoch", program, request }, options),
      rows: () => this.#call<TrainingRows, never>({ type: "rows", program }),
      unload: async () => this.#worker?.send({ type: "drop", program }),
    };
  }

  async loadInference(code: Code, layout: MemoryLayout): Promise<InferenceProgram> {
    const program = this.#programCount++;
    await this.#call({ type: "loadInference", program, code, layout });
    return {
      infer: (parameters, all, options) => {
        const images = new Uint8Array(all);
        const work = { type: "infer", program, parameters, images } as const;
        return this.#call<Float32Array, number>(work, options, [images.buffer]);
      },
    };
  }

  async close(): Promise<void> {
    await this.#end(closedError());
  }

  async #call<Result, Progress>(
    work: RemoteWork,
    { signal, onProgress }: JobOptions<Progress> = {},
    transfer: ArrayBuffer[] = [],
  ): Promise<Result> {
    if (this.#ended) throw this.#ended;
    const worker = this.#start();
    const call = this.#callCount++;
    const abort = () => worker.send({ type: "abort", call });
    // a worker keeps no process alive, but this does
    const alive = setInterval(() => {}, NEVER_MS);
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#calls.set(call, { resolve, reject, onProgress });
        worker.send({ type: "call", call, work }, transfer);
        if (signal?.aborted) abort();
        signal?.addEventListener("abort", abort);
      });
    } finally {
      this.#calls.delete(call);
      clearInterval(alive);
      signal?.removeEventListener("abort", abort);
    }
  }

  #start(): WorkerThread {
    this.#worker ??= startThread(
      this.#startWorker,
      (response) => this.#respond(response),
      (why) => void this.#end(why),
    );
    return this.#worker;
  }

  #respond(response: Response): void {
    if (!("call" in response)) return;
    const call = this.#calls.get(response.call);
    if (response.type === "progress") call?.onProgress?.(response.progress as never);
    else if (response.type === "result") call?.resolve(response.result as never);
    else call?.reject(new FailureError(response.message));
  }

  async #end(why: FailureError): Promise<void> {
    this.#ended ??= why;
    for (const { reject } of this.#calls.values()) reject(this.#ended);
    await this.#worker?.end();
  }
}
