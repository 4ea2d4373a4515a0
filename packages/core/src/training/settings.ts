import { InputError, inContext } from "../errors.js";
import { wholeNumber } from "../layers/options.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { learningRateFor } from "../optimizers/learningRate.js";
import { checkScale } from "../optimizers/optimizer.js";
import { type Schedule, schedules } from "../optimizers/schedules.js";

/** All that a training follows from, beside the network, its first parameters and the images. */
export interface TrainingSettings {
  /** How often all training images are used; default 3. */
  readonly epochs?: number;
  /** Images for each update; default 32. 1 trains on one image at a time. The last batch of an epoch may be smaller. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** The largest rate of the schedule; default: learningRateFor the optimizer and the batch size. */
  readonly learningRate?: number;
  /** Default `one-cycle`. */
  readonly schedule?: Schedule;
  /** The largest length that the gradients may have together; default: any. */
  readonly clip?: number;
  /**
   * Set aside from the training images, chosen at random: a whole number counts images, a fraction below 1 is a share.
   * Default 0: none.
   */
  readonly validation?: number;
  /** For the order of the images and the choice of validation images; default 0. */
  readonly seed?: number;
}

/** What `fit` does when it isn't told otherwise. */
export const fitDefaults = {
  epochs: 3,
  batchSize: 32,
  optimizer: { type: "adam" },
  schedule: "one-cycle",
  seed: 0,
} as const satisfies TrainingSettings;

/** The settings with nothing left out. @throws InputError for one that is wrong */
export function resolveSettings({
  epochs = fitDefaults.epochs,
  batchSize = fitDefaults.batchSize,
  optimizer = fitDefaults.optimizer,
  learningRate,
  schedule = fitDefaults.schedule,
  seed = fitDefaults.seed,
  clip,
}: TrainingSettings) {
  inContext("Training", () => {
    wholeNumber("the number of epochs", epochs, 1);
    wholeNumber("the batch size", batchSize, 1);
  });
  const rate = checkScale("learning rate", learningRate ?? learningRateFor(optimizer, batchSize));
  if (clip !== undefined) checkScale("length to clip gradients to", clip, false);
  if (!schedules.includes(schedule)) {
    throw new InputError(
      `There is no learning rate schedule "${schedule}"; there are ${schedules.join(", ")}.`,
    );
  }
  return {
    epochs,
    batchSize,
    optimizer: resolveOptimizer(optimizer),
    learningRate: rate,
    schedule,
    seed,
    clip,
  };
}
