import type { Compiled } from "../../compiler/compile.js";
import { FailureError } from "../../errors.js";
import { Slices } from "../slices.js";
import { Control } from "./control.js";
import { coreCount, startWorker, type WorkerThread } from "./host.js";
import type { Layout } from "./layout.js";
import type { Request, Response } from "./messages.js";
import { type EpochJob, type InferenceJob, Thread } from "./thread.js";

/** A compiled plan that is loaded into threads. */
export interface Program {
  readonly memory: WebAssembly.Memory;
  /** @throws FailureError if a thread dies; what `signal` was aborted with, where nobody else listens to it */
  epoch(job: EpochJob, signal: AbortSignal | undefined): Promise<void>;
  infer(job: InferenceJob, signal: AbortSignal | undefined): Promise<void>;
  unload(): void;
}

/** Threads that stay for as long as the engine does and run one program after the other. */
export interface Pool {
  readonly threads: number;
  readonly shared: boolean;
  load(compiled: Compiled, layout: Layout): Promise<Program>;
  close(): Promise<void>;
}

/** How long a thread watches for the others at a barrier before it sleeps. */
const SPIN_MS = 0.05;

/** Workers with shared memory. The calling thread only steers. */
export class WorkerPool implements Pool {
  readonly threads: number;
  readonly shared = true;
  #workers: readonly WorkerThread[] = [];
  readonly #controls = new Set<Control>();
  #programs = 0;
  /** The job that is being waited for. */
  #waiting: { left: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  #dead: FailureError | undefined;

  constructor(threads: number) {
    this.threads = threads;
  }

  /** Threads start when there is something to do. */
  #start(): readonly WorkerThread[] {
    if (this.#workers.length === 0) {
      this.#workers = Array.from({ length: this.threads }, () =>
        startWorker(
          (response) => this.#respond(response),
          (reason) => this.#die(`A worker thread died: ${reason}.`),
        ),
      );
    }
    return this.#workers;
  }

  async load(compiled: Compiled, layout: Layout): Promise<Program> {
    const module = await WebAssembly.compile(compiled.bytes);
    const memory = new WebAssembly.Memory({ initial: compiled.pages, maximum: compiled.pages, shared: true });
    const program = this.#programs++;
    const words = Control.allocate(true);
    const spinMs = this.threads <= coreCount() ? SPIN_MS : 0;
    const control = new Control(words, this.threads, spinMs);
    this.#controls.add(control);
    for (const [thread, worker] of this.#start().entries()) {
      worker.send({
        type: "load",
        program,
        module,
        memory,
        layout,
        thread,
        threads: this.threads,
        control: words,
        spinMs,
      });
    }
    return {
      memory,
      epoch: async (job, signal) => {
        control.reset();
        const abort = () => control.abort();
        signal?.addEventListener("abort", abort);
        try {
          await this.#run({ type: "epoch", program, job });
        } finally {
          signal?.removeEventListener("abort", abort);
        }
      },
      infer: (job) => this.#run({ type: "infer", program, job }),
      unload: () => {
        this.#controls.delete(control);
        for (const worker of this.#workers) worker.send({ type: "unload", program });
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  async #run(request: Request): Promise<void> {
    if (this.#dead) throw this.#dead;
    if (this.#waiting) throw new FailureError("The engine is at work already; wait until that has ended.");
    // a worker keeps no process alive, but a job does
    const alive = setInterval(() => {}, 1 << 30);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { left: this.threads, resolve, reject };
        for (const worker of this.#workers) worker.send(request);
      });
    } finally {
      clearInterval(alive);
      this.#waiting = undefined;
    }
  }

  #respond(response: Response): void {
    const waiting = this.#waiting;
    if (response.type === "failed") this.#die(`A worker thread failed: ${response.message}.`);
    else if (waiting && --waiting.left === 0) waiting.resolve();
  }

  /** One thread has died: the others are woken, so that none waits for it for ever. */
  #die(message: string): void {
    this.#dead ??= new FailureError(message);
    for (const control of this.#controls) control.break();
    this.#waiting?.reject(this.#dead);
  }
}

/** One thread with memory of its own: the calling one, which works in slices and listens in between. */
export class LocalPool implements Pool {
  readonly threads = 1;
  readonly shared = false;

  async load(compiled: Compiled, layout: Layout): Promise<Program> {
    const module = await WebAssembly.compile(compiled.bytes);
    const memory = new WebAssembly.Memory({ initial: compiled.pages, maximum: compiled.pages });
    const control = new Control(Control.allocate(false), 1, 0);
    const thread = new Thread(module, memory, layout, 0, 1, control);
    const run = async (work: Generator<void, void>, signal: AbortSignal | undefined) => {
      const slices = new Slices(signal);
      while (!work.next().done) await slices.rest();
    };
    return {
      memory,
      epoch: (job, signal) => {
        control.reset();
        return run(thread.epoch(job), signal);
      },
      infer: (job, signal) => run(thread.infer(job), signal),
      unload: () => {},
    };
  }

  async close(): Promise<void> {}
}
