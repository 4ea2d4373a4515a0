import { noise } from "../data/noise.js";
import type { Engine } from "../engine/engine.js";
import { createEngine, type EngineOptions } from "../engine/index.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { permutation, randomStream } from "../random.js";
import { sizeOf } from "../tensor.js";

/* Trains a network on made-up images, piece by piece, and says how long each piece took. */

export interface TimerOptions
  extends Pick<EngineOptions, "engine" | "gpu" | "threads" | "startWorker" | "strict" | "convolution"> {
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  /** Of weights, images and their order; default 0. */
  readonly seed?: number;
  /** How much memory the images may take, about; default 64 million. */
  readonly mostBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainingTimer {
  readonly model: Model;
  readonly engine: Engine;
  readonly threads: number;
  /** Trains on so many images, the last batch may be short; seconds. @throws what `signal` was aborted with */
  time(images: number): Promise<number>;
  /**
   * Trains for about so many seconds, in ever longer runs, because the first ones are slow: V8 hasn't compiled the kernels
   * well yet. Returns the images a second of the last run.
   */
  warmUp(seconds: number): Promise<number>;
  /** Frees threads and memory. */
  close(): Promise<void>;
}

/** As many images as MNIST has, unless they are large: what a step reads should not be in a cache. */
const MOST_IMAGES = 60_000;
const MOST_BYTES = 64e6;

/** Small: what is learnt from noise should not make numbers grow. */
const LEARNING_RATE = 1e-4;

/** @throws InputError if the spec or an option is wrong */
export async function openTimer(spec: ModelSpec, options: TimerOptions): Promise<TrainingTimer> {
  const { batchSize, optimizer, seed = 0, mostBytes = MOST_BYTES, signal, ...engineOptions } = options;
  const model = defineModel(spec);
  const fitting = Math.floor(mostBytes / sizeOf(model.inputShape));
  const data = noise(model, Math.max(batchSize, Math.min(MOST_IMAGES, fitting)), seed);
  const count = data.labels.length;
  const order = permutation(count, randomStream(seed, "order"));
  const engine = await createEngine(spec, { ...engineOptions, seed });
  try {
    const run = await engine.startTraining(data, { batchSize, optimizer: resolveOptimizer(optimizer) });
    let first = 0;
    const time = async (images: number) => {
      const chosen = Uint32Array.from({ length: images }, () => order[first++ % count]);
      const rates = new Float64Array(Math.ceil(images / batchSize)).fill(LEARNING_RATE);
      const start = performance.now();
      await run.epoch(chosen, rates, { signal });
      return (performance.now() - start) / 1000;
    };
    const warmUp = async (seconds: number) => {
      let speed = 0;
      const end = performance.now() + 1000 * seconds;
      for (let images = batchSize; speed === 0 || performance.now() < end; images *= 2) {
        speed = images / (await time(images));
      }
      return speed;
    };
    return { model, engine, threads: engine.threads, time, warmUp, close: () => engine.close() };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
