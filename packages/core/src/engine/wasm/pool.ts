import type { EpochTotals } from "../engine.js";
import type { MemoryLayout } from "./layout.js";

/*
 * Where compiled networks run. There are three kinds of pools, and what is sent to them and what comes back is plain
 * data, because the memory that a network runs in is not always visible from here:
 *
 *   SharedPool  any number of workers on shared memory, which meet at barriers
 *   RemotePool  one worker with memory of its own that works in slices, for pages that can't share memory
 *   LocalPool   the calling thread, in slices
 */

/** Threads that stay for as long as the engine does and run one program after the other. */
export interface Pool {
  readonly threads: number;
  /** Whether modules have to be compiled for shared memory. */
  readonly shared: boolean;
  /** Starts the threads, if they don't run yet: they come up while a program is still being compiled for them. */
  start(): void;
  loadTraining(code: Code, layout: MemoryLayout, start: TrainingStart): Promise<TrainingProgram>;
  loadInference(code: Code, layout: MemoryLayout): Promise<InferenceProgram>;
  /** Ends the threads. What still works fails. */
  close(): Promise<void>;
}

/** A compiled network and the size of the memory that it needs, in pages. */
export interface Code {
  readonly module: WebAssembly.Module;
  readonly pages: number;
}

/** The numbers that a training changes, in rows as the plan orders them. */
export interface TrainingRows {
  /** And what layers keep besides. */
  readonly parameters: Float32Array;
  /** The average of that row, if there is to be one. */
  readonly average: Float32Array | undefined;
  /** What the optimizer remembers of each parameter. To begin with none stands for zeros. */
  readonly memory: readonly Float32Array[];
}

/** What a training run begins with. */
export interface TrainingStart extends TrainingRows {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/**
 * A network that is being trained. An epoch whose signal is aborted ends soon and resolves with what was done until
 * then. It rejects with a FailureError if a thread dies.
 */
export interface TrainingProgram {
  epoch(request: EpochRequest, options: JobOptions<EpochTotals>): Promise<EpochResult>;
  /** What it has come to after the last epoch. */
  rows(): Promise<TrainingRows>;
  unload(): Promise<void>;
}

export interface EpochRequest {
  readonly order: Uint32Array;
  readonly learningRates: Float64Array;
  /** How many steps were done before this epoch. */
  readonly firstStep: number;
  /** Counted from 1. */
  readonly epoch: number;
  /** The totals to which this adds. */
  readonly before: EpochTotals;
}

export interface EpochResult {
  readonly totals: EpochTotals;
  /** The loss that ended the epoch early because it isn't a finite number. */
  readonly badLoss: number | undefined;
  /** Those to use: with an average, that. */
  readonly parameters: Float32Array;
}

/** A network compiled for inference. */
export interface InferenceProgram {
  /**
   * The logits `[count, classes]`. Some are missing if the signal was aborted.
   * @param parameters undefined: the ones from the time before
   */
  infer(
    parameters: Float32Array | undefined,
    images: Uint8Array,
    options: JobOptions<number>,
  ): Promise<Float32Array>;
}

export interface JobOptions<Progress> {
  readonly signal?: AbortSignal | undefined;
  /** Called several times a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
