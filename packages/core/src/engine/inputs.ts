import { augmentCheck, resolveAugment } from "../augment/options.js";
import { checkBytes, countOf, type Dataset, labelsPerImage } from "../data/dataset.js";
import { InputError, inContext } from "../errors.js";
import type { Model } from "../graph/model.js";
import { checkClassWeights, severalError } from "../losses/classWeights.js";
import { emaCheck } from "../optimizers/average.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  kindOf,
  LARGEST_BATCH,
  number,
  SEED,
  whole,
} from "../options.js";
import { checkImageCount } from "../reference/inputs.js";
import { sizeOf } from "../tensor.js";
import type { Engine, EpochOptions, InferenceOptions, TrainingOptions } from "./engine.js";
import { checkFits } from "./fits.js";

/* What engines are asked, checked before any of them sets to work: arrays of another kind would be read as nonsense. */

const batchSize = whole(1, LARGEST_BATCH);

const trainingChecks: Checks<TrainingOptions> = {
  batchSize,
  optimizer: elsewhere,
  clip: number(0, { above: true, infinite: true }),
  classWeights: elsewhere,
  ema: emaCheck,
  augment: augmentCheck,
  seed: SEED,
  resume: elsewhere,
};

const listening = { signal: abortSignal, onProgress: callback };

const epochChecks: Checks<EpochOptions> = {
  ...listening,
  pause: abortSignal,
  epoch: whole(1),
  before: elsewhere,
};

const inferenceChecks: Checks<InferenceOptions> = { ...listening, batchSize };

/** @throws InputError unless there can be such a training on this data */
export function checkTraining(model: Model, data: Dataset, options: TrainingOptions): void {
  checkFits(model, data);
  checkOptions("A training run", options, trainingChecks);
  inContext("A training run", () => {
    batchSize("batchSize", options.batchSize);
    resolveAugment(options.augment, model.inputShape);
    if (options.classWeights !== undefined) {
      if (labelsPerImage(data) > 1) throw severalError();
      checkClassWeights(options.classWeights, model.classes);
    }
  });
  checkImageCount(model, options.batchSize);
}

/** @throws InputError unless an epoch can go over these images of a data set, with these rates */
export function checkEpoch(
  model: Model,
  data: Dataset,
  batchSize: number,
  order: Uint32Array,
  learningRates: Float64Array,
  options: EpochOptions,
): void {
  checkOptions("An epoch", options, epochChecks);
  if (!(order instanceof Uint32Array && learningRates instanceof Float64Array)) {
    throw new InputError(
      `An epoch needs the order of the images as a Uint32Array and the learning rates as a Float64Array, not ${kindOf(order)} and ${kindOf(learningRates)}.`,
    );
  }
  const count = countOf(data);
  const wrong = order.find((index) => index >= count);
  if (wrong !== undefined) {
    throw new InputError(`There is no image ${wrong}: ${data.name} has ${count}, numbered from 0.`);
  }
  const rest = order.length % batchSize;
  if (rest > 0) checkImageCount(model, rest);
  const steps = Math.ceil(order.length / batchSize);
  if (learningRates.length < steps) {
    throw new InputError(
      `An epoch of ${steps} steps needs as many learning rates, but ${learningRates.length} were given.`,
    );
  }
}

/**
 * How many images these are.
 * @throws InputError unless they are bytes, of a whole number of images that the model takes, and the options are right
 */
export function checkInference(model: Model, images: Uint8Array, options: InferenceOptions): number {
  checkOptions("Inference", options, inferenceChecks);
  const size = sizeOf(model.inputShape);
  inContext("Inference", () => checkBytes(images));
  const count = images.length / size;
  if (!Number.isInteger(count)) {
    throw new InputError(
      `${images.length} bytes are not a whole number of images of shape [${model.inputShape.join(", ")}] (${size} bytes each).`,
    );
  }
  return count;
}

/** @throws InputError unless it is an engine: not one that is still to come, for example */
export function checkEngine(engine: Engine): void {
  if (typeof engine?.logits === "function" && typeof engine.startTraining === "function") return;
  const isPromise = typeof (engine as { then?: unknown } | undefined)?.then === "function";
  throw new InputError(
    `The first argument must be an engine from createEngine, not ${kindOf(engine)}${isPromise ? "; await it first" : ""}.`,
  );
}
