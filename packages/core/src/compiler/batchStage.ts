import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer, LoopNest } from "../ir/ir.js";
import type { Dense } from "../layers/dense.js";
import { BLOCK } from "./block.js";
import { batchChunks, multiplyStash, stashSize } from "./kernels/denseBatch.js";
import { loweringOf } from "./lower/registry.js";
import type { Allocator } from "./memory.js";

/*
 * Gradients that are computed when all blocks of a batch are done: those of dense layers with many weights. Each block
 * leaves what they are made from, its stash, in memory of its own.
 */

/** A kernel that runs on each chunk of a layer's weights when all blocks are done. */
export interface BatchKernel {
  readonly kernel: LoopNest;
  readonly chunks: number;
  /** How much further than the one before a chunk lies, in bytes: in the gradients, and in the stash. */
  readonly weightBytes: number;
  readonly stashBytes: number;
}

/** Where blocks leave what the end of the batch needs. */
export interface Stash {
  /** All blocks' stashes, one after the other. */
  readonly buffer: Buffer;
  /** How far the next block's stash lies from a block's own, in float32 numbers. */
  readonly stride: number;
  /** For each layer where in a block's stash its part begins, in float32 numbers. */
  readonly starts: ReadonlyMap<ModelLayer, number>;
}

/** The layers whose weights' gradients are computed at the end of a batch. */
export function layersForBatch(model: Model): readonly ModelLayer[] {
  return model.layers.filter((layer) => loweringOf(layer).isForBatch?.(layer.resolved));
}

export function allocateStash(
  shared: Allocator,
  layers: readonly ModelLayer[],
  batchSize: number,
): Stash | undefined {
  if (layers.length === 0) return undefined;
  const starts = new Map<ModelLayer, number>();
  let stride = 0;
  for (const layer of layers) {
    starts.set(layer, stride);
    stride += stashSize(layer.resolved as Dense);
  }
  // longer by some lines of the cache, so that the blocks don't all fall on the same places of it
  stride = 64 * (2 * Math.ceil(stride / 128) + 1);
  const buffer = shared.numbers("stash", stride * Math.ceil(batchSize / BLOCK));
  return { buffer, stride, starts };
}

/** A layer's part of the stash of the block that runs. */
export function stashOf({ starts }: Stash, layer: ModelLayer): Buffer {
  return {
    name: `${layer.name}.stash`,
    region: "stash",
    offset: 4 * (starts.get(layer) as number),
    size: stashSize(layer.resolved as Dense),
  };
}

/** @param weightGradient in the row of all gradients */
export function batchKernel(
  { buffer, stride, starts }: Stash,
  layer: ModelLayer,
  weightGradient: Buffer,
): BatchKernel {
  const start = starts.get(layer) as number;
  const stash = {
    ...buffer,
    name: `${layer.name}.stash`,
    offset: buffer.offset + 4 * start,
    size: buffer.size - start,
  };
  const dense = layer.resolved as Dense;
  const { count, weightBytes, stashBytes } = batchChunks(dense);
  const kernel = multiplyStash(`${layer.name}.parameterGradients`, dense, stash, stride, weightGradient);
  return { kernel, chunks: count, weightBytes, stashBytes };
}
