import { type BatchPlan, planBatch } from "../../compiler/webgpu/plan.js";
import { rowOf } from "../../engine/wasm/row.js";
import { fromDevice, openDevice } from "../../engine/webgpu/device.js";
import type { Gpu } from "../../engine/webgpu/gpu.js";
import { placeIn } from "../../engine/webgpu/places.js";
import { Program } from "../../engine/webgpu/program.js";
import { defineModel, type ModelSpec } from "../../graph/model.js";
import { initialParameters } from "../../graph/parameters.js";
import { multiplyAddsIn } from "../../ir/multiplyAdds.js";
import { bytesMovedBy } from "../../ir/traffic.js";
import { listening } from "../../listening.js";
import { type OptimizerSpec, resolveOptimizer } from "../../optimizers/index.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  LARGEST_BATCH,
  whole,
} from "../../options.js";
import { sizeOf } from "../../tensor.js";
import { clockOf } from "./clock.js";
import type { GpuLimits } from "./gpuLimits.js";
import { limitsOf } from "./limits.js";

/*
 * Where the time of a step goes on a GPU: each kernel timed by the device's own clock, beside the most multiply-adds and the
 * most bytes that the device does in a second.
 */

/** How a kernel of a training step does on a GPU. */
export interface GpuKernelProfile {
  readonly name: string;
  /** For the whole batch: the median. Null where the device has no clock for single kernels. */
  readonly microseconds: number | null;
  /** Multiply-adds that the kernel computes. */
  readonly computed: number;
  /** Thousand million operations a second, two for each multiply-add; null where there are none, or no time. */
  readonly gflops: number | null;
  /** The fewest bytes that it can move: each number that it reads or writes, once. */
  readonly bytes: number;
  /** Thousand million of these bytes a second; null where there is no time. */
  readonly gigabytesPerSecond: number | null;
  readonly invocations: number;
  /** Whether it runs in every 16th step only. */
  readonly seldom: boolean;
}

/** Where the time of a training step goes on a GPU. */
export interface GpuProfile extends GpuLimits {
  /** What the GPU calls itself. */
  readonly adapter: string;
  /** How many kernels a step has, but for those of every 16th. */
  readonly dispatches: number;
  /** In the order of a step. */
  readonly kernels: readonly GpuKernelProfile[];
}

/** Which step is profiled, and how often. */
export interface GpuProfileOptions {
  /** Default 128. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** Default: `navigator.gpu`. */
  readonly gpu?: Gpu | undefined;
  /** How often each kernel runs; default 11. */
  readonly rounds?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

const checks: Checks<GpuProfileOptions> = {
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  gpu: elsewhere,
  rounds: whole(1, 1000),
  signal: abortSignal,
  onProgress: callback,
};

/**
 * Times each kernel of a training step on the GPU, by the GPU's own clock, and what the GPU can do at most. Browsers round that
 * clock to tenths of a millisecond.
 * @throws InputError if the spec or an option is wrong, or there is no GPU here; FailureError if it can't be used, or has too little
 *   memory; what `signal` was aborted with
 */
export async function profileOnGpu(spec: ModelSpec, options: GpuProfileOptions = {}): Promise<GpuProfile> {
  checkOptions("The profile", options, checks);
  return listening(options, (heard) => profile(spec, { ...options, ...heard }));
}

async function profile(
  spec: ModelSpec,
  { batchSize = 128, rounds = 11, onProgress, signal, ...options }: GpuProfileOptions,
): Promise<GpuProfile> {
  const { gpu = globalThis.navigator?.gpu } = options;
  const optimizer = resolveOptimizer(options.optimizer ?? { type: "adam" });
  const model = defineModel(spec);
  const device = await openDevice(gpu);
  try {
    const clock = clockOf(device);
    const limits = await fromDevice(
      device,
      limitsOf(device.device, clock, Math.min(rounds, MOST_LIMIT_ROUNDS)),
    );
    onProgress?.(1 / (rounds + 1));
    const training = { batchSize, optimizer, clip: undefined, several: false, ema: undefined };
    const plan = planBatch(model, batchSize, batchSize, training);
    const program = await Program.load(device, plan);
    fillIn(program, plan, rowOf(plan, initialParameters(model, 0)));
    const times = program.kernels.map((): number[] => []);
    for (let round = 0; round < rounds && device.canTime; round++) {
      signal?.throwIfAborted();
      const durations = await fromDevice(device, clock.time(program.kernels));
      for (const [k, duration] of durations.entries()) times[k].push(duration);
      onProgress?.((round + 2) / (rounds + 1));
    }
    const kernels = program.kernels.map(({ name, seldom, invocations }, k): GpuKernelProfile => {
      const { body } = plan.kernels[k].nest;
      const microseconds = device.canTime ? median(times[k]) / 1e3 : null;
      const [computed, bytes] = [multiplyAddsIn(body), bytesMovedBy(body)];
      // a kernel may be too short for a clock that is rounded
      const rate = (amount: number) => (microseconds ? amount / microseconds / 1e3 : null);
      return {
        ...{ name, microseconds, computed, bytes, invocations, seldom },
        gflops: computed > 0 ? rate(2 * computed) : null,
        gigabytesPerSecond: rate(bytes),
      };
    });
    const dispatches = kernels.filter(({ seldom }) => !seldom).length;
    return { adapter: device.adapter, ...limits, dispatches, kernels };
  } finally {
    device.device.destroy();
  }
}

/** What a device can do is known after so many rounds. */
const MOST_LIMIT_ROUNDS = 5;

/** Made-up images, and what a step needs besides. */
function fillIn(program: Program, plan: BatchPlan, row: Float32Array): void {
  const { batch, step, model } = plan;
  const imageSize = sizeOf(model.inputShape);
  const images = Uint8Array.from({ length: plan.images.size }, (_, k) => (k * 2654435761) >>> 24);
  program.write(plan.images, images);
  program.write(plan.parameters, row);
  program.write(step.go, Uint32Array.of(1));
  program.write(step.step, Float32Array.of(1e-4, 1, 1, 1));
  const each = (value: (n: number) => number) => {
    const cell = new Float32Array(batch.size);
    for (let n = 0; n < batch.size; n++) cell[placeIn(batch.size, n)] = value(n);
    return cell;
  };
  const most = images.length / imageSize;
  program.write(batch.buffer(step.places), Uint32Array.from(each((n) => (n % most) * imageSize)));
  program.write(
    batch.buffer(step.scale),
    each(() => 1 / batch.size),
  );
  program.write(
    batch.buffer(step.mask),
    each(() => 1),
  );
  program.write(
    batch.buffer(step.labels),
    each((n) => n % model.classes.length),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
