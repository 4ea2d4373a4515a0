import { closedError } from "../failures.js";
import { Slices } from "../slices.js";
import { Control } from "./control.js";
import {
  allocateMemory,
  epochJob,
  epochResult,
  inferenceJob,
  prepareBlocks,
  readRow,
  readRows,
  totalsOf,
  writeRow,
  writeStart,
} from "./jobs.js";
import type { MemoryLayout } from "./layout.js";
import { Mutex } from "./mutex.js";
import type { Code, InferenceProgram, JobOptions, Pool, TrainingProgram, TrainingStart } from "./pool.js";
import { Thread } from "./thread.js";

/** The calling thread, with memory that nobody else sees. It works in slices and listens in between. */
export class LocalPool implements Pool {
  readonly threads = 1;
  readonly shared = false;
  #closed = false;

  start(): void {}

  async loadTraining(code: Code, layout: MemoryLayout, start: TrainingStart): Promise<TrainingProgram> {
    const { memory, thread, control } = this.#instantiate(code, layout);
    const mutex = new Mutex();
    writeStart(memory, layout, start);
    return {
      epoch: (request, options) =>
        mutex.run(async () => {
          const job = epochJob(layout, start, request);
          await this.#run(thread.epoch(job), control, options, () => totalsOf(job));
          return epochResult(job, readRow(memory, layout));
        }),
      rows: () => mutex.run(async () => readRows(memory, layout)),
      unload: async () => {},
    };
  }

  async loadInference(code: Code, layout: MemoryLayout): Promise<InferenceProgram> {
    const { memory, thread, control } = this.#instantiate(code, layout);
    const mutex = new Mutex();
    return {
      infer: (parameters, images, options) =>
        mutex.run(async () => {
          if (parameters) writeRow(memory, layout, parameters);
          const job = inferenceJob(layout, images, parameters === undefined);
          await this.#run(thread.infer(job), control, options, () => job.done[0]);
          return job.logits;
        }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #instantiate(code: Code, layout: MemoryLayout) {
    if (this.#closed) throw closedError();
    const memory = allocateMemory(code, false);
    prepareBlocks(memory, layout);
    const control = new Control(Control.allocate(false), 1, 0);
    return { memory, control, thread: new Thread(code.module, memory, layout, 0, control) };
  }

  async #run<Progress>(
    work: Generator<void, void>,
    control: Control,
    { signal, onProgress }: JobOptions<Progress>,
    progress: () => Progress,
  ): Promise<void> {
    if (this.#closed) throw closedError();
    const slices = new Slices();
    control.reset();
    if (signal?.aborted) control.abort();
    while (!work.next().done) {
      if (await slices.rest()) onProgress?.(progress());
      if (this.#closed) throw closedError();
      if (signal?.aborted) control.abort();
    }
  }
}
