import { compilePlan } from "../../compiler/compile.js";
import { type Plan, planModel } from "../../compiler/plan.js";
import type { Dataset } from "../../data/dataset.js";
import { InputError } from "../../errors.js";
import type { Model } from "../../model.js";
import { checkParameters } from "../../parameters.js";
import { copyAll, type NamedTensors, sizeOf } from "../../tensor.js";
import { DivergedError } from "../diverged.js";
import type {
  Engine,
  EpochOptions,
  EpochTotals,
  InferenceOptions,
  TrainingOptions,
  TrainingRun,
} from "../engine.js";
import { LEAVE } from "./control.js";
import { BLOCK, layoutOf, PIECE } from "./layout.js";
import { LocalPool, type Pool, type Program, WorkerPool } from "./pool.js";
import { type EpochJob, PROGRESS } from "./thread.js";

/** How often progress is reported while workers are busy. */
const PROGRESS_INTERVAL_MS = 50;

/** Fewer images than this are computed on the calling thread: waking the others would take longer. */
const FEW_IMAGES = 64;

export interface WasmOptions {
  /** Number of threads; 0: no workers and no shared memory, the calling thread works in slices. */
  readonly threads: number;
  readonly strict: boolean;
}

/** Trains with kernels compiled for the network's shapes, on resident threads. */
export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly model: Model;
  readonly strict: boolean;
  readonly #pool: Pool;
  readonly #local = new LocalPool();
  #parameters: NamedTensors;
  readonly #inference = new Map<Pool, Promise<{ plan: Plan; program: Program }>>();

  constructor(model: Model, parameters: NamedTensors, { threads, strict }: WasmOptions) {
    checkParameters(model, parameters);
    this.model = model;
    this.strict = strict;
    this.#parameters = copyAll(parameters, "float32");
    this.#pool = threads === 0 ? this.#local : new WorkerPool(threads);
  }

  get threads(): number {
    return this.#pool.threads;
  }

  parameters(): NamedTensors {
    return copyAll(this.#parameters);
  }

  setParameters(parameters: NamedTensors): void {
    checkParameters(this.model, parameters);
    this.#parameters = copyAll(parameters, "float32");
  }

  async startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun> {
    const { batchSize, optimizer, clip } = options;
    const plan = planModel(this.model, { batchSize, optimizer, clip: clip !== undefined });
    const compiled = compilePlan(plan, this.#pool.threads, this.#pool.shared, { relaxed: !this.strict });
    const program = await this.#pool.load(compiled, layoutOf(plan, { batchSize, optimizer, clip }));
    writeParameters(plan, program.memory, this.#parameters);
    return new WasmTraining(plan, program, data, options, this.#pool.shared, () => {
      this.#parameters = readParameters(plan, program.memory);
    });
  }

  async logits(images: Uint8Array, { signal, onProgress }: InferenceOptions = {}): Promise<Float32Array> {
    const count = images.length / sizeOf(this.model.inputShape);
    const pool = count < FEW_IMAGES ? this.#local : this.#pool;
    signal?.throwIfAborted();
    const { plan, program } = await this.#inferenceProgram(pool);
    writeParameters(plan, program.memory, this.#parameters);
    const job = {
      images: pool.shared ? shareable(images) : images,
      logits: new Float32Array(buffer(pool.shared, 4 * count * this.model.classes.length)),
      done: new Int32Array(buffer(pool.shared, 4)),
    };
    const timer =
      onProgress && setInterval(() => onProgress(Atomics.load(job.done, 0)), PROGRESS_INTERVAL_MS);
    try {
      await program.infer(job, signal);
    } finally {
      clearInterval(timer);
    }
    signal?.throwIfAborted();
    return job.logits.slice();
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #inferenceProgram(pool: Pool): Promise<{ plan: Plan; program: Program }> {
    let loaded = this.#inference.get(pool);
    if (loaded === undefined) {
      const plan = planModel(this.model);
      const compiled = compilePlan(plan, pool.threads, pool.shared, { relaxed: !this.strict });
      loaded = pool.load(compiled, layoutOf(plan)).then((program) => ({ plan, program }));
      this.#inference.set(pool, loaded);
    }
    return loaded;
  }
}

class WasmTraining implements TrainingRun {
  readonly #plan: Plan;
  readonly #program: Program;
  readonly #options: TrainingOptions;
  readonly #shared: boolean;
  readonly #images: Uint8Array;
  readonly #labels: Uint8Array;
  /** Copies the parameters out of the program's memory. */
  readonly #keep: () => void;
  #step = 0;

  constructor(
    plan: Plan,
    program: Program,
    data: Dataset,
    options: TrainingOptions,
    shared: boolean,
    keep: () => void,
  ) {
    this.#plan = plan;
    this.#program = program;
    this.#options = options;
    this.#shared = shared;
    this.#images = shared ? shareable(data.images) : data.images;
    this.#labels = shared ? shareable(data.labels) : data.labels;
    this.#keep = keep;
  }

  async epoch(
    order: Uint32Array,
    learningRates: Float64Array,
    options: EpochOptions = {},
  ): Promise<EpochTotals> {
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const job = this.#job(order, learningRates);
    const { progress } = job;
    const totals = (): EpochTotals => ({
      steps: progress[PROGRESS.steps],
      images: progress[PROGRESS.images],
      loss: progress[PROGRESS.loss],
      correct: progress[PROGRESS.correct],
    });
    const timer =
      onProgress && setInterval(() => totals().images > 0 && onProgress(totals()), PROGRESS_INTERVAL_MS);
    try {
      await this.#program.epoch(job, signal);
    } finally {
      clearInterval(timer);
      this.#keep();
    }
    const step = this.#step + totals().steps;
    this.#step = step;
    if (progress[PROGRESS.leave] === LEAVE.diverged) {
      throw new DivergedError(step + 1, progress[PROGRESS.badLoss], learningRates[totals().steps]);
    }
    signal?.throwIfAborted();
    return totals();
  }

  async close(): Promise<void> {
    this.#program.unload();
  }

  #job(order: Uint32Array, learningRates: Float64Array): EpochJob {
    const doubles = (length: number) => new Float64Array(buffer(this.#shared, 8 * length));
    const rates = doubles(learningRates.length);
    rates.set(learningRates);
    const indices = new Uint32Array(buffer(this.#shared, 4 * order.length));
    indices.set(order);
    const blocks = Math.ceil(this.#options.batchSize / BLOCK);
    return {
      images: this.#images,
      labels: this.#labels,
      order: indices,
      learningRates: rates,
      firstStep: this.#step,
      lossOfBlock: doubles(blocks),
      correctOfBlock: doubles(blocks),
      squaresOfPiece: doubles(Math.ceil(this.#plan.parameterLength / PIECE)),
      progress: doubles(PROGRESS.size),
    };
  }
}

function buffer(shared: boolean, bytes: number): ArrayBuffer | SharedArrayBuffer {
  return shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

/** The same bytes in memory that threads can share. */
function shareable(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function writeParameters(plan: Plan, memory: WebAssembly.Memory, parameters: NamedTensors): void {
  const row = new Float32Array(memory.buffer, plan.memory.parameters.offset, plan.parameterLength);
  for (const [name, offset] of plan.parameterOffsets) row.set(parameters[name].data, offset);
}

function readParameters(plan: Plan, memory: WebAssembly.Memory): NamedTensors {
  const row = new Float32Array(memory.buffer, plan.memory.parameters.offset, plan.parameterLength);
  return Object.fromEntries(
    plan.model.parameters.map(({ fullName, shape }) => {
      const offset = plan.parameterOffsets.get(fullName) as number;
      return [fullName, { shape, data: row.slice(offset, offset + sizeOf(shape)) }];
    }),
  );
}

/** @throws InputError unless it is a whole number from 0 to 256 */
export function checkThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 0 || threads > 256) {
    throw new InputError(`The number of threads must be a whole number from 1 to 256, not ${threads}.`);
  }
}
