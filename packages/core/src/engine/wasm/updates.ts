import { CHUNK, STEP } from "../../compiler/kernels/optimizer.js";
import { adamCorrections } from "../../optimizers/adam.js";
import { LOOK_EVERY } from "../../optimizers/flush.js";
import type { Control } from "./control.js";
import type { MemoryLayout, StageLayout } from "./layout.js";
import { type EpochJob, PROGRESS } from "./work.js";

export type Kernel = (workspace: number, slot: number, count: number, block: number) => void;

type ParameterStageLayout = Extract<StageLayout, { each: "parameters" }>;

/** As `StageLayout`, with what is to be done for each chunk of the row. */
export interface RunnableParameterStage {
  readonly each: "parameters";
  readonly chunks: readonly (readonly Part[])[];
  readonly clips: boolean;
}

/** What a kernel has to do in a chunk: where it begins in the row, in bytes, and how many vectors it has. */
interface Part {
  readonly kernel: Kernel;
  readonly start: number;
  readonly vectors: number;
  readonly seldom: boolean;
}

/** The stages that each thread does chunk by chunk of all parameters, taking those that no other one has begun. */
export class Updates {
  readonly #kernels: Readonly<Record<string, Kernel>>;
  readonly #layout: MemoryLayout;
  readonly #numbers: Float32Array;
  readonly #control: Control;

  /** @param numbers the whole memory */
  constructor(
    kernels: Readonly<Record<string, Kernel>>,
    layout: MemoryLayout,
    numbers: Float32Array,
    control: Control,
  ) {
    this.#kernels = kernels;
    this.#layout = layout;
    this.#numbers = numbers;
    this.#control = control;
  }

  runnable({ kernels, clips }: ParameterStageLayout): RunnableParameterStage {
    const partsIn = (chunk: number): Part[] =>
      kernels.flatMap(({ name, stretches, seldom }) =>
        stretches.flatMap(([offset, length]) => {
          const start = Math.max(chunk * CHUNK, offset);
          const end = Math.min((chunk + 1) * CHUNK, offset + length);
          const part = { kernel: this.#kernels[name], start: 4 * start, vectors: (end - start) / 4, seldom };
          return end > start ? [part] : [];
        }),
      );
    const chunks = Math.ceil(this.#layout.rowLength / CHUNK);
    return { each: "parameters", chunks: Array.from({ length: chunks }, (_, k) => partsIn(k)), clips };
  }

  /** Writes what kernels read of a step. Each thread does, with the same numbers, so that none waits for another. */
  begin(step: number, learningRate: number): void {
    const optimizer = this.#layout.training?.optimizer;
    const numbers = this.#layout.step / 4;
    this.#numbers[numbers + STEP.learningRate] = learningRate;
    if (optimizer && optimizer.type !== "sgd") {
      const [correction1, correction2] = adamCorrections(optimizer, step);
      this.#numbers[numbers + STEP.correction1] = correction1;
      this.#numbers[numbers + STEP.correction2] = correction2;
    }
  }

  /** Runs this thread's share of a stage. False if a thread has died. */
  run({ chunks, clips }: RunnableParameterStage, job: EpochJob, step: number): boolean {
    const looks = step % LOOK_EVERY === 0;
    for (let chunk = this.#control.claim(); chunk < chunks.length; chunk = this.#control.claim()) {
      for (const { kernel, start, vectors, seldom } of chunks[chunk]) {
        if (!seldom || looks) kernel(0, start, vectors, 0);
      }
      if (clips) job.squaresOfChunk[chunk] = this.#squares(chunk);
      else if (looks && job.progress[PROGRESS.alive] === 0 && this.#moves(chunk)) {
        job.progress[PROGRESS.alive] = 1;
      }
    }
    if (!this.#control.barrier()) return false;
    if (clips) this.#clip(job, chunks.length);
    return true;
  }

  /** Works out the factor that gradients are clipped by: every thread comes to the same, so it doesn't matter that each writes it. */
  #clip({ squaresOfChunk }: EpochJob, chunks: number): void {
    const longest = this.#layout.training?.clip ?? Number.POSITIVE_INFINITY;
    const length = Math.sqrt(sum(squaresOfChunk, chunks));
    this.#numbers[this.#layout.step / 4 + STEP.clipFactor] = Math.min(1, longest / (length + 1e-6));
  }

  /** The sum of the squares of a chunk of the gradients. */
  #squares(chunk: number): number {
    const { slots, parameterLength } = this.#layout;
    const last = slots[0] / 4 + Math.min((chunk + 1) * CHUNK, parameterLength);
    let squares = 0;
    for (let k = slots[0] / 4 + chunk * CHUNK; k < last; k++) squares += this.#numbers[k] * this.#numbers[k];
    return squares;
  }

  /** Whether a weight in a chunk has a gradient other than zero. While a network learns, the first one looked at has. */
  #moves(chunk: number): boolean {
    const { slots, weights } = this.#layout;
    const end = (chunk + 1) * CHUNK;
    for (const [offset, length] of weights) {
      const last = slots[0] / 4 + Math.min(end, offset + length);
      for (let k = slots[0] / 4 + Math.max(chunk * CHUNK, offset); k < last; k++) {
        if (this.#numbers[k] !== 0) return true;
      }
    }
    return weights.length === 0;
  }
}

/** The sum of the first `count` numbers. */
export function sum(numbers: Float64Array, count: number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += numbers[k];
  return total;
}
