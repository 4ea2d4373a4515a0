import type { EngineOptions } from "../../engine/index.js";
import { InputError } from "../../errors.js";
import type { ModelSpec } from "../../graph/model.js";
import { listening } from "../../listening.js";
import type { OptimizerSpec } from "../../optimizers/index.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  number,
  oneOf,
  SEED,
  whole,
} from "../../options.js";
import { permutation, randomStream } from "../../random.js";
import { openTimer, type TrainingTimer } from "../timer.js";
import { MOST_WARMUP_SECONDS, trainingGflops } from "../training.js";
import { networkFor } from "./network.js";

/* Time per epoch against one thing that changes, while all others stay. */

/** What can change. */
export const sweeps = ["filters", "kernel", "batch-size", "images", "threads"] as const;

/** What a sweep changes: filters, kernel size, batch size, images or threads. */
export type Sweep = (typeof sweeps)[number];

/** What an epoch's time depends on. */
export interface EpochSettings {
  readonly filters: number;
  /** Height and width of the kernels. */
  readonly kernel: number;
  readonly batchSize: number;
  /** Of an epoch. */
  readonly images: number;
  /** Of the wasm engine. */
  readonly threads: number;
}

/** What is changed step by step, and what is measured of it. */
export interface ScalingOptions
  extends Pick<EngineOptions, "engine" | "startWorker" | "strict" | "convolution"> {
  readonly sweep: Sweep;
  /** What is taken in turn; each above 0, from small to large. */
  readonly values: readonly number[];
  /** All else; what `sweep` names is not used. */
  readonly settings: EpochSettings;
  /** The network; default `networkFor` the sweep. */
  readonly specFor?: (settings: EpochSettings) => ModelSpec;
  readonly optimizer: OptimizerSpec;
  /** For each point, all repetitions together, about; default 2. A repetition trains on a batch at least. */
  readonly seconds?: number;
  /** Default 5. */
  readonly repetitions?: number;
  readonly seed?: number;
  /** How much memory the images of all points may take, about; default 192 million. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share that is done, and before each run with the value. */
  readonly onProgress?: ((share: number, value: number) => void) | undefined;
  /** Called after each round with what is measured so far. */
  readonly onRound?: ((points: readonly ScalingPoint[], round: number) => void) | undefined;
}

const scalingChecks: Checks<ScalingOptions> = {
  startWorker: callback,
  sweep: oneOf(sweeps),
  values: elsewhere,
  settings: elsewhere,
  specFor: callback,
  optimizer: elsewhere,
  engine: elsewhere,
  strict: elsewhere,
  convolution: elsewhere,
  seconds: number(0),
  repetitions: whole(1),
  seed: SEED,
  mostBytes: number(0, { above: true }),
  signal: abortSignal,
  onProgress: callback,
  onRound: callback,
};

/** One measurement of a sweep. */
export interface ScalingPoint {
  /** Of what changes. */
  readonly value: number;
  /** What is counted: forward and back, of all images. */
  readonly multiplyAddsPerEpoch: number;
  /** What is measured: the median of the repetitions, and the fastest and the slowest of them. */
  readonly secondsPerEpoch: number;
  readonly fastest: number;
  readonly slowest: number;
  /** Images that were timed, all repetitions together; the times are scaled to a whole epoch. */
  readonly imagesTimed: number;
  /** Thousand million operations a second at the median, two for each multiply-add. */
  readonly gflops: number;
}

/** Of images, for all points together. */
const MOST_BYTES = 192e6;

/** The share of the time that warming up takes. */
const WARMUP = 0.2;

/**
 * Measures the time of an epoch at each value. The points take turns, each round in another order, so that a machine that
 * becomes slower or faster does so for all of them.
 * @throws InputError if a value or an option is wrong; what `signal` was aborted with; what a
 *   callback throws, or its promise rejects with
 */
export async function measureScaling(options: ScalingOptions): Promise<readonly ScalingPoint[]> {
  checkOptions("The measurement", options, scalingChecks);
  const { onRound } = options;
  return listening(options, ({ signal, onProgress }) =>
    listening({ signal, onProgress: onRound }, (heard) =>
      timePoints({ ...options, onProgress, signal: heard.signal, onRound: heard.onProgress }),
    ),
  );
}

async function timePoints(options: ScalingOptions): Promise<readonly ScalingPoint[]> {
  const { values, seconds = 2, repetitions = 5, seed = 0, signal, onProgress, onRound } = options;
  checkValues(values);
  const timers: TrainingTimer[] = [];
  try {
    const cases: Case[] = [];
    for (const [k, value] of values.entries()) {
      signal?.throwIfAborted();
      onProgress?.((WARMUP * k) / values.length, value);
      const settings = settingsAt(options, value);
      const timer = await open(options, settings);
      timers.push(timer);
      const speed = await timer.warmUp(Math.min(MOST_WARMUP_SECONDS, seconds / 4));
      const run = runOf((speed * seconds) / repetitions, options.sweep, settings);
      cases.push({ value, epoch: settings.images, timer, ...run, times: [] });
    }
    for (let round = 0; round < repetitions; round++) {
      const order = permutation(cases.length, randomStream(seed, `points of round ${round}`));
      for (const [turn, k] of order.entries()) {
        const done = (round + turn / cases.length) / repetitions;
        onProgress?.(WARMUP + (1 - WARMUP) * done, cases[k].value);
        await repeat(cases[k]);
      }
      onRound?.(cases.map(pointOf), round + 1);
    }
    return cases.map(pointOf);
  } finally {
    await Promise.all(timers.map((timer) => timer.close()));
  }
}

interface Case {
  readonly value: number;
  /** Images of an epoch. */
  readonly epoch: number;
  readonly timer: TrainingTimer;
  /** A repetition is so many runs of so many images. */
  readonly runs: number;
  readonly images: number;
  /** Seconds for an epoch, of each repetition. */
  readonly times: number[];
}

async function repeat({ epoch, timer, runs, images, times }: Case): Promise<void> {
  let seconds = 0;
  for (let run = 0; run < runs; run++) seconds += await timer.time(images);
  times.push((seconds * epoch) / (runs * images));
}

function settingsAt({ sweep, settings }: ScalingOptions, value: number): EpochSettings {
  const name = sweep === "batch-size" ? "batchSize" : sweep;
  return { ...settings, [name]: value };
}

function open(options: ScalingOptions, settings: EpochSettings): Promise<TrainingTimer> {
  const { sweep, specFor = networkFor(sweep), values, optimizer, seed, signal } = options;
  const { engine, startWorker, strict, convolution, mostBytes = MOST_BYTES } = options;
  return openTimer(specFor(settings), {
    batchSize: settings.batchSize,
    optimizer,
    threads: settings.threads,
    signal,
    mostBytes: mostBytes / values.length,
    ...(seed !== undefined && { seed }),
    ...(engine && { engine }),
    ...(startWorker && { startWorker }),
    ...(strict && { strict }),
    ...(convolution && { convolution }),
  });
}

/**
 * What a repetition is, if so many images fit into its time: whole batches, scaled to an epoch afterwards. Where the images
 * of an epoch are what changes it is whole epochs, so that what an epoch costs by itself is in them.
 */
function runOf(fitting: number, sweep: Sweep, { images, batchSize }: EpochSettings) {
  const count = (unit: number) => Math.max(1, Math.round(fitting / unit));
  return sweep === "images"
    ? { runs: count(images), images }
    : { runs: 1, images: batchSize * count(batchSize) };
}

function pointOf({ value, timer: { model }, runs, images, epoch, times }: Case): ScalingPoint {
  const sorted = [...times].sort((a, b) => a - b);
  const secondsPerEpoch = sorted[Math.floor(sorted.length / 2)];
  return {
    value,
    multiplyAddsPerEpoch: model.multiplyAdds.trainingStep * epoch,
    secondsPerEpoch,
    fastest: sorted[0],
    slowest: sorted[sorted.length - 1],
    imagesTimed: runs * images * times.length,
    gflops: trainingGflops(model, epoch / secondsPerEpoch),
  };
}

function checkValues(values: readonly number[]): void {
  for (const [k, value] of values.entries()) {
    if (!Number.isInteger(value) || value < 1 || (k > 0 && value <= values[k - 1])) {
      throw new InputError(
        `The values to measure must be whole numbers of at least 1, from small to large, not ${values.join(", ")}.`,
      );
    }
  }
  if (values.length < 2) throw new InputError("To see how time changes, there must be two values at least.");
}
