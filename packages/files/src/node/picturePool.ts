import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FailureError } from "unravel-cnn";
import { decodeBatch } from "./decodeBatch.js";
import type { Answer, Batch } from "./messages.js";

/** More threads than this wait for what reads the files. */
const MOST_THREADS = 16;
/** So that a thread has work while its answer is on the way. */
const BATCHES_A_THREAD = 2;
/** For fewer pictures than this another thread isn't worth its start. */
const FILES_A_THREAD = 64;
/** Nor is the first, if they are so small together. */
const BYTES_WITHOUT_THREADS = 2 ** 18;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that decode pictures, one for each core. */
export class PicturePool {
  readonly #threads: { readonly worker: Worker; readonly waiting: Waiting[] }[];
  #failure: Error | undefined;

  /** @param files how many there will be, of so many bytes together */
  constructor(files: number, bytes: number) {
    const count = Math.min(availableParallelism(), MOST_THREADS, Math.ceil(files / FILES_A_THREAD));
    this.#threads = Array.from(
      { length: files <= FILES_A_THREAD && bytes <= BYTES_WITHOUT_THREADS ? 0 : count },
      () => {
        const worker = new Worker(new URL("./pictureWorker.js", import.meta.url));
        const waiting: Waiting[] = [];
        worker.on("message", (answer: Answer) => waiting.shift()?.resolve(answer));
        worker.on("error", (error) => this.#fail(waiting, error));
        worker.on("exit", () => this.#fail(waiting, new Error("it ended")));
        return { worker, waiting };
      },
    );
  }

  /** How many batches may be on the way at once. */
  get room(): number {
    return Math.max(1, this.#threads.length) * BATCHES_A_THREAD;
  }

  /** Has the thread that has least to do decode a batch; the files' bytes go over to it. */
  decode(batch: Batch): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#threads.length === 0) return decodeBatch(batch);
    const { worker, waiting } = this.#threads.reduce((least, next) =>
      next.waiting.length < least.waiting.length ? next : least,
    );
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage(batch, [batch.bytes.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #fail(waiting: Waiting[], error: Error): void {
    this.#failure ??= new FailureError(`A thread that decodes pictures has failed: ${error.message}.`, {
      cause: error,
    });
    for (const { reject } of waiting.splice(0)) reject(this.#failure);
  }
}
