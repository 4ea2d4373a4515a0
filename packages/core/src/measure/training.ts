import { computedInBlock } from "../compiler/computed.js";
import { convolutions } from "../compiler/convolution.js";
import { planModel } from "../compiler/plan.js";
import { planBatch } from "../compiler/webgpu/plan.js";
import type { EngineOptions } from "../engine/index.js";
import { FailureError } from "../errors.js";
import type { Model, ModelSpec } from "../graph/model.js";
import { multiplyAddsIn } from "../ir/multiplyAdds.js";
import { listening } from "../listening.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  flag,
  LARGEST_BATCH,
  number,
  oneOf,
  whole,
} from "../options.js";
import { openTimer } from "./timer.js";

/** How fast a network trains. */
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
  /** The same for the operations that are really computed. */
  readonly computedGflops: number;
}

/** Which training is measured, and how long. */
export interface TrainingSpeedOptions
  extends Pick<EngineOptions, "gpu" | "threads" | "startWorker" | "strict" | "convolution"> {
  /** Default `wasm`. */
  readonly engine?: "wasm" | "webgpu" | undefined;
  /** Default 64. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** For all repetitions together, about; default 2. */
  readonly seconds?: number;
  /** Default 5. */
  readonly repetitions?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number, imagesPerSecond: number) => void) | undefined;
}

const speedChecks: Checks<TrainingSpeedOptions> = {
  engine: oneOf(["wasm", "webgpu"]),
  gpu: elsewhere,
  startWorker: callback,
  threads: elsewhere,
  strict: flag,
  convolution: oneOf(convolutions),
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  seconds: number(0),
  repetitions: whole(1),
  signal: abortSignal,
  onProgress: callback,
};

/**
 * Trains a network on made-up images and measures how fast, after a warm-up.
 * @throws InputError if the spec or an option is wrong; FailureError if a GPU can't be used, or is lost; what `signal` was
 *   aborted with; what `onProgress` throws, or its promise rejects with
 */
export async function measureTraining(
  spec: ModelSpec,
  options: TrainingSpeedOptions = {},
): Promise<TrainingSpeed> {
  checkOptions("The measurement", options, speedChecks);
  return listening(options, (heard) => timeTraining(spec, { ...options, ...heard }));
}

async function timeTraining(spec: ModelSpec, options: TrainingSpeedOptions): Promise<TrainingSpeed> {
  const { seconds = 2, repetitions = 5, onProgress, ...rest } = options;
  const { batchSize = 64, optimizer = { type: "adam" } } = rest;
  const timer = await openTimer(spec, { ...rest, batchSize, optimizer });
  try {
    const speed = await timer.warmUp(Math.min(MOST_WARMUP_SECONDS, seconds / 4));
    const images = batchSize * Math.max(1, Math.round((speed * seconds) / repetitions / batchSize));
    const speeds: number[] = [];
    while (speeds.length < repetitions) {
      speeds.push(images / (await timer.time(images)));
      onProgress?.(speeds.length / repetitions, speeds[speeds.length - 1]);
    }
    const [change] = timer.engine.changes ?? [];
    if (change) throw new FailureError(`${change.reason}, so that it could not be measured; try again.`);
    speeds.sort((a, b) => a - b);
    const imagesPerSecond = speeds[Math.floor(repetitions / 2)];
    return {
      imagesPerSecond,
      slowest: speeds[0],
      fastest: speeds[repetitions - 1],
      images,
      repetitions,
      gflops: trainingGflops(timer.model, imagesPerSecond),
      computedGflops: computedGflops(timer.model, imagesPerSecond, { ...rest, batchSize, optimizer }),
    };
  } finally {
    await timer.close();
  }
}

export const MOST_WARMUP_SECONDS = 2;

/** Thousand million operations a second, two for each multiply-add that a training step has by the network's definition. */
export function trainingGflops({ multiplyAdds }: Model, imagesPerSecond: number): number {
  return (2 * multiplyAdds.trainingStep * imagesPerSecond) / 1e9;
}

/**
 * Thousand million operations a second that the engine really computes, forward and backward, on a GPU with the update: this is
 * what can be compared with the machine's peak, or the GPU's. In a batch whose last block isn't full, the whole block is computed.
 */
export function computedGflops(
  model: Model,
  imagesPerSecond: number,
  { batchSize = 64, optimizer = { type: "adam" }, convolution = "auto", engine }: TrainingSpeedOptions = {},
): number {
  if (engine === "webgpu") {
    const step = { batchSize, optimizer: resolveOptimizer(optimizer), several: false };
    const { kernels } = planBatch(model, batchSize, batchSize, { ...step, clip: undefined, ema: undefined });
    const inStep = kernels.reduce(
      (sum, { nest, seldom }) => sum + (seldom ? 0 : multiplyAddsIn(nest.body)),
      0,
    );
    return (2 * inStep * imagesPerSecond) / batchSize / 1e9;
  }
  const training = { batchSize, optimizer: resolveOptimizer(optimizer), clip: false };
  const plan = planModel(model, training, { convolution });
  const inBlock = [...computedInBlock(plan).values()].reduce((sum, count) => sum + count, 0);
  const blocksPerImage = Math.ceil(batchSize / plan.block) / batchSize;
  return (2 * inBlock * blocksPerImage * imagesPerSecond) / 1e9;
}
