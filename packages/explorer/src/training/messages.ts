import type { ModelSpec, NamedTensors, OptimizerOptions, TrainingState } from "unravel-cnn";
import type { DataRequest } from "./data.js";
import type { Look, StepRecord } from "./session.js";
import type { Settings } from "./settings.js";

/* Between the page and the worker that trains. None of them is sent for each step. */

/** How far a training goes before it stops by itself. */
export type Until = "end" | "epoch" | "step";

export type Request =
  /** The first: leads to the page, which starts the engine's workers (see the library's `borrowWorkers`). */
  | { readonly type: "workers"; readonly port: MessagePort }
  | {
      /** Gets the images and builds the network. Answered by `ready`. */
      readonly type: "open";
      readonly settings: Settings;
      readonly data: DataRequest;
      readonly threads: number;
      readonly state?: TrainingState | undefined;
    }
  | { readonly type: "run"; readonly until: Until }
  | { readonly type: "pause" }
  /** Asks for the weights as soon as there are others than those sent last. Answered by `weights`. */
  | { readonly type: "weights" }
  /** Asks for all that it takes to go on later, which comes every second or two, too. Answered by `state`. */
  | { readonly type: "state" };

/** What a training is, once it is built. */
export interface About {
  readonly title: string;
  readonly spec: ModelSpec;
  /** Of the data set. */
  readonly data: string;
  readonly images: number;
  readonly validation: number;
  readonly test: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly optimizer: OptimizerOptions;
  /** The largest of the schedule. */
  readonly learningRate: number;
  readonly threads: number;
  readonly strict: boolean;
  /** The most that this machine does with as many threads, in GFLOP/s; undefined: a GPU trains. */
  readonly peak: number | undefined;
}

/** One step, or some of them: the means over their images. */
export interface TrainedPiece {
  /** The step, counted from 1; of some of them, the middle. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Where a training stands. */
export interface Progress {
  readonly running: boolean;
  readonly done: boolean;
  /** Over all epochs. */
  readonly steps: number;
  readonly epoch: number;
  /** Of the present epoch. */
  readonly images: number;
  /** What was learnt since the last report, in order. */
  readonly pieces?: readonly TrainedPiece[] | undefined;
  /** Of late, training alone. */
  readonly imagesPerSecond?: number | undefined;
  /** What is to be said if the network has died. */
  readonly death?: string | undefined;
}

export type Response =
  /** Gets the images. How long that takes is not for the worker to say. */
  | { readonly type: "loading"; readonly doing: string; readonly share: number }
  /** Has the images; builds the network and starts its threads. */
  | { readonly type: "building" }
  | {
      readonly type: "ready";
      readonly about: About;
      readonly progress: Progress;
      readonly parameters: NamedTensors;
    }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "weights"; readonly steps: number; readonly parameters: NamedTensors }
  | { readonly type: "look"; readonly steps: number; readonly look: Look }
  | { readonly type: "step"; readonly record: StepRecord }
  | { readonly type: "state"; readonly state: TrainingState }
  /** Which engine trains, and why, in a sentence; also while it trains, if its GPU is lost. */
  | { readonly type: "notice"; readonly sentence: string }
  /**
   * One sentence. `refused`: it could not begin; `diverged`: a number became infinite, and what was learnt is lost;
   * `died`: the worker can do no more.
   */
  | {
      readonly type: "failed";
      readonly why: "refused" | "diverged" | "died";
      readonly message: string;
    };
