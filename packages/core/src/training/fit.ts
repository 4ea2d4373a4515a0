import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { listening } from "../listening.js";
import { abortSignal, type Checks, callback, checkOptions, oneOf, whole } from "../options.js";
import {
  aboutTraining,
  type Checkpoint,
  type CheckpointOptions,
  Checkpoints,
  checkpointCheck,
  checkSame,
  resumeCheck,
} from "./checkpoint.js";
import { Course } from "./course.js";
import type { EpochRecord, History, ProgressEvent } from "./history.js";
import { settingChecks, type TrainingSettings } from "./settings.js";
import { prepareTraining, Training } from "./training.js";

/** How a training is run, what is kept of it, and who hears of it. */
export interface FitOptions extends TrainingSettings {
  /**
   * Which weights the engine holds in the end: those of the `last` epoch, the default, or of the `best`, whose loss on the
   * validation images is the smallest. Without `validation`, `best` sets a tenth of the images aside, of each class its share.
   */
  readonly keep?: Keep | undefined;
  /**
   * Training ends early if so many epochs one after the other have not made the loss on the validation images smaller. Without
   * `validation` a tenth of the images is set aside, of each class its share. Default: it doesn't.
   */
  readonly patience?: number | undefined;
  /** Keeps where the training stands, now and then, so that it can go on later. Default: it doesn't. */
  readonly checkpoint?: CheckpointOptions | undefined;
  /** Goes on from a checkpoint, with the same network, data and settings; the engine's weights are replaced by its. */
  readonly resume?: Checkpoint | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of each epoch that is over, counted from 1. If it throws, or rejects, so does `fit`. */
  readonly onEpoch?: ((record: EpochRecord, epoch: number) => void) | undefined;
  /** If it throws, or returns a promise that rejects, training ends, and `fit` rejects with that. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** Which weights are kept in the end: those of the `best` epoch, or of the `last`. */
export type Keep = "best" | "last";

/** Which weights can be kept in the end. */
export const keeps: readonly Keep[] = ["best", "last"];

const fitChecks: Checks<FitOptions> = {
  ...settingChecks,
  keep: oneOf(keeps),
  patience: whole(1),
  checkpoint: checkpointCheck,
  resume: resumeCheck,
  signal: abortSignal,
  onEpoch: callback,
  onProgress: callback,
};

/** What is set aside where somebody has to know which epoch is the best. */
export const SET_ASIDE = { validation: 0.1, stratify: true } as const;

/**
 * Trains the engine's network. `step` comes several times a second, `epoch` after each epoch, `died` once if no weight changes
 * any more. After an abort or an error the engine holds the parameters of the last step; if a thread died or the engine was
 * closed, those of the last epoch.
 * @throws InputError for options or data that don't fit, a checkpoint of another training, or if the engine is being trained
 *   already; DivergedError if the loss or a parameter is no longer a finite number, or an epoch's loss is absurd: most
 *   batches' is above 20 times that of guessing, though the first ones' wasn't; what `options.signal` was aborted with, or
 *   `options.onProgress`, `options.onEpoch` or `options.checkpoint.save` threw
 */
export async function fit(engine: Engine, data: Dataset, options: FitOptions = {}): Promise<History> {
  checkOptions("Training", options, fitChecks);
  const {
    signal,
    keep = "last",
    patience,
    checkpoint,
    resume,
    onEpoch: _,
    onProgress: __,
    ...given
  } = options;
  const onProgress = listenerOf(options);
  const settings = withValidation(given, { keep, patience });
  signal?.throwIfAborted();
  const prepared = prepareTraining(engine, data, settings);
  const about =
    checkpoint || resume
      ? aboutTraining(engine, data, { ...prepared.settings, ...asideOf(settings), keep, patience })
      : undefined;
  if (about && resume) checkSame(resume.about, about);
  const changesBefore = engine.changes?.length ?? 0;
  const changes = () => [...(resume?.changes ?? []), ...(engine.changes?.slice(changesBefore) ?? [])];
  const training = await Training.begin(engine, prepared, resume?.state);
  try {
    return await listening({ signal, onProgress }, (listeners) => {
      const keeping = about && checkpoint && { checkpoints: new Checkpoints(checkpoint), about, changes };
      return new Course(engine, training, { ...listeners, keep, patience }, keeping, resume).run();
    });
  } finally {
    await training.close();
  }
}

/** One for both listeners. */
function listenerOf({ onProgress, onEpoch }: FitOptions): FitOptions["onProgress"] {
  if (onEpoch === undefined) return onProgress;
  return (event): unknown => {
    const answers: unknown[] = [onProgress?.(event)];
    if (event.type === "epoch") answers.push(onEpoch(event.record, event.epoch));
    return answers.some((answer) => answer instanceof Promise) ? Promise.all(answers) : undefined;
  };
}

const asideOf = ({ validation = 0, stratify = false }: TrainingSettings) => ({ validation, stratify });

/** @throws InputError if there are to be no validation images, and somebody needs them */
function withValidation(
  settings: TrainingSettings,
  { keep, patience }: Pick<FitOptions, "keep" | "patience">,
): TrainingSettings {
  const who = keep === "best" ? 'keep: "best"' : patience === undefined ? undefined : "patience";
  if (who === undefined || (settings.validation ?? 0) > 0) return settings;
  if (settings.validation === 0) {
    throw new InputError(
      `Training: ${who} needs validation images, but validation is 0; leave it out, and a tenth of the images is set aside.`,
    );
  }
  return { ...SET_ASIDE, ...settings, validation: SET_ASIDE.validation };
}
