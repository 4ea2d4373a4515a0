import { resolveAugment } from "../augment/options.js";
import { countOf, type Dataset, labelsPerImage } from "../data/dataset.js";
import { DivergedError } from "../engine/diverged.js";
import type { Engine, EpochOptions, EpochTotals, RunState, TrainingRun } from "../engine/engine.js";
import { checkFits } from "../engine/fits.js";
import { checkEngine } from "../engine/inputs.js";
import { differenceOf, NOTHING } from "../engine/signs.js";
import { InputError, inContext } from "../errors.js";
import type { Model } from "../graph/model.js";
import { resolveClassWeights, severalError } from "../losses/classWeights.js";
import { learningRateAt } from "../optimizers/schedules.js";
import { wholeNumber } from "../options.js";
import { permutation, randomStream } from "../random.js";
import { type Death, deathOf } from "./death.js";
import {
  checkSettings,
  fitDefaults,
  type ResolvedSettings,
  resolveSettings,
  type TrainingSettings,
} from "./settings.js";
import { type Split, splitValidation } from "./split.js";

/**
 * All that a training has to know to go on later, as if it had never stopped: plain data that can be kept anywhere. With `ema`
 * `parameters` are what is trained, and `average` is what the engine holds.
 */
export interface TrainingState extends RunState {
  /** Of the epoch that isn't over: what `Training.totals` was. */
  readonly totals: EpochTotals;
  /** The largest mean loss of a batch among the first steps of all, which shows how bad the first weights were. */
  readonly firstLoss?: number;
}

/**
 * A training that goes on as far as it is told to, one step or many: `fit` in pieces. However it is cut, the parameters are
 * the same bits.
 */
export class Training {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly imagesPerEpoch: number;
  readonly settings: ResolvedSettings;
  /** What is trained on, and what was set aside. */
  readonly data: Split;
  readonly #engine: Engine;
  readonly #run: TrainingRun;
  #steps: number;
  #totals: EpochTotals;
  /** Of the present epoch. */
  #order: { readonly epoch: number; readonly images: Uint32Array } | undefined;
  #firstLoss = 0;
  #ended = false;

  private constructor(
    engine: Engine,
    run: TrainingRun,
    data: Split,
    settings: ResolvedSettings,
    state: TrainingState | undefined,
  ) {
    this.#engine = engine;
    this.#run = run;
    this.data = data;
    this.settings = settings;
    this.epochs = settings.epochs;
    this.imagesPerEpoch = imagesPerEpoch(engine.model, countOf(data.train), settings.batchSize);
    this.stepsPerEpoch = Math.ceil(this.imagesPerEpoch / settings.batchSize);
    this.#steps = state?.steps ?? 0;
    this.#totals = { ...NOTHING, ...state?.totals };
    this.#firstLoss = state?.firstLoss ?? 0;
  }

  /**
   * Begins a training of the engine's network, from its present parameters; or goes on from `state`, with the same data
   * and settings.
   * @throws InputError for settings, data or a state that don't fit, or if the engine is being trained already
   */
  static async open(
    engine: Engine,
    data: Dataset,
    settings: TrainingSettings = {},
    state?: TrainingState,
  ): Promise<Training> {
    return Training.begin(engine, prepareTraining(engine, data, settings), state);
  }

  /** As `open`, with what `prepareTraining` has found. */
  static async begin(engine: Engine, prepared: Prepared, state?: TrainingState): Promise<Training> {
    const { data, settings } = prepared;
    const release = occupy(engine);
    try {
      if (state) engine.setParameters(state.parameters);
      const { batchSize, optimizer, clip, classWeights, ema, augment, seed } = settings;
      const run = await engine.startTraining(data.train, {
        batchSize,
        optimizer,
        clip,
        classWeights,
        ema,
        ...(augment && { augment }),
        seed,
        ...(state && { resume: state }),
      });
      const training = new Training(engine, run, data, settings, state);
      if (training.#fits) return training;
      await run.close();
      throw new InputError(
        `A training can't be resumed after ${training.steps} steps with totals of ${training.totals.steps} steps of the epoch; keep the whole state.`,
      );
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Whether the totals that it goes on from are of as many steps as it has done in the epoch. */
  get #fits(): boolean {
    const within = this.#steps % this.stepsPerEpoch;
    const { steps } = this.#totals;
    return steps === within || (within === 0 && steps === this.stepsPerEpoch);
  }

  /** How many steps were done, over all epochs. */
  get steps(): number {
    return this.#steps;
  }

  /** The epoch that the next step belongs to, counted from 1; after the last one, the last. */
  get epoch(): number {
    return Math.min(this.epochs, Math.floor(this.#steps / this.stepsPerEpoch) + 1);
  }

  /** Whether all epochs are over. */
  get done(): boolean {
    return this.#steps >= this.epochs * this.stepsPerEpoch;
  }

  /** Sums over the images of the present epoch so far; when one has just ended, over all of it. */
  get totals(): EpochTotals {
    return this.#totals;
  }

  /** What is to be said if the network has died: no weight has had a gradient for many steps. */
  get death(): Death | undefined {
    return deathOf(this.#totals, this.settings);
  }

  /** The training images of the next step, as indices into `data.train`. Empty if there is none. */
  nextBatch(): Uint32Array {
    if (this.done) return new Uint32Array();
    const from = (this.#steps % this.stepsPerEpoch) * this.settings.batchSize;
    return this.#orderNow().slice(from, from + this.settings.batchSize);
  }

  /** The learning rate of a step, counted from 0 over all epochs; by default of the next one. */
  learningRate(step: number = this.#steps): number {
    const { schedule, learningRate } = this.settings;
    return learningRateAt(schedule, learningRate, step, this.epochs * this.stepsPerEpoch);
  }

  /**
   * Goes on for so many steps, but not beyond the end of the present epoch; by default to that end. When `options.pause` is
   * aborted, it stops before that and can go on later; after an abort of `options.signal` or an error it can't.
   * @param options.onProgress gets the totals of the epoch so far
   * @returns sums over these steps' images
   * @throws DivergedError if the loss or a parameter is no longer a finite number, or an epoch's loss is absurd; what
   *   `options.signal` was aborted with;
   *   InputError if the training has ended
   */
  async advance(
    steps = Infinity,
    { signal, pause, onProgress }: Omit<EpochOptions, "before" | "epoch"> = {},
  ): Promise<EpochTotals> {
    if (steps !== Infinity) inContext("A training goes on", () => wholeNumber("steps", steps, 1));
    if (this.done || this.#ended) throw new InputError("The training has ended; begin another one.");
    const { batchSize } = this.settings;
    const first = this.#steps % this.stepsPerEpoch;
    const count = Math.min(steps, this.stepsPerEpoch - first);
    const before = first === 0 ? { ...NOTHING, idleSteps: this.#totals.idleSteps } : this.#totals;
    const rates = Float64Array.from({ length: count }, (_, k) => this.learningRate(this.#steps + k));
    const images = this.#orderNow().subarray(first * batchSize, (first + count) * batchSize);
    this.#ended = true; // unless all goes well
    this.#totals = await this.#run.epoch(images, rates, {
      signal,
      pause,
      epoch: this.epoch,
      before,
      onProgress,
    });
    const done = differenceOf(this.#totals, before);
    this.#steps += done.steps;
    this.#firstLoss = Math.max(this.#firstLoss, this.#totals.firstLoss);
    if (first + done.steps === this.stepsPerEpoch) this.#checkEpoch(rates[count - 1]);
    this.#ended = false;
    return done;
  }

  /** What it takes to go on later, with `open`. A copy. */
  async state(): Promise<TrainingState> {
    return { ...(await this.#run.state()), totals: this.#totals, firstLoss: this.#firstLoss };
  }

  /** Frees what the training holds. The engine keeps the parameters. */
  async close(): Promise<void> {
    this.#ended = true;
    inTraining.delete(this.#engine);
    await this.#run.close();
  }

  /**
   * After an epoch. The loss shows a step that went wrong only at the next step, so after the last one the parameters are
   * looked at; and a loss can be finite and still absurd.
   */
  #checkEpoch(learningRate: number): void {
    const update = { ...this.settings, step: this.#steps, learningRate };
    for (const [name, { data }] of Object.entries(this.#engine.parameters())) {
      const wrong = data.find((value) => !Number.isFinite(value));
      if (wrong !== undefined) throw DivergedError.notFinite(name, wrong, update);
    }
    const { steps, images, loss, absurdSteps } = this.#totals;
    // most batches of the epoch: a few of them can be bad; and weights that were bad from the beginning may still learn
    if (absurdSteps > steps / 2 && loss / images > this.#firstLoss) {
      const { loss: kind, classes } = this.#engine.model;
      const guessing = kind.guessing(classes.length);
      const { learningRate } = this.settings; // of the last step it can be almost nothing
      throw DivergedError.absurd(loss / images, guessing, { ...update, learningRate });
    }
  }

  #orderNow(): Uint32Array {
    const { epoch } = this;
    if (this.#order?.epoch !== epoch) {
      const random = randomStream(this.settings.seed, `shuffle/${epoch}`);
      const all = permutation(countOf(this.data.train), random);
      this.#order = { epoch, images: all.subarray(0, this.imagesPerEpoch) };
    }
    return this.#order.images;
  }
}

/** What a training begins with: the images to train on and those set aside, and its settings with nothing left out. */
export interface Prepared {
  readonly data: Split;
  readonly settings: ResolvedSettings;
}

/** @throws InputError for settings or data that don't fit */
export function prepareTraining(engine: Engine, data: Dataset, settings: TrainingSettings): Prepared {
  checkEngine(engine);
  checkSettings(settings);
  checkFits(engine.model, data);
  const { validation = 0, stratify = false, seed = fitDefaults.seed } = settings;
  const split = splitValidation(data, validation, seed, stratify);
  return { data: split, settings: resolveFor(engine.model, split.train, settings) };
}

/** @throws InputError for a setting that is out of range, or doesn't fit the classes */
function resolveFor(
  model: Model,
  data: Dataset,
  { classWeights: spec, augment, ...settings }: TrainingSettings,
) {
  const classWeights =
    spec === undefined
      ? undefined
      : inContext("Training", () => {
          if (labelsPerImage(data) > 1) throw severalError();
          return resolveClassWeights(spec, model.classes, data.labels);
        });
  return {
    ...resolveSettings(settings, countOf(data)),
    classWeights,
    augment: inContext("Training", () => resolveAugment(augment, data.shape)),
  };
}

/**
 * How many of the training images an epoch trains on: all, less a last batch that is too short for a layer that needs several
 * images, such as batch normalisation of a dense layer. Others are left out in each epoch, as chance has it.
 */
export function imagesPerEpoch({ fewestImages }: Model, count: number, batchSize: number): number {
  const rest = count % batchSize;
  return rest < fewestImages && rest < count ? count - rest : count;
}

/** Two trainings at the same time would overwrite each other's parameters. */
const inTraining = new WeakSet<Engine>();

/**
 * Keeps others from training an engine.
 * @returns what lets them again
 * @throws InputError if another has it
 */
export function occupy(engine: Engine): () => void {
  if (inTraining.has(engine)) {
    throw new InputError(
      "The engine is being trained already; wait until that has ended, or create another engine.",
    );
  }
  inTraining.add(engine);
  return () => void inTraining.delete(engine);
}
