import { countOf, type Dataset } from "../data/dataset.js";
import { DivergedError } from "../engine/diverged.js";
import type { Engine, TrainingRun } from "../engine/engine.js";
import { InputError, inContext } from "../errors.js";
import { listening } from "../listening.js";
import { exp, log } from "../math.js";
import { checkScale } from "../optimizers/optimizer.js";
import { abortSignal, type Checks, callback, checkOptions, number, whole } from "../options.js";
import { permutation, randomStream } from "../random.js";
import { settingChecks, type TrainingSettings } from "./settings.js";
import { imagesPerEpoch, occupy, type Prepared, prepareTraining } from "./training.js";

/** Between which rates a test of learning rates goes, and on what it trains. */
export interface FindRateOptions extends Omit<TrainingSettings, "epochs" | "schedule" | "learningRate"> {
  /** The first rate; default 1e-5. */
  readonly from?: number | undefined;
  /** The last rate, unless the loss becomes absurd before; default 10. */
  readonly to?: number | undefined;
  /** Into how many steps the way between them is cut; default 200. */
  readonly steps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Gets the share of the steps that are done, in [0, 1]. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

const { epochs: _epochs, schedule: _schedule, learningRate: _rate, ...sameChecks } = settingChecks;

const findRateChecks: Checks<FindRateOptions> = {
  ...sameChecks,
  from: number(0, { above: true }),
  to: number(0, { above: true }),
  steps: whole(20, 100_000),
  signal: abortSignal,
  onProgress: callback,
};

/** What came of trying learning rates, one step with each. */
export interface RateTest {
  readonly trials: readonly RateTrial[];
  /**
   * A good largest rate for `fit`: half-way, as factors go, between the rate at which the loss falls the fastest and the one at which
   * it is the smallest. Null if it doesn't fall.
   */
  readonly suggested: number | null;
  /** The rate at which the loss falls the fastest; null if it doesn't fall. */
  readonly steepest: number | null;
  /** The rate with the smallest loss, where falling ends; null if the loss doesn't fall. */
  readonly lowest: number | null;
  /** The rate at which the loss became infinite, or several times the smallest; null: up to the last it didn't. */
  readonly tooHigh: number | null;
}

/** One step of a test of learning rates. */
export interface RateTrial {
  readonly rate: number;
  /** Mean of the batch, before the step. */
  readonly loss: number;
  /** The mean of the losses around. */
  readonly smooth: number;
}

/** The way ends when the loss is so many times the smallest. */
const ABSURD = 4;

/** Losses on each side of one that are averaged with it. */
const REACH = 8;

/** How much smaller than at the beginning the loss has to become, or it doesn't fall. */
const FALLS = 0.9;

/**
 * Tries learning rates: trains with a rate that grows from step to step, by the same factor, until the loss becomes absurd
 * (L. Smith, "Cyclical learning rates for training neural networks", 2017).
 * Afterwards the engine has the parameters that it had before.
 * @throws InputError for options or data that don't fit, or if the engine is being trained already; what `options.signal` was
 *   aborted with
 */
export async function findRate(
  engine: Engine,
  data: Dataset,
  options: FindRateOptions = {},
): Promise<RateTest> {
  checkOptions("Finding a rate", options, findRateChecks);
  const { from = 1e-5, to = 10, steps = 200, signal, onProgress, ...settings } = options;
  if (!(to > from)) {
    throw new InputError(`Finding a rate: to must be above from, which is ${from}, not ${to}.`);
  }
  inContext("Finding a rate", () => checkScale("learning rate", to));
  signal?.throwIfAborted();
  const prepared = prepareTraining(engine, data, settings);
  const release = occupy(engine);
  const before = engine.parameters();
  try {
    const { train } = prepared.data;
    const { batchSize, optimizer, clip, classWeights, augment, seed } = prepared.settings;
    const run = await engine.startTraining(train, {
      ...{ batchSize, optimizer, clip, classWeights, seed },
      ...(augment && { augment }),
    });
    const rates = Float64Array.from(
      { length: steps },
      (_, k) => from * exp((k / (steps - 1)) * log(to / from)),
    );
    try {
      return await listening({ signal, onProgress }, (listeners) => {
        const batches = batchesOf(engine, prepared, steps);
        return testRates(run, batches, rates, listeners);
      });
    } finally {
      await run.close();
    }
  } finally {
    release();
    engine.setParameters(before);
  }
}

/** One batch for each step: epoch by epoch in the orders of a training, as many as it takes. */
function* batchesOf(
  { model }: Engine,
  { data: { train }, settings }: Prepared,
  steps: number,
): Generator<{ readonly images: Uint32Array; readonly epoch: number }> {
  const count = imagesPerEpoch(model, countOf(train), settings.batchSize);
  for (let epoch = 1, step = 0; step < steps; epoch++) {
    const order = permutation(countOf(train), randomStream(settings.seed, `shuffle/${epoch}`));
    for (let from = 0; from < count && step < steps; from += settings.batchSize, step++) {
      yield { images: order.slice(from, Math.min(count, from + settings.batchSize)), epoch };
    }
  }
}

async function testRates(
  run: TrainingRun,
  batches: Iterable<{ readonly images: Uint32Array; readonly epoch: number }>,
  rates: Float64Array,
  { signal, onProgress }: Pick<FindRateOptions, "signal" | "onProgress">,
): Promise<RateTest> {
  const losses: number[] = [];
  let tooHigh: number | null = null;
  let smallest = Infinity;
  for (const { images, epoch } of batches) {
    const rate = rates[losses.length];
    const loss = await lossOf(run, images, rate, epoch, signal);
    const recent = [...losses.slice(1 - REACH), loss];
    const mean = recent.reduce((sum, one) => sum + one, 0) / recent.length;
    if (!Number.isFinite(loss) || mean > ABSURD * smallest) {
      tooHigh = rate;
      break;
    }
    losses.push(loss);
    if (losses.length >= REACH) smallest = Math.min(smallest, mean);
    onProgress?.(losses.length / rates.length);
  }
  const trials = losses.map((loss, k) => ({ rate: rates[k], loss, smooth: meanAround(losses, k) }));
  return { trials, ...choose(trials), tooHigh };
}

/** Of one step with this rate; infinite if it is no number any more. */
async function lossOf(
  run: TrainingRun,
  images: Uint32Array,
  rate: number,
  epoch: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    const { loss } = await run.epoch(images, Float64Array.of(rate), { signal, epoch });
    return loss / images.length;
  } catch (error) {
    if (error instanceof DivergedError) return Infinity;
    throw error;
  }
}

function meanAround(losses: readonly number[], place: number): number {
  const reach = Math.min(REACH, place, losses.length - 1 - place);
  const around = losses.slice(place - reach, place + reach + 1);
  return around.reduce((sum, loss) => sum + loss, 0) / around.length;
}

/** The rates where the loss falls the fastest, as the rate grows by a factor, and where it is smallest. */
function choose(trials: readonly RateTrial[]): Pick<RateTest, "suggested" | "steepest" | "lowest"> {
  const nothing = { suggested: null, steepest: null, lowest: null };
  // where a mean has all that it is of: others are nearly as uneven as single losses
  const end = trials.length - REACH;
  if (end <= REACH) return nothing;
  let lowest = REACH;
  for (let k = REACH; k < end; k++) if (trials[k].smooth < trials[lowest].smooth) lowest = k;
  if (!(trials[lowest].smooth < FALLS * trials[REACH].smooth)) return nothing;
  let steepest = REACH;
  const slope = (k: number) => slopeAround(trials, k);
  for (let k = REACH; k <= lowest; k++) if (slope(k) < slope(steepest)) steepest = k;
  const rates = { steepest: trials[steepest].rate, lowest: trials[lowest].rate };
  return { suggested: Math.sqrt(rates.steepest * rates.lowest), ...rates };
}

/** How fast the loss changes with the logarithm of the rate. */
function slopeAround(trials: readonly RateTrial[], place: number): number {
  const before = trials[Math.max(0, place - REACH)];
  const after = trials[Math.min(trials.length - 1, place + REACH)];
  return (after.smooth - before.smooth) / (log(after.rate) - log(before.rate));
}
