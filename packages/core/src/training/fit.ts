import { countOf, type Dataset, subset } from "../data/dataset.js";
import { DivergedError } from "../engine/diverged.js";
import type { Engine } from "../engine/engine.js";
import { InputError, inContext } from "../errors.js";
import { wholeNumber } from "../layers/options.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { checkRange } from "../optimizers/optimizer.js";
import { learningRateAt, type Schedule, schedules } from "../optimizers/schedules.js";
import { permutation, randomStream } from "../random.js";
import type { NamedTensors } from "../tensor.js";
import { checkFits, evaluate } from "./evaluate.js";

export interface FitOptions {
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
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** Where a training run stands. `step` comes several times a second, `epoch` after each epoch. */
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
  | { readonly type: "epoch"; readonly epoch: number; readonly epochs: number; readonly record: EpochRecord };

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

export interface History {
  readonly epochs: readonly EpochRecord[];
}

/**
 * Trains the engine's network. After an abort or an error the engine holds the parameters of the last step; if a thread
 * died or the engine was closed, those of the last epoch.
 * @throws InputError for options or data that don't fit, or if the engine is being trained already; DivergedError if the
 *   loss or a parameter is no longer a finite number; what `options.signal` was aborted with
 */
export async function fit(engine: Engine, data: Dataset, options: FitOptions = {}): Promise<History> {
  const resolved = resolve(options);
  checkFits(engine.model, data);
  const split = splitValidation(data, options.validation ?? 0, resolved.seed);
  options.signal?.throwIfAborted();
  if (inTraining.has(engine)) {
    throw new InputError(
      "The engine is being trained already; wait until that has ended, or create another engine.",
    );
  }
  inTraining.add(engine);
  try {
    return await fitTo(engine, split, resolved, options);
  } finally {
    inTraining.delete(engine);
  }
}

/** Two trainings at the same time would overwrite each other's parameters. */
const inTraining = new WeakSet<Engine>();

async function fitTo(
  engine: Engine,
  { train, validation }: Split,
  { epochs, batchSize, seed, optimizer, learningRate, schedule, clip }: ReturnType<typeof resolve>,
  { signal, onProgress }: FitOptions,
): Promise<History> {
  const run = await engine.startTraining(train, { batchSize, optimizer, clip });
  const count = countOf(train);
  const stepsPerEpoch = Math.ceil(count / batchSize);
  const records: EpochRecord[] = [];
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const order = permutation(count, randomStream(seed, `shuffle/${epoch}`));
      const rates = Float64Array.from({ length: stepsPerEpoch }, (_, step) =>
        learningRateAt(schedule, learningRate, (epoch - 1) * stepsPerEpoch + step, epochs * stepsPerEpoch),
      );
      const start = performance.now();
      const secondsSoFar = () => (performance.now() - start) / 1000;
      const totals = await run.epoch(order, rates, {
        signal,
        onProgress: ({ images, loss, correct }) =>
          onProgress?.({
            type: "step",
            epoch,
            epochs,
            images,
            imagesPerEpoch: count,
            loss: loss / images,
            accuracy: correct / images,
            imagesPerSecond: images / secondsSoFar(),
          }),
      });
      const seconds = secondsSoFar();
      checkFinite(engine.parameters(), epoch * stepsPerEpoch, rates[stepsPerEpoch - 1]);
      const validated = validation ? await evaluate(engine, validation, { signal }) : null;
      const record = {
        loss: totals.loss / count,
        accuracy: totals.correct / count,
        valLoss: validated?.loss ?? null,
        valAccuracy: validated?.accuracy ?? null,
        seconds,
        imagesPerSecond: count / seconds,
      };
      records.push(record);
      onProgress?.({ type: "epoch", epoch, epochs, record });
    }
    return { epochs: records };
  } finally {
    await run.close();
  }
}

/** The loss tells of a step that went wrong only in the next one, so after the last step of an epoch somebody has to look. */
function checkFinite(parameters: NamedTensors, step: number, learningRate: number): void {
  for (const [name, { data }] of Object.entries(parameters)) {
    for (let k = 0; k < data.length; k++) {
      if (!Number.isFinite(data[k])) throw new DivergedError(name, step, data[k], learningRate);
    }
  }
}

/** What `fit` does when it isn't told otherwise. */
export const fitDefaults = {
  epochs: 3,
  batchSize: 32,
  optimizer: { type: "adam" },
  schedule: "one-cycle",
  seed: 0,
} as const satisfies FitOptions;

/**
 * A learning rate that trains the built-in models well, chosen on training images of MNIST. Gradients of small batches
 * are noisy and want small steps: Adam's grow with the root of the batch size, SGD's with the batch size itself. With
 * momentum m a gradient acts 1 / (1 - m) times over the steps that follow.
 */
export function learningRateFor(optimizer: OptimizerSpec, batchSize: number): number {
  const options = resolveOptimizer(optimizer);
  return options.type === "sgd"
    ? ((1 - options.momentum) * batchSize) / 64
    : 0.01 * Math.sqrt(batchSize / 32);
}

function resolve({
  epochs = fitDefaults.epochs,
  batchSize = fitDefaults.batchSize,
  optimizer = fitDefaults.optimizer,
  learningRate,
  schedule = fitDefaults.schedule,
  seed = fitDefaults.seed,
  clip,
}: FitOptions) {
  inContext("Training", () => {
    wholeNumber("the number of epochs", epochs, 1);
    wholeNumber("the batch size", batchSize, 1);
  });
  const rate = checkRange("learning rate", learningRate ?? learningRateFor(optimizer, batchSize), 0);
  if (clip !== undefined && !(clip > 0)) {
    throw new InputError(`The length to clip gradients to must be a number above 0, not ${clip}.`);
  }
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

interface Split {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
}

/**
 * Sets `validation` images (see FitOptions) of a data set aside.
 * @throws InputError unless some images are left on both sides
 */
export function splitValidation(data: Dataset, validation: number, seed: number): Split {
  if (validation === 0) return { train: data, validation: undefined };
  const count = countOf(data);
  const size = validation > 0 && validation < 1 ? Math.round(validation * count) : validation;
  if (!Number.isInteger(size) || size < 1 || size >= count) {
    throw new InputError(
      `The validation split must be a share between 0 and 1 or a number of images below ${count}, not ${validation}.`,
    );
  }
  const order = permutation(count, randomStream(seed, "validation"));
  return {
    // in their old order, so that the split alone changes nothing else
    train: subset(data, order.subarray(size).sort()),
    validation: subset(data, order.subarray(0, size).sort()),
  };
}
