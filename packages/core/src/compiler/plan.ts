import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer, LoopNest } from "../ir/ir.js";
import { type OptimizerOptions, optimizerStateCount } from "../optimizers/index.js";
import { sizeOf } from "../tensor.js";
import { allocateStash, type BatchKernel, batchKernel, layersForBatch, type Stash } from "./batchStage.js";
import { BLOCK, type View } from "./block.js";
import { planBlocks } from "./blocks.js";
import type { Convolution } from "./convolution.js";
import { flush, reduceSlots, STEP, update } from "./kernels/optimizer.js";
import { STATISTICS } from "./kernels/softmaxCrossEntropy.js";
import { Allocator, type Table } from "./memory.js";
import { planSingle, suitsSingle } from "./single/plan.js";

/*
 * The decisions: where everything lies, which kernels run in which order, and how a step is split.
 *
 * A batch is a row of blocks of 8 images. A block goes through the whole network, forward and backward, in one thread's
 * workspace, and adds its gradients to a slot. Slots belong to blocks, not to threads: block k adds to slot k mod S, in
 * order. When all blocks are done (a barrier) the slots are added together in a fixed tree and the parameters updated,
 * chunk by chunk; a second barrier ends the step. So every sum has one order, whatever the number of threads.
 */

/** More slots than this are not worth their memory: with them, as many threads can work at the same time. */
const MOST_SLOTS = 8;

export interface TrainingPlan {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly clip: boolean;
}

export interface PlanOptions {
  /** Default `auto`. */
  readonly convolution?: Convolution;
  /** For inference: whether images come one at a time. In training the size of the batches says so. */
  readonly oneImage?: boolean;
}

export interface Plan {
  readonly model: Model;
  /** How many images a block has: 8, or 1 where batches have one image. */
  readonly block: number;
  /** Kernels that run once before the blocks of a batch, in every thread. */
  readonly prepare: readonly LoopNest[];
  /** Kernels that run on each block, in order. `forward` begins with the loading of the images. */
  readonly forward: readonly LoopNest[];
  /** Whole numbers that kernels read. */
  readonly tables: readonly Table[];
  /** From the loss back. Empty if the plan is for inference. */
  readonly backward: readonly LoopNest[];
  /** When all blocks are done, on chunks of large layers. */
  readonly batch: readonly BatchKernel[];
  /** Kernels that run on each chunk of the parameters. */
  readonly reduce: LoopNest | undefined;
  readonly update: LoopNest | undefined;
  /** After every 16th step. */
  readonly flush: LoopNest | undefined;
  /** Where each parameter lies in a row of all parameters, counted in float32 numbers. */
  readonly parameterOffsets: ReadonlyMap<string, number>;
  /** The length of that row, a multiple of 4. */
  readonly parameterLength: number;
  /** How much of it, from its beginning, is added up block by block, in slots. The rest is computed for a batch at once. */
  readonly slotLength: number;
  readonly slots: number;
  /** Everything that lies in memory, the shared first, then what a workspace holds. */
  readonly buffers: readonly Buffer[];
  readonly memory: {
    readonly step: Buffer;
    readonly parameters: Buffer;
    readonly state: readonly Buffer[];
    /** The first is as long as all parameters and becomes their gradient. */
    readonly slots: readonly Buffer[];
    /** Where blocks leave what `batch` needs: the first one's part, and how far the next one's lies from it, in bytes. */
    readonly stash: { readonly offset: number; readonly strideBytes: number };
    /** Where the first workspace begins, and how many bytes each takes. */
    readonly workspaces: number;
    readonly workspaceBytes: number;
  };
  readonly workspace: {
    readonly bytes: Buffer;
    readonly labels: Buffer;
    readonly scale: Buffer;
    readonly statistics: Buffer;
    readonly logits: View;
    /** Views whose border is minus infinity, not zero. */
    readonly bordersOfMinusInfinity: readonly View[];
  };
}

/**
 * Plans a network.
 * @param training undefined: inference only
 * @throws InputError that names the layer, if one has no kernel
 */
export function planModel(
  model: Model,
  training?: TrainingPlan,
  { convolution = "auto", oneImage = false }: PlanOptions = {},
): Plan {
  const single = (training ? training.batchSize === 1 : oneImage) && suitsSingle(model);
  const forBatch = training && !single ? layersForBatch(model) : [];
  const isForBatch = (name: string) => forBatch.some((layer) => name === `${layer.name}.weight`);
  const parameterOffsets = new Map<string, number>();
  let parameterLength = 0;
  const place = (parameters: Model["parameters"]) => {
    for (const { fullName, shape } of parameters) {
      parameterOffsets.set(fullName, parameterLength);
      parameterLength += Math.ceil(sizeOf(shape) / 4) * 4;
    }
  };
  place(model.parameters.filter(({ fullName }) => !isForBatch(fullName)));
  const slotLength = parameterLength;
  place(model.parameters.filter(({ fullName }) => isForBatch(fullName)));

  const shared = new Allocator("shared");
  const slotCount = training ? Math.min(MOST_SLOTS, Math.ceil(training.batchSize / BLOCK)) : 0;
  const step = shared.numbers("step", STEP.size);
  const parameters = shared.numbers("parameters", parameterLength);
  const numbers = (name: string, count: number, length: (k: number) => number) =>
    Array.from({ length: count }, (_, k) => shared.numbers(`${name}${k + 1}`, length(k)));
  const stateCount = training ? optimizerStateCount(training.optimizer) : 0;
  const state = numbers("state", stateCount, () => parameterLength);
  const slots = numbers("slot", slotCount, (k) => (k === 0 ? parameterLength : slotLength));
  const stash = training && allocateStash(shared, forBatch, training.batchSize);

  const workspace = new Allocator("workspace");
  const bytes = workspace.bytes("bytes", BLOCK * sizeOf(model.inputShape));
  const labels = workspace.numbers("labels", BLOCK);
  const scale = workspace.numbers("scale", BLOCK);
  const statistics = workspace.numbers("statistics", STATISTICS.size);

  /** A layer's parameter, or the gradient of it, in a row of all of them. */
  const within = (row: Buffer, prefix: string, layer: ModelLayer, name: string): Buffer | undefined => {
    const parameter = layer.parameters.find((p) => p.name === name);
    if (parameter === undefined) return undefined;
    const offset = row.offset + 4 * (parameterOffsets.get(parameter.fullName) as number);
    return { ...row, name: `${prefix}${parameter.fullName}`, offset, size: sizeOf(parameter.shape) };
  };
  const parameter = (layer: ModelLayer, name: string) => within(parameters, "", layer, name);

  const slotRow: Buffer = { name: "slot", region: "slot", offset: 0, size: parameterLength };
  const passes = (single ? planSingle : planBlocks)({
    model,
    training: training !== undefined,
    convolution,
    shared,
    workspace,
    bytes,
    labels,
    scale,
    statistics,
    stash,
    parameter,
    gradient: (layer, name) => within(slotRow, "grad.", layer, name),
  });
  const batch = forBatch.map((layer) =>
    batchKernel(stash as Stash, layer, within(slots[0], "grad.", layer, "weight") as Buffer),
  );

  const asChunk = (row: Buffer): Buffer => ({ ...row, region: "chunk" });
  const chunks = slots.map(asChunk);
  return {
    model,
    block: passes.block,
    prepare: passes.prepare,
    forward: passes.forward,
    tables: passes.tables,
    backward: passes.backward,
    batch,
    reduce: training && reduceSlots("reduce", chunks),
    update:
      training &&
      update(
        "update",
        training.optimizer,
        asChunk(parameters),
        chunks[0],
        state.map(asChunk),
        step,
        training.clip,
      ),
    flush: training && flush("flush", training.optimizer, asChunk(parameters), state.map(asChunk)),
    parameterOffsets,
    parameterLength,
    slotLength,
    slots: slotCount,
    buffers: [...shared.buffers, ...workspace.buffers],
    memory: {
      step,
      parameters,
      state,
      slots,
      stash: { offset: stash?.buffer.offset ?? 0, strideBytes: 4 * (stash?.stride ?? 0) },
      workspaces: shared.end,
      workspaceBytes: workspace.end,
    },
    workspace: {
      bytes,
      labels,
      scale,
      statistics,
      logits: passes.logits,
      bordersOfMinusInfinity: passes.bordersOfMinusInfinity,
    },
  };
}
