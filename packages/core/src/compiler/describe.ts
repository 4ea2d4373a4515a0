import { defineModel, type ModelLayer, type ModelSpec, producerOf } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import { printLoopNest } from "../ir/print.js";
import { type OptimizerSpec, resolveOptimizer } from "../optimizers/index.js";
import {
  type Checks,
  checkOptions,
  elsewhere,
  flag,
  LARGEST_BATCH,
  MOST_THREADS,
  oneOf,
  whole,
} from "../options.js";
import { compilePlan } from "./compile.js";
import { computedBy } from "./computed.js";
import { type Convolution, convolutions } from "./convolution.js";
import { CHUNK } from "./kernels/optimizer.js";
import { loweringOf } from "./lower/registry.js";
import { type Plan, planModel } from "./plan.js";
import { type KernelPhase, kernelsOf } from "./stages.js";

export type { KernelPhase };

/** One kernel of a compiled network: its loops, and how much they compute. */
export interface KernelDescription {
  readonly name: string;
  readonly phase: KernelPhase;
  /** The layer that it belongs to, or null. */
  readonly layer: string | null;
  /** For one image, or in `update` for one parameter. */
  readonly multiplyAdds: number;
  /** The loop nest as text. */
  readonly nest: string;
}

/** One piece of a compiled network's memory. */
export interface BufferDescription {
  readonly name: string;
  /** `shared`: once for all threads. `workspace`: each thread has one. `block`: each block of images has one, in shared memory. */
  readonly region: "shared" | "workspace" | "block";
  /** From the region's start, in bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/** What the compiler makes of a network, in numbers and text. */
export interface PlanDescription {
  readonly batchSize: number;
  readonly threads: number;
  /** How many images go through the network together. */
  readonly block: number;
  /** How many gradient slots the blocks of a batch add to. */
  readonly slots: number;
  /** How many chunks the parameters are updated in, and how many numbers a chunk has. */
  readonly chunks: number;
  readonly chunk: number;
  readonly kernels: readonly KernelDescription[];
  /** Layers that have no kernel of their own, and where their work is done. */
  readonly fused: readonly { readonly layer: string; readonly by: string | null }[];
  readonly buffers: readonly BufferDescription[];
  readonly memory: {
    readonly shared: number;
    readonly workspace: number;
    readonly total: number;
  };
  /** The WebAssembly module's length. */
  readonly moduleBytes: number;
}

/** For which training a compiled network is described. */
export interface DescribeOptions {
  /** Default 64. */
  readonly batchSize?: number;
  /** Default 1. */
  readonly threads?: number;
  /** Default SGD with momentum. */
  readonly optimizer?: OptimizerSpec;
  /** Whether gradients are clipped; default false. */
  readonly clip?: boolean;
  /** Default `auto`. */
  readonly convolution?: Convolution;
}

const describeChecks: Checks<DescribeOptions> = {
  batchSize: whole(1, LARGEST_BATCH),
  threads: whole(0, MOST_THREADS),
  optimizer: elsewhere,
  clip: flag,
  convolution: oneOf(convolutions),
};

/**
 * Compiles a network for training and says how it is done.
 * @throws InputError if the spec or an option is wrong, a layer has no kernel, or it doesn't fit into memory
 */
export function describePlan(spec: ModelSpec, options: DescribeOptions = {}): PlanDescription {
  checkOptions("The plan", options, describeChecks);
  const {
    batchSize = 64,
    threads = 1,
    optimizer = { type: "sgd" },
    clip = false,
    convolution = "auto",
  } = options;
  const training = { batchSize, optimizer: resolveOptimizer(optimizer), clip };
  const plan = planModel(defineModel(spec), training, { convolution });
  const workspaces = Math.max(1, threads);
  const compiled = compilePlan(plan, workspaces, threads > 0, { relaxed: false });
  const { memory } = plan;
  return {
    batchSize,
    threads,
    block: plan.block,
    slots: plan.slots,
    chunks: Math.ceil(plan.parameterLength / CHUNK),
    chunk: CHUNK,
    kernels: describeKernels(plan),
    fused: withoutKernels(plan),
    buffers: plan.buffers.map(describeBuffer),
    memory: {
      shared: memory.workspaces,
      workspace: memory.workspaceBytes,
      total: memory.workspaces + workspaces * memory.workspaceBytes,
    },
    moduleBytes: compiled.bytes.length,
  };
}

/** A ReLU, and a pool after it, are done by the kernel before them; what only reshapes needs no work. */
function withoutKernels(plan: Plan): PlanDescription["fused"] {
  const { model } = plan;
  const kernels = new Set(kernelsOf(plan).map(({ kernel }) => kernel.name));
  const hasKernel = ({ name }: ModelLayer) => kernels.has(`${name}.forward`);
  const doneBy = ({ inputs }: ModelLayer): string | null => {
    const before = producerOf(model, inputs[0]);
    return before === undefined ? null : hasKernel(before) ? before.name : doneBy(before);
  };
  return model.layers
    .filter((layer) => !hasKernel(layer))
    .map((layer) => ({ layer: layer.name, by: loweringOf(layer).reshapes ? null : doneBy(layer) }));
}

function describeKernels(plan: Plan): KernelDescription[] {
  const layers = new Set(plan.model.layers.map(({ name }) => name));
  return kernelsOf(plan).map((placed) => {
    const { kernel, phase } = placed;
    const [first] = kernel.name.split(".");
    // a block's kernels work on so many images; the others' loops run once for each vector of four parameters
    const shared = phase === "update" || phase === "prepare" ? 4 : plan.block;
    return {
      name: kernel.name,
      phase,
      layer: layers.has(first) ? first : null,
      multiplyAdds: computedBy(placed) / shared,
      nest: printLoopNest(kernel),
    };
  });
}

function describeBuffer({ name, region, offset, size, bytes }: Buffer): BufferDescription {
  return { name, region: region as BufferDescription["region"], offset, bytes: bytes ? size : 4 * size };
}
