import type { Convolution } from "../compiler/convolution.js";
import { noise } from "../data/noise.js";
import { createEngine } from "../engine/index.js";
import { defineModel, type Model, type ModelSpec } from "../model.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { permutation, randomStream } from "../random.js";
import { sizeOf } from "../tensor.js";

export interface TrainingSpeed {
  /** The median of the repetitions, and the slowest and the fastest of them. */
  readonly imagesPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Images of each repetition. */
  readonly images: number;
  readonly repetitions: number;
  /** Thousand million operations a second at the median, two for each multiply-add of a training step. */
  readonly gflops: number;
}

export interface TrainingSpeedOptions {
  readonly threads?: number;
  readonly strict?: boolean;
  /** Default `auto`. */
  readonly convolution?: Convolution;
  /** Default 64. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** For all repetitions together, about; default 2. */
  readonly seconds?: number;
  /** Default 5. */
  readonly repetitions?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (share: number, imagesPerSecond: number) => void;
}

/** As many images as MNIST has, unless they are large: what a step reads should not be in a cache. */
const MOST_IMAGES = 60_000;
const MOST_BYTES = 64e6;

/** Small: what is learnt from noise should not make numbers grow. */
const LEARNING_RATE = 1e-4;

/**
 * Trains a network on made-up images and measures how fast, after a warm-up.
 * @throws InputError if the spec or an option is wrong; what `signal` was aborted with
 */
export async function measureTraining(
  spec: ModelSpec,
  options: TrainingSpeedOptions = {},
): Promise<TrainingSpeed> {
  const {
    batchSize = 64,
    seconds = 2,
    repetitions = 5,
    signal,
    onProgress,
    threads,
    strict = false,
    convolution = "auto",
  } = options;
  const model = defineModel(spec);
  const bytes = Math.floor(MOST_BYTES / sizeOf(model.inputShape));
  const data = noise(model, Math.max(batchSize, Math.min(MOST_IMAGES, bytes)));
  const count = data.labels.length;
  const order = permutation(count, randomStream(0, "order"));
  const engine = await createEngine(spec, { strict, convolution, ...(threads !== undefined && { threads }) });
  try {
    const run = await engine.startTraining(data, {
      batchSize,
      optimizer: resolveOptimizer(options.optimizer ?? { type: "adam" }),
    });
    let first = 0;
    /** Trains on so many batches; returns the images of a second. */
    const train = async (batches: number) => {
      const chosen = Uint32Array.from({ length: batches * batchSize }, () => order[first++ % count]);
      const start = performance.now();
      await run.epoch(chosen, new Float64Array(batches).fill(LEARNING_RATE), { signal });
      return (1000 * chosen.length) / (performance.now() - start);
    };

    // in ever longer runs, because the first ones are slow: V8 hasn't compiled the kernels well yet
    let speed = 0;
    const end = performance.now() + 1000 * Math.min(MOST_WARMUP_SECONDS, seconds / 4);
    for (let batches = 1; performance.now() < end; batches *= 2) speed = await train(batches);

    const batches = Math.max(1, Math.round((speed * seconds) / repetitions / batchSize));
    const speeds: number[] = [];
    while (speeds.length < repetitions) {
      speeds.push(await train(batches));
      onProgress?.(speeds.length / repetitions, speeds[speeds.length - 1]);
    }
    await run.close();
    speeds.sort((a, b) => a - b);
    const imagesPerSecond = speeds[Math.floor(repetitions / 2)];
    return {
      imagesPerSecond,
      slowest: speeds[0],
      fastest: speeds[repetitions - 1],
      images: batches * batchSize,
      repetitions,
      gflops: trainingGflops(model, imagesPerSecond),
    };
  } finally {
    await engine.close();
  }
}

const MOST_WARMUP_SECONDS = 2;

/** Thousand million operations a second, two for each multiply-add of a training step. */
export function trainingGflops({ multiplyAdds }: Model, imagesPerSecond: number): number {
  return (2 * multiplyAdds.trainingStep * imagesPerSecond) / 1e9;
}
