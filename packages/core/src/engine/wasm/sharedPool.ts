import { closedError, deadError } from "../failures.js";
import { type Allocate, SharedBuffers, SharedMemories } from "./buffers.js";
import { Control } from "./control.js";
import type { StartWorker } from "./engineWorker.js";
import { coreCount } from "./host.js";
import {
  epochJob,
  epochResult,
  inferenceJob,
  prepareBlocks,
  readRow,
  readRows,
  shareable,
  totalsOf,
  writeRow,
  writeStart,
} from "./jobs.js";
import type { MemoryLayout } from "./layout.js";
import type { Response, ThreadRequest } from "./messages.js";
import { Mutex } from "./mutex.js";
import type { Code, InferenceProgram, JobOptions, Pool, TrainingProgram, TrainingStart } from "./pool.js";
import { startThread, type WorkerThread } from "./workerThread.js";

/** How long a thread watches for the others at a barrier before it sleeps. */
const SPIN_MS = 0.25;

/** How often progress is reported while workers are busy. */
const PROGRESS_INTERVAL_MS = 50;

/** Longer than anything takes. */
const NEVER_MS = 2 ** 31 - 1;

/** A program as the main thread sees it. */
interface Loaded {
  readonly program: number;
  readonly memory: WebAssembly.Memory;
  readonly control: Control;
}

/** Workers with shared memory. The calling thread only steers. */
export class SharedPool implements Pool {
  readonly threads: number;
  readonly shared = true;
  readonly #mutex = new Mutex();
  readonly #buffers = new SharedBuffers();
  readonly #startWorker: StartWorker;
  readonly #workers: WorkerThread[] = [];
  #programs = 0;
  readonly #memories = new SharedMemories();
  /** The job that all threads are at. */
  #job: { control: Control; left: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Why there are no threads any more. */
  #ended: Error | undefined;

  constructor(threads: number, startWorker: StartWorker) {
    this.threads = threads;
    this.#startWorker = startWorker;
  }

  start(): void {
    if (!this.#ended) this.#start();
  }

  async loadTraining(code: Code, layout: MemoryLayout, start: TrainingStart): Promise<TrainingProgram> {
    const loaded = this.#load(code, layout);
    const { program, memory } = loaded;
    writeStart(memory, layout, start);
    const lease = this.#buffers.lease();
    const images = shareable(start.images, lease.allocate);
    const labels = shareable(start.labels, lease.allocate);
    let unloaded = false;
    return {
      epoch: (request, options) =>
        this.#inTurn(async (allocate) => {
          const job = epochJob(layout, { ...start, images, labels }, request, allocate);
          await this.#run(loaded, { type: "epoch", program, job }, options, () => totalsOf(job));
          return epochResult(job, readRow(memory, layout));
        }),
      rows: () => this.#inTurn(async () => readRows(memory, layout)),
      unload: () =>
        this.#inTurn(async () => {
          if (unloaded || this.#ended) return;
          unloaded = true;
          // only when all have said that they are through with it may others have its memory
          await this.#run(loaded, { type: "unload", program }, {}, () => {});
          this.#memories.giveBack(memory, code);
          lease.end();
        }),
    };
  }

  async loadInference(code: Code, layout: MemoryLayout): Promise<InferenceProgram> {
    const loaded = this.#load(code, layout);
    const { program, memory } = loaded;
    return {
      infer: (parameters, images, options) =>
        this.#inTurn(async (allocate) => {
          if (parameters) writeRow(memory, layout, parameters);
          const isPrepared = parameters === undefined;
          const job = inferenceJob(layout, shareable(images, allocate), isPrepared, allocate);
          const done = () => Atomics.load(job.done, 0);
          await this.#run(loaded, { type: "infer", program, job }, options, done);
          return job.logits.slice();
        }),
    };
  }

  async close(): Promise<void> {
    await this.#end(closedError());
  }

  #load(code: Code, layout: MemoryLayout): Loaded {
    if (this.#ended) throw this.#ended;
    const { threads } = this;
    const memory = this.#memories.take(code);
    prepareBlocks(memory, layout);
    const program = this.#programs++;
    const words = Control.allocate(true);
    const spinMs = threads <= coreCount() ? SPIN_MS : 0;
    const common = { program, module: code.module, memory, layout, threads, control: words, spinMs };
    for (const [thread, worker] of this.#start().entries()) worker.send({ type: "load", ...common, thread });
    return { program, memory, control: new Control(words, threads, spinMs) };
  }

  /** Threads start when there is something to do. */
  #start(): readonly WorkerThread[] {
    if (this.#workers.length > 0) return this.#workers;
    const respond = (response: Response) => this.#respond(response);
    const end = (why: Error) => void this.#end(why);
    try {
      while (this.#workers.length < this.threads) {
        this.#workers.push(startThread(this.#startWorker, respond, end));
      }
    } catch (error) {
      end(error as Error); // those that could be started
      throw error;
    }
    return this.#workers;
  }

  /** Does a job when those before it are done, with buffers that are free afterwards. */
  #inTurn<T>(job: (allocate: Allocate) => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      const lease = this.#buffers.lease();
      try {
        return await job(lease.allocate);
      } finally {
        lease.end();
      }
    });
  }

  /** Lets all threads do their share of a job. No message is sent in between: they are steered by `control`. */
  async #run<Progress>(
    { control }: Loaded,
    request: ThreadRequest,
    { signal, onProgress }: JobOptions<Progress>,
    progress: () => Progress,
  ): Promise<void> {
    if (this.#ended) throw this.#ended;
    control.reset();
    const abort = () => control.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    // a worker keeps no process alive, but this does
    const timer = setInterval(() => onProgress?.(progress()), onProgress ? PROGRESS_INTERVAL_MS : NEVER_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#job = { control, left: this.threads, resolve, reject };
        for (const worker of this.#workers) worker.send(request);
      });
    } finally {
      this.#job = undefined;
      clearInterval(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #respond(response: Response): void {
    const job = this.#job;
    if (response.type === "failed") this.#end(deadError(response.message));
    else if (job && --job.left === 0) job.resolve();
  }

  /** The threads that are left are woken, so that none waits for the others for ever, and ended. */
  async #end(why: Error): Promise<void> {
    this.#ended ??= why;
    this.#job?.control.break();
    this.#job?.reject(this.#ended);
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }
}
