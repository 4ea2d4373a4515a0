import { type Augmentation, type AugmentSpec, augmentCheck } from "../augment/options.js";
import type { ClassWeightsSpec } from "../losses/classWeights.js";
import type { ClassWeights } from "../losses/loss.js";
import { emaCheck } from "../optimizers/average.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { learningRateFor } from "../optimizers/learningRate.js";
import { checkScale } from "../optimizers/optimizer.js";
import { type Schedule, schedules } from "../optimizers/schedules.js";
import { type Checks, checkOptions, elsewhere, flag, number, oneOf, SEED, whole } from "../options.js";

/** All that a training follows from, beside the network, its first parameters and the images. */
export interface TrainingSettings {
  /** How often all training images are used; default 3. */
  readonly epochs?: number | undefined;
  /**
   * Images for each update; default 32. 1 trains on one image at a time. The last batch of an epoch may be smaller, and none
   * is larger than the data.
   */
  readonly batchSize?: number | undefined;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec | undefined;
  /** The largest rate of the schedule; default: learningRateFor the optimizer and the batch size. */
  readonly learningRate?: number | undefined;
  /** Default `one-cycle`. */
  readonly schedule?: Schedule | undefined;
  /** The largest length that the gradients may have together; default: any. */
  readonly clip?: number | undefined;
  /**
   * How much an image of each class counts: `balanced`, by which rare classes count more, or a number above 0 for each class.
   * The loss of a batch is the sum of weight * loss divided by the sum of the weights. Evaluation is without. Default: all
   * count alike.
   */
  readonly classWeights?: ClassWeightsSpec | undefined;
  /**
   * How much the exponential moving average of the weights keeps of itself in each step, above 0 and below 1, like 0.999. The
   * engine then holds the average: it is what is looked at after each epoch and used in the end. `Training.state()` has the
   * weights themselves, too. Default: there is none.
   */
  readonly ema?: number | undefined;
  /**
   * How images are changed by chance each time they are trained on: `auto`, or which changes and how much, like
   * `{ shift: 2, rotate: 10 }`. What happens to an image follows from seed, epoch and image alone. Those set aside stay as they
   * are. Default: none is changed.
   */
  readonly augment?: AugmentSpec | undefined;
  /**
   * Set aside from the training images, chosen at random: a whole number counts images, a fraction below 1 is a share.
   * Default 0: none.
   */
  readonly validation?: number | undefined;
  /** Whether of each class as large a share is set aside; default: all images are drawn alike. */
  readonly stratify?: boolean | undefined;
  /** For the order of the images and the choice of validation images; default 0. */
  readonly seed?: number | undefined;
}

/** What `fit` does when it isn't told otherwise. */
export const fitDefaults = {
  epochs: 3,
  batchSize: 32,
  optimizer: { type: "adam" },
  schedule: "one-cycle",
  seed: 0,
} as const satisfies TrainingSettings;

export const settingChecks: Checks<TrainingSettings> = {
  epochs: whole(1),
  batchSize: whole(1),
  optimizer: elsewhere,
  learningRate: elsewhere,
  schedule: oneOf(schedules),
  clip: elsewhere,
  classWeights: elsewhere,
  ema: emaCheck,
  augment: augmentCheck,
  validation: number(0),
  stratify: flag,
  seed: SEED,
};

/** @throws InputError for a setting that is unknown or of the wrong kind; `resolveSettings` looks at what they say */
export function checkSettings(settings: TrainingSettings): void {
  checkOptions("Training", settings, settingChecks);
}

/**
 * The settings with nothing left out.
 * @param count of training images: a batch holds no more, and the learning rate follows from it
 * @throws InputError for one that is out of range
 */
export function resolveSettings(settings: Omit<TrainingSettings, "classWeights" | "augment">, count: number) {
  const { epochs = fitDefaults.epochs, schedule = fitDefaults.schedule, seed = fitDefaults.seed } = settings;
  const optimizer = resolveOptimizer(settings.optimizer ?? fitDefaults.optimizer);
  const batchSize = Math.min(settings.batchSize ?? fitDefaults.batchSize, count);
  const { learningRate = learningRateFor(optimizer, batchSize), clip, ema } = settings;
  checkScale("learning rate", learningRate);
  if (clip !== undefined) checkScale("length to clip gradients to", clip, false);
  return { epochs, batchSize, optimizer, learningRate, schedule, seed, clip, ema };
}

/** Settings with nothing left out, and what follows from the training images. */
export interface ResolvedSettings extends ReturnType<typeof resolveSettings> {
  readonly classWeights: ClassWeights | undefined;
  readonly augment: Augmentation | undefined;
}
