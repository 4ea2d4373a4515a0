import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import { known } from "../known.js";
import { type OptimizerOptions, optimizerStateCount } from "../optimizers/index.js";
import { sizeOf } from "../tensor.js";
import { BLOCK, type View } from "./block.js";
import { planBlocks } from "./blocks.js";
import { MOST_PAGES, PAGE } from "./compile.js";
import type { Convolution } from "./convolution.js";
import { STEP } from "./kernels/optimizer.js";
import { STATISTICS } from "./kernels/softmaxCrossEntropy.js";
import type { Blocks, Use } from "./lower/lowering.js";
import { loweringOf } from "./lower/registry.js";
import { Allocator, align, type Table, Workspace } from "./memory.js";
import { layOutParameters } from "./parameterRow.js";
import type { InputPlace } from "./passes.js";
import { planChannels, suitsChannels } from "./single/channels/plan.js";
import { planSingle, suitsSingle } from "./single/plan.js";
import { keptBetween, type Stage } from "./stages.js";
import { updateStages } from "./updates.js";

/*
 * The decisions: where everything lies, which kernels run in which order, and how a step is split.
 *
 * A batch is a row of blocks of 8 images. A block goes through the whole network, forward and backward, in one thread's
 * workspace, and adds its gradients to a slot. Slots belong to blocks, not to threads: block k adds to slot k mod S, in
 * order. When all blocks are done (a barrier) the slots are added together in a fixed tree and the parameters updated,
 * chunk by chunk; a second barrier ends the step. So every sum has one order, whatever the number of threads.
 *
 * Where a layer needs the whole batch, blocks wait for each other on their way, and another thread may take them on from
 * there: what they still need lies in memory of the block's own.
 */

/** More slots than this are not worth their memory: with them, as many threads can work at the same time. */
const MOST_SLOTS = 8;

export interface TrainingPlan {
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly clip: boolean;
  /** Whether images have several labels at once; default: one class each. */
  readonly several?: boolean;
  /** How much the average of the weights keeps of itself; undefined: there is none. */
  readonly ema?: number | undefined;
}

export interface PlanOptions {
  /** Default `auto`. */
  readonly convolution?: Convolution;
  /** For inference: whether images come one at a time. In training the size of the batches says so. */
  readonly oneImage?: boolean;
  /**
   * Where what is shared besides the parameters begins, in bytes, so that the plans of two ways through a network share a
   * memory and the parameters in it. Default: right behind the parameters.
   */
  readonly sharedFrom?: number;
}

export interface Plan {
  readonly model: Model;
  /** How many images a block has: 8, or 1 where batches have one image. */
  readonly block: number;
  /** From the loading of the images to the updated parameters; for inference, to the scores. */
  readonly stages: readonly Stage[];
  /** Whole numbers that kernels read. */
  readonly tables: readonly Table[];
  /** Where each parameter lies in a row of all parameters, counted in float32 numbers. */
  readonly parameterOffsets: ReadonlyMap<string, number>;
  /** The length of that row, a multiple of 4. */
  readonly parameterLength: number;
  /** The same with what layers keep besides, which lies behind the parameters. */
  readonly rowLength: number;
  /** How much of it, from its beginning, is added up block by block, in slots. The rest is computed for a batch at once. */
  readonly slotLength: number;
  readonly slots: number;
  /** Everything that lies in memory: the shared first, then what a workspace holds, then a block of images. */
  readonly buffers: readonly Buffer[];
  readonly memory: {
    readonly step: Buffer;
    readonly parameters: Buffer;
    /** What the optimizer remembers of each parameter. */
    readonly state: readonly Buffer[];
    /** Of the whole row. */
    readonly average: Buffer | undefined;
    /** The first is as long as all parameters and becomes their gradient. */
    readonly slots: readonly Buffer[];
    /** Where the memory of the first block begins, and how far the next one's lies from it, in bytes. */
    readonly blocks: { readonly offset: number; readonly strideBytes: number };
    /** Where the first workspace begins, and how many bytes each takes. */
    readonly workspaces: number;
    readonly workspaceBytes: number;
  };
  readonly workspace: {
    readonly bytes: Buffer;
    /** Where the images' numbers come to lie. */
    readonly x: InputPlace;
    readonly labels: Buffer;
    readonly scale: Buffer;
    readonly mask: Buffer;
    readonly statistics: Buffer;
    readonly logits: View;
    /** Where layers find the keys of the masks that they draw, one for each image of a block: by their places. */
    readonly keys: readonly { readonly node: number; readonly buffer: Buffer }[];
    /** Views whose border is minus infinity, not zero. */
    readonly bordersOfMinusInfinity: readonly View[];
  };
}

/**
 * Plans a network.
 * @param training undefined: inference only
 * @throws InputError that names the layer, if one has no kernel
 */
export function planModel(model: Model, training?: TrainingPlan, options: PlanOptions = {}): Plan {
  const draft = draftPlan(model, training, options, new Map());
  if (draft.plan.block === 1 && !training && !fitsMemory(draft.plan)) {
    // parameters of one image lie there twice
    return planModel(model, training, { ...options, oneImage: false });
  }
  if (draft.kept.size === 0) return draft.plan;
  // now that it is known what has to outlive a stage
  return draftPlan(model, training, options, draft.kept).plan;
}

/**
 * @param kept what of a workspace is known to have to outlive a stage, and its size in float32 numbers
 * @returns the plan, and what has to, as it turns out
 */
function draftPlan(
  model: Model,
  training: TrainingPlan | undefined,
  { convolution = "auto", oneImage = false, sharedFrom = 0 }: PlanOptions,
  kept: ReadonlyMap<string, number>,
): { plan: Plan; kept: Map<string, number> } {
  const planPasses = wayThrough(model, training, oneImage);
  const lowered = planPasses === planBlocks ? model.layers : [];
  const use: Use = { convolution, blocks: training ? Math.ceil(training.batchSize / BLOCK) : 0 };
  const row = layOutParameters(model, training ? lowered : [], use);
  const { parameterOffsets, parameterLength, slotLength, rowLength } = row;

  const shared = new Allocator("shared");
  const slotCount = training ? Math.min(MOST_SLOTS, use.blocks) : 0;
  const step = shared.numbers("step", STEP.size);
  const parameters = shared.numbers("parameters", rowLength);
  shared.skipTo(sharedFrom);
  const numbers = (name: string, count: number, length: (k: number) => number) =>
    Array.from({ length: count }, (_, k) => shared.numbers(`${name}${k + 1}`, length(k)));
  const stateCount = training ? optimizerStateCount(training.optimizer) : 0;
  const state = numbers("state", stateCount, () => parameterLength);
  const ema = training?.ema;
  const average = ema === undefined ? undefined : shared.numbers("average", rowLength);
  const slots = numbers("slot", slotCount, (k) => (k === 0 ? parameterLength : slotLength));

  const block = new Allocator("block");
  const workspace = new Workspace(block, new Set(kept.keys()));
  const bytes = workspace.bytes("bytes", BLOCK * sizeOf(model.inputShape));
  const several = training?.several ?? false;
  const labels = workspace.numbers("labels", several ? BLOCK * model.classes.length : BLOCK);
  const scale = workspace.numbers("scale", BLOCK);
  const mask = workspace.numbers("mask", BLOCK);
  const statistics = workspace.numbers("statistics", STATISTICS.size);
  const ownMemory = new Map(
    lowered.map((layer) => [layer, allocateOwn(layer, use, workspace, training && block)]),
  );
  const blocks: Blocks = {
    count: use.blocks,
    stride: strideFor(block.end + [...kept.values()].reduce((sum, size) => sum + align(4 * size), 0)),
  };
  const ofBlocks = shared.numbers("blocks", blocks.stride * blocks.count);

  /** A layer's parameter, or the gradient of it, in a row of all of them. */
  const within = (row: Buffer, prefix: string, layer: ModelLayer, name: string): Buffer | undefined => {
    const tensor = [...layer.parameters, ...layer.state].find((one) => one.name === name);
    if (tensor === undefined) return undefined;
    const offset = row.offset + 4 * known(parameterOffsets.get(tensor.fullName));
    return { ...row, name: `${prefix}${tensor.fullName}`, offset, size: sizeOf(tensor.shape) };
  };
  const parameter = (layer: ModelLayer, name: string) => within(parameters, "", layer, name);

  const slotRow: Buffer = { name: "slot", region: "slot", offset: 0, size: parameterLength };
  const passes = planPasses({
    model,
    training: training !== undefined,
    convolution,
    shared,
    workspace,
    bytes,
    labels,
    several,
    scale,
    mask,
    statistics,
    blocks,
    memory: (layer) => ownMemory.get(layer) ?? {},
    parameter,
    gradient: (layer, name) => within(slotRow, "grad.", layer, name),
  });
  if (kept.size > 0 && block.end > 4 * blocks.stride)
    throw new Error("blocks need more memory than they have");
  const atEnd = (training ? lowered : []).flatMap(
    (layer) =>
      loweringOf(layer).batch?.({
        layer,
        resolved: layer.resolved,
        blocks,
        memory: inShared(ownMemory.get(layer) ?? {}, ofBlocks),
        gradient: (name) => within(slots[0], "grad.", layer, name),
        parameter: (name) => parameter(layer, name),
      }) ?? [],
  );
  const stages: Stage[] = [
    ...passes.stages,
    ...(atEnd.length > 0 ? [{ each: "chunk" as const, kernels: atEnd }] : []),
    ...(training ? updateStages(model, row, training, { step, parameters, state, average, slots }) : []),
  ];
  const plan: Plan = {
    model,
    block: passes.block,
    stages,
    tables: passes.tables,
    parameterOffsets,
    parameterLength,
    rowLength,
    slotLength,
    slots: slotCount,
    buffers: [...shared.buffers, ...workspace.buffers, ...block.buffers],
    memory: {
      step,
      parameters,
      state,
      average,
      slots,
      blocks: { offset: ofBlocks.offset, strideBytes: 4 * blocks.stride },
      workspaces: shared.end,
      workspaceBytes: workspace.end,
    },
    workspace: {
      bytes,
      x: passes.x,
      labels,
      scale,
      mask,
      statistics,
      logits: passes.logits,
      keys: lowered
        .filter((layer) => training && loweringOf(layer).drawsMask)
        .map((layer) => ({ node: layer.node, buffer: known(ownMemory.get(layer)?.keys) })),
      bordersOfMinusInfinity: passes.bordersOfMinusInfinity,
    },
  };
  return { plan, kept: kept.size > 0 ? new Map(kept) : keptBetween(stages, workspace.scratchNames) };
}

function fitsMemory({ memory: { workspaces, workspaceBytes } }: Plan): boolean {
  return workspaces + workspaceBytes <= MOST_PAGES * PAGE;
}

/** How images go through a network: one at a time, if there are kernels for that, else in blocks. */
function wayThrough(model: Model, training: TrainingPlan | undefined, oneImage: boolean) {
  if (training) return training.batchSize === 1 && suitsSingle(model) ? planSingle : planBlocks;
  return oneImage && suitsChannels(model) ? planChannels : planBlocks;
}

/** What a layer asks for in the memory of threads and, in training, of blocks. */
function allocateOwn(
  layer: ModelLayer,
  use: Use,
  workspace: Allocator,
  block: Allocator | undefined,
): Record<string, Buffer> {
  const { blockMemory, threadMemory, trainingScratch } = loweringOf(layer);
  const { resolved } = layer;
  const allocate = (allocator: Allocator, sizes: Readonly<Record<string, number>> = {}) =>
    Object.entries(sizes).map(([name, size]) => [name, allocator.numbers(`${layer.name}.${name}`, size)]);
  return Object.fromEntries([
    ...(block ? allocate(block, blockMemory?.(resolved, use)) : []),
    ...allocate(workspace, threadMemory?.(resolved)),
    ...(block ? allocate(workspace, trainingScratch?.(resolved, use)) : []),
  ]);
}

/** The first block's memory as a part of the shared one, up to the end of the last block's; what is a thread's stays so. */
function inShared(memory: Readonly<Record<string, Buffer>>, blocks: Buffer): Record<string, Buffer> {
  const asShared = ({ offset, ...buffer }: Buffer): Buffer => ({
    ...buffer,
    region: "shared",
    offset: blocks.offset + offset,
    size: blocks.size - offset / 4,
  });
  return Object.fromEntries(
    Object.entries(memory).map(([name, buffer]) => [
      name,
      buffer.region === "block" ? asShared(buffer) : buffer,
    ]),
  );
}

/** How far blocks of so many bytes lie apart: longer by some lines of the cache, so that they don't all fall on the same places of it. */
function strideFor(bytes: number): number {
  return bytes === 0 ? 0 : 64 * (2 * Math.ceil(bytes / 4 / 128) + 1);
}
