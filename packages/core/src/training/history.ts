import type { Death } from "./death.js";

/** What an epoch was like. Accuracies are shares in [0, 1]. */
export interface EpochRecord {
  /** Mean over the epoch's images, each taken when its batch was trained on. */
  readonly loss: number;
  readonly accuracy: number;
  /** On the validation images after the epoch; null without any. */
  readonly valLoss: number | null;
  readonly valAccuracy: number | null;
  /** Of training alone. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/** What a training was like, epoch by epoch. */
export interface History {
  readonly epochs: readonly EpochRecord[];
  /** Whether the network had died in the end: then it has learnt nothing for some time, and more epochs are of no use. */
  readonly death: Death | null;
  /**
   * How many images each epoch went without, others each time: a last batch that was too short for a layer that needs several
   * images, such as `batchNorm1d`.
   */
  readonly leftOut: number;
  /** The epoch, counted from 1, whose weights the engine holds in the end: the last one, or with `keep: "best"` the best. */
  readonly keptEpoch: number;
  /** Whether `patience` ended it before its last epoch. */
  readonly stoppedEarly: boolean;
}

/** Where a training run stands. */
export type ProgressEvent =
  | {
      readonly type: "step";
      /** Counted from 1. */
      readonly epoch: number;
      readonly epochs: number;
      /** Images of this epoch that were trained on, and all of them. */
      readonly images: number;
      readonly imagesPerEpoch: number;
      /** Means over this epoch's images so far. */
      readonly loss: number;
      readonly accuracy: number;
      readonly imagesPerSecond: number;
    }
  | { readonly type: "epoch"; readonly epoch: number; readonly epochs: number; readonly record: EpochRecord }
  | { readonly type: "died"; readonly epoch: number; readonly epochs: number; readonly death: Death };
