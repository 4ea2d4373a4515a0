import { countOf, type Dataset, type FitOptions, learningRateFor, type OptimizerSpec } from "unravel-cnn";
import type { CommandData } from "../../data.js";
import type { TrainOptions } from "./options.js";

/** What `fit` gets from a command: what is always said, and what was given. */
export type FittingOptions = Omit<FitOptions, "checkpoint" | "resume" | "signal" | "onEpoch" | "onProgress"> &
  Required<Pick<FitOptions, "epochs" | "batchSize" | "learningRate" | "schedule" | "seed" | "keep">> & {
    readonly batchSize: number;
    readonly learningRate: number;
    readonly optimizer: Exclude<OptimizerSpec, string>;
  };

/** What a command's options mean for `fit`. The learning rate that isn't given follows from the optimizer and the batch size. */
export function fitOptionsOf(
  options: TrainOptions,
  optimizer: Exclude<OptimizerSpec, string>,
  training: Dataset,
  { pictures }: Pick<CommandData, "pictures">,
): FittingOptions {
  const batchSize = Math.min(options.batchSize, countOf(training));
  return {
    epochs: options.epochs,
    batchSize,
    optimizer,
    learningRate: options.learningRate ?? learningRateFor(optimizer, batchSize),
    schedule: options.schedule,
    seed: options.seed,
    keep: options.keep,
    ...(options.validation !== undefined && { validation: options.validation }),
    // folders are often small, and their classes of different sizes
    ...((options.validation ?? 0) > 0 && pictures && { stratify: true }),
    ...(options.patience !== undefined && { patience: options.patience }),
    ...(options.clip !== undefined && { clip: options.clip }),
    ...(options.classWeights !== undefined && { classWeights: options.classWeights }),
    ...(options.ema !== undefined && { ema: options.ema }),
    ...(options.augment !== undefined && { augment: options.augment }),
  };
}
