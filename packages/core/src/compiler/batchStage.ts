import type { Model, ModelLayer } from "../graph/model.js";
import type { Dense } from "../layers/dense.js";
import { BLOCK } from "./block.js";
import { batchPays, batchPieces, keptSize, multiplyKept } from "./kernels/denseBatch.js";
import type { Allocator } from "./memory.js";
import type { Buffer, Nest } from "./nest.js";

/*
 * Gradients that are computed when all blocks of a batch are done: those of dense layers with many weights. Each block
 * leaves what they are made from in a stretch of memory of its own.
 */

/** A kernel that runs on each piece of a layer's weights when all blocks are done. */
export interface BatchKernel {
  readonly kernel: Nest;
  readonly pieces: number;
  /** How much further than the one before a piece lies, in bytes: in the gradients, and in what was kept. */
  readonly weightBytes: number;
  readonly keptBytes: number;
}

/** Where blocks leave what. */
export interface Kept {
  /** The stretches of all blocks. */
  readonly buffer: Buffer;
  /** The length of a block's stretch, in float32 numbers. */
  readonly stretch: number;
  /** For each layer where in a stretch its part begins, in float32 numbers. */
  readonly starts: ReadonlyMap<ModelLayer, number>;
}

/** The layers whose weights' gradients are computed at the end of a batch. */
export function layersForBatch(model: Model): readonly ModelLayer[] {
  return model.layers.filter(({ spec, resolved }) => spec.type === "dense" && batchPays(resolved as Dense));
}

export function allocateKept(
  shared: Allocator,
  layers: readonly ModelLayer[],
  batchSize: number,
): Kept | undefined {
  if (layers.length === 0) return undefined;
  const starts = new Map<ModelLayer, number>();
  let stretch = 0;
  for (const layer of layers) {
    starts.set(layer, stretch);
    stretch += keptSize(layer.resolved as Dense);
  }
  // longer by some lines of the cache, so that the blocks don't all fall on the same places of it
  stretch = 64 * (2 * Math.ceil(stretch / 128) + 1);
  const buffer = shared.numbers("kept", stretch * Math.ceil(batchSize / BLOCK));
  return { buffer, stretch, starts };
}

/** A layer's part of the stretch of the block that runs. */
export function keptOf({ starts }: Kept, layer: ModelLayer): Buffer {
  return {
    name: `${layer.name}.kept`,
    region: "kept",
    offset: 4 * (starts.get(layer) as number),
    size: keptSize(layer.resolved as Dense),
  };
}

/** @param weightGradient in the row of all gradients */
export function batchKernel(
  { buffer, stretch, starts }: Kept,
  layer: ModelLayer,
  weightGradient: Buffer,
): BatchKernel {
  const start = starts.get(layer) as number;
  const kept = {
    ...buffer,
    name: `${layer.name}.kept`,
    offset: buffer.offset + 4 * start,
    size: buffer.size - start,
  };
  const dense = layer.resolved as Dense;
  const { count, weightBytes, keptBytes } = batchPieces(dense);
  const kernel = multiplyKept(`${layer.name}.parameterGradients`, dense, kept, stretch, weightGradient);
  return { kernel, pieces: count, weightBytes, keptBytes };
}
