import {
  countOf,
  createEngine,
  type Dataset,
  describeChange,
  type Engine,
  type EpochTotals,
  evaluateLogits,
  measurePeak,
  type NamedTensors,
  type StartWorker,
  sizeOf,
  Training,
  type TrainingState,
  tensor,
} from "unravel-cnn";
import type { Images } from "./data.js";
import type { Progress } from "./messages.js";
import { augmentFor, checkSettings, type Settings, specOf } from "./settings.js";

/*
 * A training as the page wants it: in pieces that are short enough for a pause, with a look at what was learnt in between.
 * It runs where there are no documents and no windows.
 */

export interface SessionOptions {
  /** Worker threads; 0: the calling thread alone, where memory can't be shared. */
  readonly threads: number;
  /** Starts them. */
  readonly startWorker?: StartWorker | undefined;
  /** Where another session stopped. */
  readonly state?: TrainingState | undefined;
  /** Hears, in a sentence, what the visitor should know of the engine: which was taken and why, or that its GPU was lost. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
}

/** What a piece of the training came to. */
export interface Piece {
  /** Over its own images. */
  readonly totals: EpochTotals;
  readonly seconds: number;
}

/** An image that the network takes for something else. */
export interface Misread {
  /** Bytes `[C, H, W]`. */
  readonly image: Uint8Array;
  readonly label: number;
  readonly predicted: number;
  /** Of what it takes it for. */
  readonly probability: number;
}

/** How good the network is on images that it isn't trained on. */
export interface Look {
  /** `validation`: set aside from the training images. `test`: looked at when all is over. */
  readonly on: "validation" | "test";
  readonly count: number;
  readonly loss: number;
  readonly accuracy: number;
  /** `confusion[actual][predicted]` counts images. */
  readonly confusion: readonly (readonly number[])[];
  /** The surest mistakes first. */
  readonly mistakes: readonly Misread[];
}

/** One step, with all that changed. */
export interface StepRecord {
  /** Counted from 1, over all epochs. */
  readonly step: number;
  readonly epoch: number;
  /** Of what layers draw, such as dropout. */
  readonly seed: number;
  readonly learningRate: number;
  /** Bytes `[N, C, H, W]`. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  /** The mean over the batch, before the update and after it. */
  readonly loss: number;
  readonly lossAfter: number;
  /** How many of its images were right, before and after. */
  readonly correct: number;
  readonly correctAfter: number;
  readonly before: NamedTensors;
  readonly after: NamedTensors;
  /** What the optimizer remembers of each parameter. */
  readonly memoryBefore: readonly NamedTensors[];
  readonly memoryAfter: readonly NamedTensors[];
}

/** A pause is heard after this time at the latest, if one step doesn't take longer. */
const PIECE_MS = 30;
/** A piece is at most this share of the steps before it, so that the first steps are seen one by one, however fast they are. */
const LARGEST_SHARE = 1 / 50;
const MOST_MISTAKES = 18;
/** For measuring the machine's peak: nobody should have to wait for a figure. */
const PEAK_MS = 60;

export class Session {
  readonly engine: Engine;
  readonly training: Training;
  readonly #test: Dataset;
  /** Steps that fit into a piece. */
  #steps = 1;

  private constructor(engine: Engine, training: Training, test: Dataset) {
    this.engine = engine;
    this.training = training;
    this.#test = test;
  }

  /**
   * As `unravel train` does it: the same settings and images give the same weights, bit for bit.
   * @throws InputError for settings that can't be, or where this browser can't train
   */
  static async open(
    settings: Settings,
    { train, test, rule }: Images,
    options: SessionOptions,
  ): Promise<Session> {
    checkSettings(settings);
    const { optimizer, learningRate, schedule, epochs, seed, validation } = settings;
    const count = countOf(train);
    const { threads, startWorker, state, onNotice } = options;
    const batchSize = Math.min(settings.batchSize, count); // the learning rate follows from it
    const gpu = settings.engine === "wasm" ? undefined : await usableGpu();
    const engine = await createEngine(specOf(settings, train, rule), {
      threads,
      seed,
      ...(startWorker && { startWorker }),
      ...(gpu && { engine: settings.engine, gpu, training: { batchSize, optimizer: { type: optimizer } } }),
      onChange: (change) => onNotice?.(describeChange(change)),
    });
    if (settings.engine !== "wasm") onNotice?.(aboutEngine(engine));
    try {
      const training = await Training.open(
        engine,
        train,
        {
          optimizer: { type: optimizer },
          batchSize,
          schedule,
          epochs,
          seed,
          validation: Math.min(validation, count - 1),
          ...(settings.augment && { augment: augmentFor(train.shape) }),
          // of a class with few pictures none might be set aside by chance, or too many
          ...(settings.data === "collected" && { stratify: true }),
          ...(learningRate !== undefined && { learningRate }),
        },
        state,
      );
      return new Session(engine, training, test);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Where the training stands. */
  place(): Pick<Progress, "done" | "steps" | "epoch" | "images" | "death"> {
    const { steps, epoch, done, totals, stepsPerEpoch, death } = this.training;
    const isBetween = steps % stepsPerEpoch === 0 && !done;
    return { done, steps, epoch, images: isBetween ? 0 : totals.images, death: death?.message };
  }

  /** The most that its threads do, in GFLOP/s; undefined: a GPU trains. */
  async peak(): Promise<number | undefined> {
    if (this.engine.name !== "wasm") return undefined;
    return measurePeak({ engine: this.engine, milliseconds: PEAK_MS });
  }

  /** Goes on for a moment, not beyond the end of the epoch. */
  async advance(): Promise<Piece> {
    const start = performance.now();
    const most = Math.max(1, Math.floor(this.training.steps * LARGEST_SHARE));
    const totals = await this.training.advance(Math.min(this.#steps, most));
    const seconds = (performance.now() - start) / 1000;
    const fitting = (totals.steps * PIECE_MS) / 1000 / Math.max(seconds, 1e-4);
    // at most twice as many: the first steps may be much slower, or much faster, than those that follow
    this.#steps = Math.max(1, Math.min(Math.round(fitting), 2 * this.#steps));
    return { totals, seconds };
  }

  /** One step, and everything that it changed. */
  async step(): Promise<StepRecord> {
    const { training, engine } = this;
    const { train } = training.data;
    const indices = training.nextBatch();
    const size = sizeOf(train.shape);
    const images = new Uint8Array(indices.length * size);
    for (const [n, index] of indices.entries()) {
      images.set(train.images.subarray(index * size, (index + 1) * size), n * size);
    }
    const learningRate = training.learningRate();
    const { epoch } = training;
    const { parameters: before, memory: memoryBefore } = await training.state();
    const { loss, correct } = await training.advance(1);
    const { memory: memoryAfter } = await training.state();
    const labels = Uint8Array.from(indices, (index) => train.labels[index]);
    const after = await this.#evaluate(images, labels);
    return {
      step: training.steps,
      epoch,
      seed: training.settings.seed,
      learningRate,
      images,
      labels,
      loss: loss / indices.length,
      lossAfter: after.loss,
      correct,
      correctAfter: Math.round(after.accuracy * indices.length),
      before,
      after: engine.parameters(),
      memoryBefore,
      memoryAfter,
    };
  }

  /**
   * Looks at images that the network isn't trained on: those set aside, or the test images, but only when the training is
   * over, so that nobody chooses by them. Undefined if there are none.
   */
  async look(on: Look["on"]): Promise<Look | undefined> {
    const { done, data } = this.training;
    const test = done && countOf(this.#test) > 0 ? this.#test : undefined;
    const images = on === "validation" ? data.validation : test;
    if (images === undefined) return undefined;
    const { logits, ...evaluation } = await this.#evaluate(images.images, images.labels);
    const mistakes = mistakesIn(
      this.engine.model.loss.probabilities(logits).data,
      images,
      this.engine.model.classes.length,
    );
    return { on, count: countOf(images), ...evaluation, mistakes };
  }

  async #evaluate(images: Uint8Array, labels: Uint8Array) {
    const shape = [labels.length, this.engine.model.classes.length];
    const logits = tensor(shape, await this.engine.logits(images));
    return { logits, ...evaluateLogits(logits, labels, this.engine.model.loss) };
  }

  async close(): Promise<void> {
    await this.training.close().catch(() => {}); // its threads may be gone
    await this.engine.close();
  }
}

/** The browser's GPU, if it has one that a page can use. */
async function usableGpu(): Promise<GPU | undefined> {
  const gpu = globalThis.navigator?.gpu;
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return adapter ? gpu : undefined;
}

/** Which engine trains, and why, where somebody has asked for another one than the usual. */
function aboutEngine({ name, adapter, choice, changes = [] }: Engine): string {
  const [change] = changes;
  if (change) return describeChange(change);
  const trains = name === "wasm" ? "WebAssembly trains" : "the GPU trains";
  if (choice) return `${choice.reason}: ${trains}.`;
  return name === "wasm"
    ? "This browser has no GPU that a page can use: WebAssembly trains."
    : `The GPU trains (${adapter}).`;
}

/** @param probabilities `[N, classes]` */
function mistakesIn(
  probabilities: ArrayLike<number>,
  { images, labels, shape }: Dataset,
  classes: number,
): Misread[] {
  const size = sizeOf(shape);
  const found: (Omit<Misread, "image"> & { readonly index: number })[] = [];
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index];
    let predicted = 0;
    for (let k = 1; k < classes; k++) {
      if (probabilities[index * classes + k] > probabilities[index * classes + predicted]) predicted = k;
    }
    if (predicted === label) continue;
    found.push({ index, label, predicted, probability: probabilities[index * classes + predicted] });
  }
  found.sort((a, b) => b.probability - a.probability);
  return found.slice(0, MOST_MISTAKES).map(({ index, ...mistake }) => ({
    ...mistake,
    image: images.slice(index * size, (index + 1) * size),
  }));
}
