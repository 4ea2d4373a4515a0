import { dispatchOf, GPU_COPY_DST, GPU_STORAGE } from "../../engine/webgpu/program.js";
import { at, type Buffer, constant, type LoopNest, load, loopNest, madd, PARALLEL } from "../../ir/ir.js";
import { emitShader } from "../../ir/wgsl/emit.js";
import type { Place, Storage } from "../../ir/wgsl/storages.js";
import { known } from "../../known.js";
import type { Clock } from "./clock.js";
import type { GpuLimits } from "./gpuLimits.js";

/*
 * The most that a device does: multiply-adds in registers, and bytes of a copy. Both are loop nests in ever larger sizes, until they
 * take long enough to be measured, or a large device is full of them.
 */

/** What takes so long, in nanoseconds, need not be larger. */
const LONG_ENOUGH = 2e6;

/** @param rounds how often each size is timed: the shortest time counts */
export async function limitsOf(device: GPUDevice, clock: Clock, rounds: number): Promise<GpuLimits> {
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  let peakGflops = 0;
  for (const invocations of PEAK_INVOCATIONS) {
    const nanoseconds = await timeNest(device, clock, multiplying(invocations), rounds);
    const operations = 2 * 4 * SUMS * PEAK_ROUNDS * invocations;
    peakGflops = Math.max(peakGflops, operations / nanoseconds);
    if (nanoseconds > LONG_ENOUGH) break;
  }
  let gigabytesPerSecond = 0;
  for (const vectors of COPIED.filter((vectors) => 16 * vectors <= most)) {
    // the last counts, not the fastest: small copies stay in a cache
    const nanoseconds = await timeNest(device, clock, copying(vectors), rounds);
    gigabytesPerSecond = (2 * 16 * vectors) / nanoseconds;
    if (nanoseconds > LONG_ENOUGH) break;
  }
  return { peakGflops, gigabytesPerSecond };
}

/** Sums of an invocation that don't wait for each other. */
const SUMS = 8;
const PEAK_ROUNDS = 4096;
const PEAK_INVOCATIONS = [2 ** 8, 2 ** 13, 2 ** 18];
/** Vectors of 16 bytes: from 1 MB to 256 MB. */
const COPIED = [2 ** 16, 2 ** 20, 2 ** 24];

interface Nest {
  readonly nest: LoopNest;
  readonly buffers: readonly Buffer[];
}

const buffer = (name: string, size: number): Buffer => ({ name, region: "shared", offset: 0, size });

function multiplying(invocations: number): Nest {
  const [from, to] = [buffer("input", 4 * invocations), buffer("output", 4 * invocations)];
  const nest = loopNest("peak", (b) =>
    b.loop(
      "k",
      invocations,
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
  return { nest, buffers: [from, to] };
}

function copying(vectors: number): Nest {
  const [from, to] = [buffer("input", 4 * vectors), buffer("output", 4 * vectors)];
  const nest = loopNest("copy", (b) =>
    b.loop("k", vectors, (k) => b.store(at(to, 0, [k, 4]), load(at(from, 0, [k, 4]))), PARALLEL),
  );
  return { nest, buffers: [from, to] };
}

/** The shortest time, in nanoseconds. */
async function timeNest(
  device: GPUDevice,
  clock: Clock,
  { nest, buffers }: Nest,
  rounds: number,
): Promise<number> {
  const own = new Map<Storage, GPUBuffer>();
  const places = new Map<Buffer, Place>();
  for (const { name, size } of buffers) {
    const storage = { name, size, integers: false };
    own.set(storage, device.createBuffer({ size: 4 * size, usage: GPU_STORAGE | GPU_COPY_DST }));
  }
  for (const [k, storage] of [...own.keys()].entries()) places.set(buffers[k], { storage, start: 0 });
  const placeOf = (buffer: Buffer) => known(places.get(buffer));
  const dispatch = dispatchOf(device, emitShader(nest, { placeOf, workgroup: 256 }), own);
  let best = Infinity;
  for (let round = 0; round < rounds; round++) best = Math.min(best, (await clock.time([dispatch]))[0]);
  for (const buffer of own.values()) buffer.destroy();
  return best;
}
