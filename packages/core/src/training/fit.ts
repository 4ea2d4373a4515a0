import { countOf, type Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/engine.js";
import { listening } from "../listening.js";
import { abortSignal, type Checks, callback, checkOptions } from "../options.js";
import { type Death, deathOf } from "./death.js";
import { evaluate } from "./evaluate.js";
import { settingChecks, type TrainingSettings } from "./settings.js";
import { Training } from "./training.js";

export interface FitOptions extends TrainingSettings {
  readonly signal?: AbortSignal | undefined;
  /** If it throws, or returns a promise that rejects, training ends, and `fit` rejects with that. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

const fitChecks: Checks<FitOptions> = { ...settingChecks, signal: abortSignal, onProgress: callback };

/**
 * Where a training run stands. `step` comes several times a second, `epoch` after each epoch, `died` once if no weight changes
 * any more.
 */
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
  /** Whether the network had died in the end: then it has learnt nothing for some time, and more epochs are of no use. */
  readonly death: Death | null;
  /**
   * How many images each epoch went without, others each time: a last batch that was too short for a layer that needs several
   * images, such as `batchNorm1d`.
   */
  readonly leftOut: number;
}

/**
 * Trains the engine's network. After an abort or an error the engine holds the parameters of the last step; if a thread
 * died or the engine was closed, those of the last epoch.
 * @throws InputError for options or data that don't fit, or if the engine is being trained already; DivergedError if the
 *   loss or a parameter is no longer a finite number, or an epoch's loss is absurd: most batches' is above 20 times that of
 *   guessing, though the first ones' wasn't; what `options.signal` was aborted with, or `options.onProgress` threw
 */
export async function fit(engine: Engine, data: Dataset, options: FitOptions = {}): Promise<History> {
  checkOptions("Training", options, fitChecks);
  const { signal, onProgress, ...settings } = options;
  signal?.throwIfAborted();
  const training = await Training.open(engine, data, settings);
  try {
    return await listening({ signal, onProgress }, (listeners) => trainToEnd(engine, training, listeners));
  } finally {
    await training.close();
  }
}

/** Epoch by epoch, looking at the validation images after each. */
async function trainToEnd(
  engine: Engine,
  training: Training,
  { signal, onProgress }: Pick<FitOptions, "signal" | "onProgress">,
): Promise<History> {
  const { validation } = training.data;
  const { epochs, imagesPerEpoch: count } = training;
  const records: EpochRecord[] = [];
  let told = false;
  const tell = (epoch: number, death: Death | undefined) => {
    if (death && !told) onProgress?.({ type: "died", epoch, epochs, death });
    told = death !== undefined;
  };
  while (!training.done) {
    const { epoch } = training;
    const start = performance.now();
    const secondsSoFar = () => (performance.now() - start) / 1000;
    const totals = await training.advance(Infinity, {
      signal,
      onProgress: (soFar) => {
        const { images, loss, correct } = soFar;
        onProgress?.({
          type: "step",
          epoch,
          epochs,
          images,
          imagesPerEpoch: count,
          loss: loss / images,
          accuracy: correct / images,
          imagesPerSecond: images / secondsSoFar(),
        });
        tell(epoch, deathOf(soFar, training.settings));
      },
    });
    const seconds = secondsSoFar();
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
    tell(epoch, training.death);
  }
  const leftOut = countOf(training.data.train) - count;
  return { epochs: records, death: training.death ?? null, leftOut };
}
