import type { Augmentation } from "../augment/options.js";
import type { Convolution } from "../compiler/convolution.js";
import type { Dataset } from "../data/dataset.js";
import type { Model } from "../graph/model.js";
import type { ClassWeights } from "../losses/loss.js";
import type { OptimizerOptions } from "../optimizers/index.js";
import type { NamedTensors } from "../tensor.js";

/** An engine by its name: the textbook, WebAssembly, or a GPU. */
export type EngineName = "reference" | "wasm" | "webgpu";

/** That an engine went on as another one. */
export interface EngineChange {
  readonly from: EngineName;
  readonly to: EngineName;
  /**
   * After how many steps of the training the other one goes on: what was learnt in these is kept, and steps that were done since
   * are done again. Null: nothing was being trained.
   */
  readonly step: number | null;
  /** Why: a sentence without its stop. */
  readonly reason: string;
}

/** What `engine: "auto"` came to. */
export interface AutoChoice {
  readonly engine: EngineName;
  /** Why: a sentence without its stop. */
  readonly reason: string;
  /** For a step of the training, as it was measured; null: it wasn't. */
  readonly milliseconds: { readonly wasm: number | null; readonly webgpu: number | null };
}

/**
 * Something that holds a network's parameters and computes with them. How an engine computes is its own affair; what
 * comes out is defined by the textbook (`layers/`, `optimizers/`).
 */
export interface Engine {
  readonly name: EngineName;
  readonly model: Model;
  readonly threads: number;
  /** Whether the results are the same bits on every machine. */
  readonly strict: boolean;
  /** What the GPU calls itself; undefined: there is none. */
  readonly adapter?: string | undefined;
  /** Of an engine that may go on as another one, when its GPU is lost: when it did. */
  readonly changes?: readonly EngineChange[];
  /** Of an engine that was chosen by `engine: "auto"`: why. */
  readonly choice?: AutoChoice | undefined;
  /** How convolutions are computed, on which the last bits depend; undefined: as the textbook does. */
  readonly convolution?: Convolution | undefined;
  /** A copy of the parameters and of what layers keep besides, in float32. */
  parameters(): NamedTensors;
  /**
   * Takes a copy of `parameters`. A training run that was started before goes on from its own, and hands them over at the
   * end of its next epoch.
   * @throws InputError if one is missing, unknown or has another shape
   */
  setParameters(parameters: NamedTensors): void;
  /**
   * Prepares a training run on `data`, from the present parameters. The optimizer's memory starts at zero, unless
   * `options.resume` brings that of a run before; with `options.ema` the average starts at the parameters, or is brought, too.
   * @throws InputError if what it brings doesn't fit the network or the optimizer
   */
  startTraining(data: Dataset, options: TrainingOptions): Promise<TrainingRun>;
  /**
   * The scores of the last layer, `[count, classes]` row-major. While the network is being trained, these are the scores
   * from before the present epoch, and threads that are busy with it come to them when it has ended.
   * @param images bytes `[count, C, H, W]`
   * @throws what `signal` was aborted with
   */
  logits(images: Uint8Array, options?: InferenceOptions): Promise<Float32Array>;
  /** Frees what the engine holds (threads, memory). Work that isn't done fails, and so does what is asked later. */
  close(): Promise<void>;
}

/** What is the same in all steps of a training. */
export interface TrainingOptions {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** The largest length that the gradients may have together; undefined: any. */
  readonly clip?: number | undefined;
  /** How much an image of each class counts, one number above 0 for each; default: all count alike. */
  readonly classWeights?: ClassWeights | undefined;
  /**
   * How much the exponential moving average of the weights keeps of itself in each step, above 0 and below 1. The engine then
   * holds the average, and the run what it trains. Default: there is none.
   */
  readonly ema?: number | undefined;
  /** How images are changed by chance each time they are trained on; default: they aren't. */
  readonly augment?: Augmentation | undefined;
  /** Of the random numbers of `augment` and of layers, such as dropout's: a whole number in [0, 2^32); default 0. */
  readonly seed?: number | undefined;
  /** Go on where another run stopped, as if it were the same. */
  readonly resume?: OptimizerState | undefined;
}

/** What an optimizer has to know to go on, beside the parameters. */
export interface OptimizerState {
  /** How many steps were done. */
  readonly steps: number;
  /** What the optimizer remembers (see optimizers/): arrays of each parameter's shape, under its name. */
  readonly memory: readonly NamedTensors[];
  /** With `ema`: the average of the parameters and of what layers keep besides. */
  readonly average?: NamedTensors;
}

/** What a run has to know to go on. */
export interface RunState extends OptimizerState {
  /** Those that are trained, and what layers keep besides; also with `ema`, when the engine holds their average. */
  readonly parameters: NamedTensors;
}

/** A training that an engine has begun. */
export interface TrainingRun {
  /**
   * Trains once on the images at `order`, batch by batch; the last batch may be short.
   * @param learningRates one for each step
   * @returns the sums over these images, or with `options.before` over the epoch from its beginning
   * @throws DivergedError if the loss is no longer a finite number; what `signal` was aborted with
   */
  epoch(order: Uint32Array, learningRates: Float64Array, options?: EpochOptions): Promise<EpochTotals>;
  /** A copy of what the run knows now, between two epochs. */
  state(): Promise<RunState>;
  /** Frees what the run holds. The engine keeps the parameters. */
  close(): Promise<void>;
}

/** How an epoch is run, and how it can be stopped. */
export interface EpochOptions {
  readonly signal?: AbortSignal | undefined;
  /** When it is aborted, the epoch ends after a step and resolves with what was done until then; it is no error. */
  readonly pause?: AbortSignal | undefined;
  /** Which epoch it is, counted from 1, for `augment`; default 1. */
  readonly epoch?: number | undefined;
  /** Where these images are only the rest of an epoch: the totals of its beginning, to which this adds image by image. */
  readonly before?: EpochTotals | undefined;
  /** Called now and then between steps, with the totals so far. */
  readonly onProgress?: ((totals: EpochTotals) => void) | undefined;
}

/** Sums over the images of an epoch, each counted when its batch was trained on; and signs of a training that has failed. */
export interface EpochTotals {
  readonly steps: number;
  readonly images: number;
  readonly loss: number;
  readonly correct: number;
  /** The largest mean loss of a batch among the steps that the run's first 8 images take; 0 if none is in the epoch. */
  readonly firstLoss: number;
  /** How many batches had an absurd mean loss (see signs.ts). */
  readonly absurdSteps: number;
  /**
   * For how many steps, up to now, the gradients of all weights have been zero although the loss isn't; over all epochs. Every
   * 16th step is looked at.
   */
  readonly idleSteps: number;
}

/** How images are put through a network, and how that can be stopped. */
export interface InferenceOptions {
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((images: number) => void) | undefined;
}
