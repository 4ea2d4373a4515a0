import { CHUNK, STEP } from "../../compiler/kernels/optimizer.js";
import { adamCorrections } from "../../optimizers/adam.js";
import { LOOK_EVERY } from "../../optimizers/flush.js";
import type { Control } from "./control.js";
import type { MemoryLayout } from "./layout.js";
import { type EpochJob, PROGRESS } from "./work.js";

export type Kernel = (workspace: number, slot: number, count: number, block: number) => void;

type TrainingLayout = NonNullable<MemoryLayout["training"]>;

/** The end of a step, of which each thread does chunk by chunk what no other one has begun. */
export class Updates {
  readonly #kernels: Readonly<Record<string, Kernel>>;
  readonly #layout: MemoryLayout;
  readonly #training: TrainingLayout;
  readonly #numbers: Float32Array;
  readonly #control: Control;
  /** For each chunk, which kernels update which parts of it. */
  readonly #parts: readonly (readonly Part[])[];

  /** @param numbers the whole memory */
  constructor(
    kernels: Readonly<Record<string, Kernel>>,
    layout: MemoryLayout,
    training: TrainingLayout,
    numbers: Float32Array,
    control: Control,
  ) {
    this.#kernels = kernels;
    this.#layout = layout;
    this.#training = training;
    this.#numbers = numbers;
    this.#control = control;
    const chunks = Math.ceil(layout.parameterLength / CHUNK);
    this.#parts = Array.from({ length: chunks }, (_, chunk) => partsOf(chunk, layout.updates, kernels));
  }

  /** Adds the slots together and updates this thread's share of the parameters. False if a thread has died. */
  run(job: EpochJob, step: number, learningRate: number): boolean {
    const { parameterLength } = this.#layout;
    const { optimizer, clip } = this.#training;
    const numbers = this.#layout.step / 4;
    this.#numbers[numbers + STEP.learningRate] = learningRate;
    if (optimizer.type !== "sgd") {
      const [correction1, correction2] = adamCorrections(optimizer, step);
      this.#numbers[numbers + STEP.correction1] = correction1;
      this.#numbers[numbers + STEP.correction2] = correction2;
    }
    const chunks = Math.ceil(parameterLength / CHUNK);
    if (clip !== undefined) {
      for (let chunk = this.#control.claim(); chunk < chunks; chunk = this.#control.claim()) {
        this.#reduce(chunk);
        job.squaresOfChunk[chunk] = this.#squares(chunk);
      }
      if (!this.#control.barrier()) return false;
      // every thread comes to the same factor, so it doesn't matter that each writes it
      const length = Math.sqrt(sum(job.squaresOfChunk, chunks));
      this.#numbers[numbers + STEP.clipFactor] = Math.min(1, clip / (length + 1e-6));
    }
    const averaged = this.#chunksOfState();
    for (let chunk = this.#control.claim(); chunk < chunks + averaged; chunk = this.#control.claim()) {
      if (chunk >= chunks) {
        this.#averageState(chunk - chunks);
        continue;
      }
      if (clip === undefined) this.#reduce(chunk);
      for (const { kernel, start, vectors } of this.#parts[chunk]) kernel(0, start, vectors, 0);
      if (step % LOOK_EVERY !== 0) continue;
      this.#kernels.flush(0, 4 * chunk * CHUNK, vectorsIn(chunk, parameterLength), 0);
      if (job.progress[PROGRESS.alive] === 0 && this.#moves(chunk)) job.progress[PROGRESS.alive] = 1;
    }
    return true;
  }

  /** Adds a chunk of all slots together, in the first one. */
  #reduce(chunk: number): void {
    const vectors = vectorsIn(chunk, this.#layout.slotLength);
    if (vectors > 0) this.#kernels.reduce(0, 4 * chunk * CHUNK, vectors, 0);
  }

  /** In how many chunks what layers keep goes into its average; that of the parameters is a part of their update. */
  #chunksOfState(): number {
    const { average, rowLength, parameterLength } = this.#layout;
    return average === undefined ? 0 : Math.ceil((rowLength - parameterLength) / CHUNK);
  }

  #averageState(chunk: number): void {
    const { rowLength, parameterLength } = this.#layout;
    const vectors = vectorsIn(chunk, rowLength - parameterLength);
    this.#kernels.averageState(0, 4 * (parameterLength + chunk * CHUNK), vectors, 0);
  }

  /** The sum of the squares of a chunk of the gradients. */
  #squares(chunk: number): number {
    const { slots, parameterLength } = this.#layout;
    const start = slots[0] / 4 + chunk * CHUNK;
    const end = start + 4 * vectorsIn(chunk, parameterLength);
    let squares = 0;
    for (let k = start; k < end; k++) squares += this.#numbers[k] * this.#numbers[k];
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

/** A part of a chunk: where it begins in the row, in bytes, and how many vectors it has. */
interface Part {
  readonly kernel: Kernel;
  readonly start: number;
  readonly vectors: number;
}

function partsOf(
  chunk: number,
  updates: MemoryLayout["updates"],
  kernels: Readonly<Record<string, Kernel>>,
): Part[] {
  return updates.flatMap(({ name, stretches }) =>
    stretches.flatMap(([offset, length]) => {
      const start = Math.max(chunk * CHUNK, offset);
      const end = Math.min((chunk + 1) * CHUNK, offset + length);
      return end > start ? [{ kernel: kernels[name], start: 4 * start, vectors: (end - start) / 4 }] : [];
    }),
  );
}

/** The sum of the first `count` numbers. */
export function sum(numbers: Float64Array, count: number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += numbers[k];
  return total;
}

/** How many vectors of a chunk lie in the first `length` parameters; negative if it lies behind them. */
function vectorsIn(chunk: number, length: number): number {
  return Math.min(CHUNK, length - chunk * CHUNK) / 4;
}
