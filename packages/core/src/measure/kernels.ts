import { BLOCK } from "../compiler/block.js";
import { compilePlan } from "../compiler/compile.js";
import { computedInBlock } from "../compiler/computed.js";
import { type Convolution, convolutions } from "../compiler/convolution.js";
import { hasRelaxedSimd } from "../compiler/features.js";
import { CHUNK, STEP } from "../compiler/kernels/optimizer.js";
import { type Plan, planModel } from "../compiler/plan.js";
import { kernelsOf } from "../compiler/stages.js";
import { noise } from "../data/noise.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { initialParameters } from "../graph/parameters.js";
import type { Buffer } from "../ir/ir.js";
import { listening } from "../listening.js";
import { emaCheck } from "../optimizers/average.js";
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

/*
 * Where the time of a training step goes: each kernel of a network's plan, timed alone on the calling thread, again and
 * again on the same block of 8 made-up images (one, where batches have one), so that what it touches is in the caches that it fits into.
 */

/** How long one kernel of a training step takes, and how much it computes. */
export interface KernelProfile {
  /** The layer and what is done: `conv1.forward`, `fc1.parameterGradients`; `update` and `reduce` are the optimizer's. */
  readonly name: string;
  /** For a block of images; of what is done once for a batch, the block's share. */
  readonly microseconds: number;
  /** How many images the block has. */
  readonly images: number;
  /** The layer's multiply-adds for the block, by its definition; 0 where there are none to speak of. */
  readonly multiplyAdds: number;
  /** Those that the kernel really computes: fewer with Winograd's method, more where it works on what is beyond an edge. */
  readonly computed: number;
  /** Thousand million operations a second, two for each multiply-add of the definition; null where there are none. */
  readonly gflops: number | null;
}

/** Which training step is taken apart, and how long it is measured. */
export interface ProfileOptions {
  /** Default 64. */
  readonly batchSize?: number;
  /** Default Adam. */
  readonly optimizer?: OptimizerSpec;
  /** With an average of the weights, which is a part of their update; default: without. */
  readonly ema?: number;
  readonly strict?: boolean;
  /** Default `auto`. */
  readonly convolution?: Convolution;
  /** For each kernel, about; default 40. */
  readonly milliseconds?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each kernel. */
  readonly onProgress?: ((name: string, done: number, all: number) => void) | undefined;
}

const profileChecks: Checks<ProfileOptions> = {
  batchSize: whole(1, LARGEST_BATCH),
  optimizer: elsewhere,
  ema: emaCheck,
  strict: flag,
  convolution: oneOf(convolutions),
  milliseconds: number(0),
  signal: abortSignal,
  onProgress: callback,
};

/**
 * Times each kernel of a training step.
 * @throws InputError if the spec is wrong or a layer has no kernel; what `signal` was aborted with; what
 *   `onProgress` throws, or its promise rejects with
 */
export async function profileModel(
  spec: ModelSpec,
  options: ProfileOptions = {},
): Promise<readonly KernelProfile[]> {
  checkOptions("The profile", options, profileChecks);
  return listening(options, (heard) => timeKernels(spec, { ...options, ...heard }));
}

async function timeKernels(spec: ModelSpec, options: ProfileOptions): Promise<readonly KernelProfile[]> {
  const {
    batchSize = 64,
    strict = false,
    convolution = "auto",
    milliseconds = 40,
    signal,
    onProgress,
  } = options;
  const model = defineModel(spec);
  const optimizer = resolveOptimizer(options.optimizer ?? { type: "adam" });
  const plan = planModel(model, { batchSize, optimizer, clip: false, ema: options.ema }, { convolution });
  const { bytes, pages } = compilePlan(plan, 1, false, { relaxed: !strict && hasRelaxedSimd() });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  fill(plan, memory);
  const kernels = callsOf(plan, instance.exports as Exports, batchSize);

  // In order first, so that each finds what the ones before it leave, until V8 has compiled them well.
  const end = performance.now() + Math.max(milliseconds, MOST_WARMUP_SHARE * milliseconds * kernels.length);
  do {
    for (const { call } of kernels) call();
    await pause(signal);
  } while (performance.now() < end);

  const profiles: KernelProfile[] = [];
  const computed = computedInBlock(plan);
  for (const { name, call, blocks } of kernels) {
    onProgress?.(name, profiles.length, kernels.length);
    const microseconds = (1000 * (await fastest(call, milliseconds, signal))) / blocks;
    const multiplyAdds = plan.block * multiplyAddsOf(model, name);
    const gflops = multiplyAdds === 0 ? null : (2 * multiplyAdds) / microseconds / 1000;
    const work = { multiplyAdds, computed: computed.get(name) ?? 0 };
    profiles.push({ name, microseconds, images: plan.block, ...work, gflops });
  }
  return profiles;
}

const MOST_WARMUP_SHARE = 0.25;

type Exports = Record<string, (workspace: number, slot: number, count: number, block: number) => void>;

interface Call {
  readonly name: string;
  readonly call: () => void;
  /** How many blocks one call is for. */
  readonly blocks: number;
}

function callsOf(plan: Plan, exports: Exports, batchSize: number): Call[] {
  const { memory } = plan;
  const [slot] = memory.slots;
  const blocks = Math.ceil(batchSize / plan.block);
  const first = memory.blocks.offset;
  return kernelsOf(plan).flatMap((placed): Call[] => {
    const { name } = placed.kernel;
    const run = exports[name];
    switch (placed.phase) {
      case "prepare":
        return [{ name, call: () => run(memory.workspaces, 0, blocks, first), blocks }];
      case "batch": {
        const { chunks, weightBytes, blockBytes } = placed.chunk;
        const call = () => {
          for (let k = 0; k < chunks; k++) run(memory.workspaces, k * weightBytes, blocks, k * blockBytes);
        };
        return [{ name, call, blocks }];
      }
      case "update": {
        const { stretches, seldom } = placed.row;
        if (seldom) return [];
        const call = () => {
          for (const [start, length] of stretches) {
            for (let k = 0; k < length; k += CHUNK) {
              run(0, 4 * (start + k), Math.min(CHUNK, length - k) / 4, 0);
            }
          }
        };
        return [{ name, call, blocks }];
      }
      default:
        return [{ name, call: () => run(memory.workspaces, slot.offset, 0, first), blocks: 1 }];
    }
  });
}

/** Puts a block of images, its labels and fresh parameters where the kernels look for them. */
function fill(
  { model, memory: places, workspace, parameterOffsets }: Plan,
  memory: WebAssembly.Memory,
): void {
  const numbers = new Float32Array(memory.buffer);
  const row = places.parameters.offset / 4;
  const parameters = initialParameters(model, 0);
  for (const [name, offset] of parameterOffsets) numbers.set(parameters[name].data, row + offset);
  const { images, labels } = noise(model, BLOCK);
  new Uint8Array(memory.buffer).set(images, places.workspaces + workspace.bytes.offset);
  numbers.set(labels, (places.workspaces + workspace.labels.offset) / 4);
  const fillCell = ({ offset }: Buffer, value: number) => {
    const start = (places.workspaces + offset) / 4;
    numbers.fill(value, start, start + BLOCK);
  };
  fillCell(workspace.scale, 1 / BLOCK);
  fillCell(workspace.mask, 1);
  for (const { buffer } of workspace.bordersOfMinusInfinity) {
    const origin = buffer.region === "block" ? places.blocks.offset : places.workspaces;
    const start = (origin + buffer.offset) / 4;
    numbers.fill(-Infinity, start, start + buffer.size);
  }
  // a learning rate of 0: the parameters stay what they are, however often they are updated
  const step = places.step.offset / 4;
  numbers[step + STEP.learningRate] = 0;
  for (const factor of [STEP.correction1, STEP.correction2, STEP.clipFactor]) numbers[step + factor] = 1;
}

/** Milliseconds of one call: the best of several runs of many calls. */
async function fastest(call: () => void, milliseconds: number, signal: AbortSignal | undefined) {
  const time = (calls: number) => {
    const start = performance.now();
    for (let k = 0; k < calls; k++) call();
    return performance.now() - start;
  };
  const runMs = milliseconds / RUNS;
  let calls = 1;
  let elapsed = time(calls);
  while (elapsed < runMs / 2) {
    calls = elapsed < runMs / 100 ? calls * 10 : Math.ceil((calls * runMs) / elapsed);
    elapsed = time(calls);
  }
  let best = elapsed / calls;
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    await pause(signal);
    best = Math.min(best, time(calls) / calls);
  }
  return best;
}

const RUNS = 10;

/** Gives signals and timers their turn. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}

/** What a kernel does for one image: backward a layer does its forward's multiply-adds for each of the two gradients. */
function multiplyAddsOf(model: Model, kernel: string): number {
  const [name, part] = kernel.split(".");
  const layer = model.layers.find((candidate) => candidate.name === name);
  if (layer === undefined) return 0;
  return ["forward", "inputGradient", "parameterGradients"].includes(part) ? layer.multiplyAdds.forward : 0;
}
