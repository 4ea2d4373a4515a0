import { type BatchPlan, planBatch } from "../compiler/webgpu/plan.js";
import { rowOf } from "../engine/wasm/row.js";
import { type Device, openDevice } from "../engine/webgpu/device.js";
import type { Gpu } from "../engine/webgpu/gpu.js";
import { placeIn } from "../engine/webgpu/places.js";
import {
  type Dispatch,
  dispatchOf,
  GPU_COPY_DST,
  GPU_COPY_SRC,
  GPU_MAP_READ,
  GPU_STORAGE,
  MAP_READ,
  Program,
  run,
} from "../engine/webgpu/program.js";
import { InputError } from "../errors.js";
import { defineModel, type ModelSpec } from "../graph/model.js";
import { initialParameters } from "../graph/parameters.js";
import { at, type Buffer, constant, type LoopNest, load, loopNest, madd, PARALLEL } from "../ir/ir.js";
import { multiplyAddsIn } from "../ir/multiplyAdds.js";
import { emitShader } from "../ir/wgsl/emit.js";
import type { Place, Storage } from "../ir/wgsl/storages.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import { type Checks, checkOptions, elsewhere, LARGEST_BATCH, whole } from "../options.js";
import { sizeOf } from "../tensor.js";

/*
 * Where the time of a step goes on a GPU: each kernel timed by the device's own clock, beside the most multiply-adds and the
 * most bytes that the device does in a second.
 */

export interface GpuKernelProfile {
  readonly name: string;
  /** For the whole batch: the median. */
  readonly microseconds: number;
  /** Multiply-adds that the kernel computes. */
  readonly computed: number;
  /** Thousand million operations a second, two for each multiply-add; null where there are none. */
  readonly gflops: number | null;
  readonly invocations: number;
}

export interface GpuProfile {
  readonly adapter: string;
  /** Thousand million operations a second in registers: the most that a kernel can reach. */
  readonly peakGflops: number;
  /** Thousand million bytes a second, read and written, of a copy. */
  readonly gigabytesPerSecond: number;
  /** How many kernels a step has, but for those of every 16th. */
  readonly dispatches: number;
  /** In the order of a step. */
  readonly kernels: readonly GpuKernelProfile[];
}

export interface GpuProfileOptions {
  /** Default 128. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** Default: `navigator.gpu`. */
  readonly gpu?: Gpu | undefined;
  /** How often each kernel runs; default 11. */
  readonly rounds?: number;
}

const checks: Checks<GpuProfileOptions> = {
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  gpu: elsewhere,
  rounds: whole(1, 1000),
};

/**
 * Times each kernel of a training step on the GPU.
 * @throws InputError if the spec or an option is wrong, there is no GPU here, or it has no clock
 */
export async function profileOnGpu(spec: ModelSpec, options: GpuProfileOptions = {}): Promise<GpuProfile> {
  checkOptions("The profile", options, checks);
  const { batchSize = 128, gpu = globalThis.navigator?.gpu, rounds = 11 } = options;
  const optimizer = resolveOptimizer(options.optimizer ?? { type: "adam" });
  const model = defineModel(spec);
  const device = await openDevice(gpu);
  try {
    if (!device.canTime)
      throw new InputError(
        "This GPU has no clock for single kernels (timestamp-query), so that none can be timed.",
      );
    const timer = new Timer(device.device);
    const training = { batchSize, optimizer, clip: undefined, several: false, ema: undefined };
    const plan = planBatch(model, batchSize, batchSize, training);
    const program = await Program.load(device, plan);
    fillIn(program, plan, rowOf(plan, initialParameters(model, 0)));
    const times = program.kernels.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      const durations = await timer.time(program.kernels);
      for (const [k, duration] of durations.entries()) times[k].push(duration);
    }
    const kernels = program.kernels.map(({ name, workgroups: [x, y] }, k): GpuKernelProfile => {
      const microseconds = median(times[k]) / 1e3;
      const computed = multiplyAddsIn(plan.kernels[k].nest.body);
      const gflops = computed > 0 ? (2 * computed) / microseconds / 1e3 : null;
      return { name, microseconds, computed, gflops, invocations: x * y };
    });
    program.free();
    const limits = await limitsOf(device, timer, rounds);
    const dispatches = program.kernels.filter(({ seldom }) => !seldom).length;
    timer.free();
    return { adapter: device.adapter, ...limits, dispatches, kernels };
  } finally {
    device.device.destroy();
  }
}

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

/** Times kernels by the device's own clock. */
class Timer {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #landing: GPUBuffer;

  constructor(device: GPUDevice) {
    const size = 8 * 2 * MOST_TIMED;
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * MOST_TIMED });
    this.#resolved = device.createBuffer({ size, usage: GPU_QUERY_RESOLVE | GPU_COPY_SRC });
    this.#landing = device.createBuffer({ size, usage: GPU_MAP_READ | GPU_COPY_DST });
  }

  /** How long each takes, in nanoseconds, run once one after the other. */
  async time(dispatches: readonly Dispatch[]): Promise<number[]> {
    const durations: number[] = [];
    for (let first = 0; first < dispatches.length; first += MOST_TIMED) {
      const some = dispatches.slice(first, first + MOST_TIMED);
      const encoder = this.#device.createCommandEncoder();
      for (const [k, dispatch] of some.entries()) {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet: this.#queries,
            beginningOfPassWriteIndex: 2 * k,
            endOfPassWriteIndex: 2 * k + 1,
          },
        });
        run(pass, dispatch);
        pass.end();
      }
      const bytes = 16 * some.length;
      encoder.resolveQuerySet(this.#queries, 0, 2 * some.length, this.#resolved, 0);
      encoder.copyBufferToBuffer(this.#resolved, 0, this.#landing, 0, bytes);
      this.#device.queue.submit([encoder.finish()]);
      await this.#landing.mapAsync(MAP_READ, 0, bytes);
      const stamps = new BigUint64Array(this.#landing.getMappedRange(0, bytes));
      durations.push(...some.map((_, k) => Number(stamps[2 * k + 1] - stamps[2 * k])));
      this.#landing.unmap();
    }
    return durations;
  }

  free(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
    this.#landing.destroy();
  }
}

const MOST_TIMED = 128;
const GPU_QUERY_RESOLVE = 0x200;

/** Sums of an invocation that don't wait for each other. */
const SUMS = 8;
const PEAK_ROUNDS = 4096;
const PEAK_INVOCATIONS = 2 ** 18;
/** Vectors that are copied: 256 MB. */
const COPIED = 2 ** 24;

/** The device's peaks: multiply-adds in registers, and bytes. */
async function limitsOf(
  device: Device,
  timer: Timer,
  rounds: number,
): Promise<Pick<GpuProfile, "peakGflops" | "gigabytesPerSecond">> {
  const buffer = (name: string, size: number): Buffer => ({ name, region: "shared", offset: 0, size });
  const most = Math.min(device.device.limits.maxStorageBufferBindingSize, device.device.limits.maxBufferSize);
  const vectors = Math.min(COPIED, Math.floor(most / 16));
  const [from, to] = [buffer("input", 4 * vectors), buffer("output", 4 * vectors)];
  const multiply = loopNest("peak", (b) =>
    b.loop(
      "k",
      PEAK_INVOCATIONS,
      (k) => {
        const factor = b.variable(load(at(from, 0, [k, 4])));
        const sums = Array.from({ length: SUMS }, (_, n) => b.variable(constant(n)));
        b.loop("n", PEAK_ROUNDS / 8, () => {
          for (let unrolled = 0; unrolled < 8; unrolled++)
            for (const sum of sums) sum.set(madd(sum, factor, factor));
        });
        for (const sum of sums) b.store(at(to, 0, [k, 4]), sum);
      },
      PARALLEL,
    ),
  );
  const copy = loopNest("copy", (b) =>
    b.loop("k", vectors, (k) => b.store(at(to, 0, [k, 4]), load(at(from, 0, [k, 4]))), PARALLEL),
  );
  const [multiplied, copied] = await timeNests(device, timer, [multiply, copy], [from, to], rounds);
  return {
    peakGflops: (2 * 4 * SUMS * PEAK_ROUNDS * PEAK_INVOCATIONS) / multiplied,
    gigabytesPerSecond: (2 * 16 * vectors) / copied,
  };
}

/** The shortest time of each, in nanoseconds. */
async function timeNests(
  { device }: Device,
  timer: Timer,
  nests: readonly LoopNest[],
  buffers: readonly Buffer[],
  rounds: number,
): Promise<number[]> {
  const own = new Map<Storage, GPUBuffer>();
  const places = new Map<Buffer, Place>();
  for (const buffer of buffers) {
    const storage = { name: buffer.name, size: buffer.size, integers: false };
    places.set(buffer, { storage, start: 0 });
    own.set(storage, device.createBuffer({ size: 4 * buffer.size, usage: GPU_STORAGE | GPU_COPY_DST }));
  }
  const placeOf = (buffer: Buffer) => places.get(buffer) as Place;
  const dispatches = nests.map((nest) =>
    dispatchOf(device, emitShader(nest, { placeOf, workgroup: 256 }), own),
  );
  let best = nests.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    const durations = await timer.time(dispatches);
    best = best.map((time, k) => Math.min(time, durations[k]));
  }
  for (const buffer of own.values()) buffer.destroy();
  return best;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
