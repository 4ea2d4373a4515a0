import type { ModelLayer } from "../../graph/model.js";
import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { BatchNorm } from "../../layers/batchStatistics.js";
import type { Conv2d } from "../../layers/conv2d.js";
import type { Dense } from "../../layers/dense.js";
import type { layerKinds } from "../../layers/index.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import type { View } from "../block.js";
import type { BackwardNode, ForwardNode } from "../lower/lowering.js";
import { needed } from "../lower/lowering.js";
import type { Border } from "../memory.js";
import * as norm from "./batchNorm.js";
import * as normGradients from "./batchNormGradients.js";
import { convolve } from "./conv2d.js";
import { borderOfGradients, convolveInputGradient } from "./conv2dInputGradient.js";
import { partialSize, splitFor, sumParameterGradients } from "./conv2dParameterGradients.js";
import * as dense from "./dense.js";
import * as denseTiled from "./denseTiled.js";
import { addPartialSums, shortenRows, vectorsLeft } from "./sums.js";
import { type Batch, together } from "./widen.js";

/*
 * What a shader does in another way than a thread: layers that add up many numbers. All others are the kernels of a block,
 * widened to the batch.
 */

/** Memory that a layer asks for while it is lowered; the same memory for the same name. */
export interface Memory {
  /** A buffer of a block: so many numbers for 8 images. */
  cells(name: string, size: number): Buffer;
  /** So many numbers. */
  numbers(name: string, size: number): Buffer;
}

export interface BatchNode {
  readonly batch: Batch;
  readonly scratch: Memory;
}

/** What a layer needs at the end of a step; it has gradients if it learns. */
export type EndNode<Resolved extends ResolvedLayer = ResolvedLayer> = ForwardNode<Resolved> &
  BatchNode & { readonly weightGradient: Buffer | undefined; readonly biasGradient: Buffer | undefined };

/** Kernels of the whole batch. */
export interface BatchLowering<Resolved extends ResolvedLayer = ResolvedLayer> {
  /** Zeros that are read around the gradients of the output. */
  borderOfGradients?(layer: Resolved): Border;
  forward(node: ForwardNode<Resolved> & BatchNode): LoopNest[];
  backward(node: BackwardNode<Resolved> & BatchNode): LoopNest[];
  /**
   * What is left to do at the end of a step whose loss is a finite number, before the update: one after the other, each together with
   * those of other layers.
   */
  end?(node: EndNode<Resolved>): LoopNest[];
}

const conv2d: BatchLowering<Conv2d> = {
  borderOfGradients,

  forward({ layer, resolved, x, y, weight, bias, relu, batch }) {
    return [
      batch.kernel(
        convolve(`${layer.name}.forward`, resolved, x, y, needed(weight, layer), bias, relu, batch.vectors),
      ),
    ];
  },

  backward({ layer, resolved, x, dy, dx, weightGradient, biasGradient, batch, ...node }) {
    const { vectors } = batch;
    const name = `${layer.name}.gradients`;
    const { split, partial } = convSums({ layer, resolved, batch, weightGradient, biasGradient, ...node });
    const sums = sumParameterGradients(
      name,
      resolved,
      batch.view(x),
      batch.view(dy),
      partial,
      split,
      vectors,
      biasGradient !== undefined,
    );
    if (!dx) return [sums];
    const weight = needed(node.weight, layer);
    const input = convolveInputGradient(name, resolved, dy, weight, dx, vectors);
    return [together(name, [sums, batch.kernel(input)])];
  },

  end(node) {
    const { layer, weightGradient, biasGradient, scratch } = node;
    const { split, partial, rows } = convSums(node);
    const own = needed(weightGradient, layer);
    const name = `${layer.name}.parameterGradients`;
    const vectors = split.lanes * split.parts;
    const left = vectorsLeft(vectors);
    if (left === vectors) return [addPartialSums(name, partial, vectors, own, biasGradient)];
    const shorter = scratch.numbers(`${layer.name}.shorter`, 4 * left * rows);
    return [
      shortenRows(`${name}.shorten`, partial, rows, vectors, shorter),
      addPartialSums(name, shorter, left, own, biasGradient),
    ];
  },
};

/** Where sums of the gradients of a convolution's weights are left, a row for each weight and bias. */
function convSums({
  layer,
  resolved,
  batch,
  scratch,
  weightGradient,
  biasGradient,
}: Pick<EndNode<Conv2d>, "layer" | "resolved" | "batch" | "scratch" | "weightGradient" | "biasGradient">) {
  const split = splitFor(resolved, batch.vectors);
  const rows = needed(weightGradient, layer).size + (biasGradient?.size ?? 0);
  return { split, rows, partial: scratch.numbers(`${layer.name}.partial`, partialSize(split, rows)) };
}

const denseRow: BatchLowering<Dense> = {
  forward({ layer, resolved, x, y, weight, bias, relu, batch, scratch }) {
    const { vectors } = batch;
    const own = needed(weight, layer);
    const name = `${layer.name}.forward`;
    const partialOf = (size: number) => scratch.cells(`${layer.name}.partial`, size);
    if (denseTiled.tiledOf(resolved, vectors).forward) {
      const parts = denseTiled.tiledParts(resolved, vectors);
      const partial = partialOf(dense.partialSize(resolved, parts));
      const [inputs, sums] = [batch.view(x), batch.buffer(partial)];
      return [
        denseTiled.multiplyTiled(`${name}.parts`, resolved, inputs, own, sums, vectors),
        batch.kernel(dense.addParts(name, resolved, partial, parts, y, bias, relu)),
      ];
    }
    const split = dense.splitInputs(resolved, vectors);
    const partial = split.parts > 1 ? partialOf(dense.partialSize(resolved, split.parts)) : undefined;
    return dense
      .multiply(name, resolved, x, y, own, bias, relu, split, partial)
      .map((nest) => batch.kernel(nest));
  },

  backward({ layer, resolved, x, dy, dx, weightGradient, biasGradient, batch, ...node }) {
    const { vectors } = batch;
    const name = `${layer.name}.gradients`;
    const own = needed(weightGradient, layer);
    const tiled = denseTiled.tiledOf(resolved, vectors);
    const [inputs, outputs] = [batch.view(x), batch.view(dy)];
    const sums = denseSums({ layer, resolved, batch, ...node }) ?? own;
    const gradients = [
      tiled.weightGradients
        ? denseTiled.multiplyWeightGradientsTiled(name, resolved, inputs, outputs, own, vectors)
        : dense.multiplyWeightGradients(name, resolved, inputs, outputs, sums, vectors),
    ];
    if (biasGradient) gradients.push(dense.sumBiasGradient(name, resolved, outputs, biasGradient, vectors));
    if (dx) {
      const weight = needed(node.weight, layer);
      gradients.push(
        tiled.inputGradient
          ? denseTiled.multiplyInputGradientTiled(name, resolved, outputs, weight, batch.view(dx), vectors)
          : batch.kernel(dense.multiplyInputGradient(name, resolved, dy, weight, dx, vectors)),
      );
    }
    return [together(name, gradients)];
  },

  end({ weightGradient, ...node }) {
    const sums = denseSums(node);
    if (sums === undefined) return [];
    const own = needed(weightGradient, node.layer);
    const vectors = sums.size / own.size / 4;
    return [addPartialSums(`${node.layer.name}.parameterGradients`, sums, vectors, own, undefined)];
  },
};

/** Where several lanes leave their sums of the gradients of a dense layer's weights. */
function denseSums({
  layer,
  resolved,
  batch,
  scratch,
}: Pick<ForwardNode<Dense> & BatchNode, "layer" | "resolved" | "batch" | "scratch">): Buffer | undefined {
  if (denseTiled.tiledOf(resolved, batch.vectors).weightGradients) return undefined;
  const lanes = dense.lanesOfImages(resolved, batch.vectors);
  const [[K], [O]] = [resolved.inputShape, resolved.outputShape];
  return lanes === 1 ? undefined : scratch.numbers(`${layer.name}.sums`, lanes * K * O);
}

/** The memory of a norm. */
function normMemory(
  { name }: ModelLayer,
  layer: BatchNorm,
  { batch, scratch }: BatchNode,
  { shape: [, height] }: View,
): norm.NormMemory {
  const { channels } = layer;
  const split = norm.splitFor(layer, height, batch.vectors);
  // a number for each channel, all in one storage: a kernel can bind eight
  const row = Math.ceil(channels / 4) * 4;
  const rows = scratch.numbers(`${name}.channels`, 6 * row);
  const perChannel = (k: number): Buffer => ({ ...rows, offset: rows.offset + 4 * k * row, size: channels });
  const measured = (what: string, each: number) => scratch.numbers(`${name}.${what}`, 4 * channels * each);
  const items = split.parts * batch.vectors;
  return {
    split,
    means: measured("means", items),
    squares: measured("squares", items),
    ofItems: measured("ofItems", items),
    counts: measured("counts", split.lanes),
    mergedMeans: measured("mergedMeans", split.lanes),
    mergedSquares: measured("mergedSquares", split.lanes),
    mean: perChannel(0),
    inverse: perChannel(1),
    sample: perChannel(2),
    plain: perChannel(3),
    weighted: perChannel(4),
    count: perChannel(5),
  };
}

const batchNorm: BatchLowering<BatchNorm> = {
  forward({ layer, resolved, x, y, bias, relu, ...node }) {
    const { batch, training, mask } = node;
    const memory = normMemory(layer, resolved, node, x);
    const learnt = { weight: needed(node.weight, layer), bias: needed(bias, layer) };
    const name = `${layer.name}.forward`;
    const normalise = batch.kernel(norm.normalise(name, memory, learnt, x, y, relu));
    if (!training) {
      const running = runningOf(node, layer);
      return [norm.takeRunning(`${layer.name}.prepare`, resolved, running, memory), normalise];
    }
    return [
      norm.measure(
        `${layer.name}.statistics`,
        resolved,
        batch.view(x),
        memory,
        batch.buffer(mask),
        batch.vectors,
      ),
      norm.merge(`${layer.name}.merge`, resolved, memory, batch.vectors),
      norm.combine(`${layer.name}.combine`, resolved, memory),
      normalise,
    ];
  },

  backward({ layer, resolved, x, dy, dx, weightGradient, biasGradient, ...node }) {
    const { batch, mask } = node;
    const memory = normMemory(layer, resolved, node, x);
    const gradients = { weight: needed(weightGradient, layer), bias: needed(biasGradient, layer) };
    const [own, input] = [`${layer.name}.parameterGradients`, `${layer.name}.inputGradient`];
    const { vectors } = batch;
    const sums = normGradients.sumGradients(
      `${own}.parts`,
      resolved,
      batch.view(x),
      batch.view(dy),
      memory,
      vectors,
    );
    const combined = [
      normGradients.mergeGradients(`${own}.merge`, resolved, memory, vectors),
      normGradients.combineGradients(own, resolved, memory, gradients),
    ];
    if (!dx) return [sums, ...combined];
    const weight = needed(node.weight, layer);
    return [
      sums,
      ...combined,
      batch.kernel(normGradients.normaliseInputGradient(input, memory, weight, x, dy, dx, mask)),
    ];
  },

  end({ layer, resolved, x, ...node }) {
    const memory = normMemory(layer, resolved, node, x);
    return [norm.updateRunning(`${layer.name}.running`, resolved, memory, runningOf(node, layer))];
  },
};

function runningOf({ state }: Pick<ForwardNode, "state">, layer: ModelLayer) {
  return {
    mean: needed(state("running_mean"), layer),
    variance: needed(state("running_var"), layer),
  };
}

const rows: Partial<Record<keyof typeof layerKinds, BatchLowering>> = {
  conv2d,
  dense: denseRow,
  batchNorm2d: batchNorm,
  batchNorm1d: batchNorm,
};

/** Undefined: the kernels of a block are widened. */
export function batchLoweringOf({ spec }: ModelLayer): BatchLowering | undefined {
  return rows[spec.type];
}
