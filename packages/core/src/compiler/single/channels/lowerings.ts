import type { ModelLayer } from "../../../graph/model.js";
import type { LoopNest } from "../../../ir/ir.js";
import type { BatchNorm } from "../../../layers/batchStatistics.js";
import type { Concat } from "../../../layers/concat.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import type { Dense } from "../../../layers/dense.js";
import type { layerKinds } from "../../../layers/index.js";
import type { ResolvedLayer } from "../../../layers/layer.js";
import type { ImageShape } from "../../../tensor.js";
import { BLOCK } from "../../block.js";
import { copyRunning, wholeVectors } from "../../kernels/batchNorm.js";
import { transformWeights } from "../../kernels/winograd/steps.js";
import { type ForwardNode, type Node, needed } from "../../lower/lowering.js";
import { loweringOf } from "../../lower/registry.js";
import type { Rows } from "../rows.js";
import { normalise, prepareNormaliser } from "./batchNorm.js";
import { byChannels, cellsFor, cellsOf, concatenate, flatten, inCells } from "./cells.js";
import {
  convolve,
  convolveDepthwise,
  convolveWinograd,
  fillsCells,
  isDepthwise,
  packingOf,
  placesOf,
  readsBias,
  windowOf,
} from "./conv2d.js";
import { pack, packedSize } from "./pack.js";

/** Which kernels a kind of layer becomes for one image whose channels lie in cells; forward only. */
export interface ChannelsLowering<Resolved extends ResolvedLayer = ResolvedLayer> {
  /**
   * Its node's `memory`: parameters in the order in which its kernels read them, in float32 numbers by name.
   * @param isTransformed whether it is computed by Winograd's method
   */
  memory?(layer: Resolved, isTransformed: boolean): Readonly<Record<string, number>>;
  /** What is done once for all images. */
  prepare?(node: Node<Resolved>): LoopNest[];
  /** Whether it can read the network's input as it is, channel by channel. */
  readsPixels?(layer: Resolved, isTransformed: boolean): boolean;
  forward(node: ChannelsNode<Resolved>): LoopNest[];
}

export interface ChannelsNode<Resolved extends ResolvedLayer = ResolvedLayer> extends ForwardNode<Resolved> {
  /** The network's input, channel by channel, if it is read so in place of `x`. */
  readonly pixels: Rows | undefined;
}

/** What a buffer of `memory` is for. */
const WEIGHT = "packed";
const BIAS = "packedBias";

const conv2d: ChannelsLowering<Conv2d> = {
  memory(layer, isTransformed) {
    const packing = packingOf(layer);
    return {
      ...(!isTransformed && { [WEIGHT]: packedSize(packing) }),
      ...(layer.bias && !readsBias(layer, isTransformed) && { [BIAS]: packedSize({ ...packing, depth: 1 }) }),
    };
  },

  readsPixels: (layer, isTransformed) => !isTransformed && !isDepthwise(layer),

  prepare({ layer, resolved, winograd, memory, bias, ...node }) {
    const packing = packingOf(resolved);
    const weight = needed(node.weight, layer);
    const transformed = winograd?.weights.get(layer);
    const name = `${layer.name}.prepare`;
    return [
      winograd && transformed
        ? transformWeights(name, resolved, weight, winograd.scratch, transformed)
        : pack(name, packing, weight, memory[WEIGHT]),
      ...(bias && memory[BIAS]
        ? [pack(`${layer.name}.prepareBias`, { ...packing, depth: 1 }, bias, memory[BIAS])]
        : []),
    ];
  },

  forward({ layer, resolved, x, y, relu, winograd, memory, shared, pixels, ...node }) {
    const name = `${layer.name}.forward`;
    const transformed = winograd?.weights.get(layer);
    const bias = memory[BIAS] ?? (node.bias && wholeVectors(node.bias));
    const operands = { x, y, bias, relu };
    if (winograd && transformed) {
      return [convolveWinograd(name, resolved, { ...operands, weight: transformed }, winograd.scratch)];
    }
    const all = { ...operands, weight: memory[WEIGHT] };
    if (isDepthwise(resolved)) return [convolveDepthwise(name, resolved, all)];
    const source = pixels ? byChannels(pixels, resolved.padding) : inCells(x);
    const window = windowOf(resolved, source);
    const table =
      window.step === undefined ? shared.distances(`${layer.name}.window`, window.table) : undefined;
    const places = fillsCells(resolved)
      ? undefined
      : shared.distances(`${layer.name}.places`, placesOf(resolved, y));
    return [convolve(name, resolved, { ...all, x: source }, window, table, places)];
  },
};

/** A dense layer is a convolution of an image of one pixel. */
const dense: ChannelsLowering<Dense> = {
  memory: (layer) => conv2d.memory?.(ofOnePixel(layer), false) ?? {},
  prepare: (node) => conv2d.prepare?.({ ...node, resolved: ofOnePixel(node.resolved) }) ?? [],
  forward: (node) => conv2d.forward({ ...node, resolved: ofOnePixel(node.resolved) }),
};

function ofOnePixel({ inputShape: [K], outputShape: [O], bias }: Dense): Conv2d {
  return {
    inputShape: [K, 1, 1],
    outputShape: [O, 1, 1],
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [0, 0, 0, 0],
    groups: 1,
    bias,
  };
}

const batchNorm: ChannelsLowering<BatchNorm> = {
  memory({ channels }) {
    const size = BLOCK * cellsFor(channels);
    return { mean: size, factor: size, shift: size };
  },

  prepare({ layer, resolved, memory: { mean, factor, shift }, weight, bias, state }) {
    const running = {
      mean: needed(state("running_mean"), layer),
      variance: needed(state("running_var"), layer),
    };
    return [
      copyRunning(`${layer.name}.prepare`, resolved, running, mean, factor),
      prepareNormaliser(`${layer.name}.prepareFactor`, resolved, needed(weight, layer), needed(bias, layer), {
        mean,
        factor,
        shift,
      }),
    ];
  },

  forward: ({ layer, x, y, relu, memory: { mean, factor, shift } }) => [
    normalise(`${layer.name}.forward`, { mean, factor, shift }, x, y, relu),
  ],
};

const lowerings: Partial<Record<keyof typeof layerKinds, ChannelsLowering>> = {
  conv2d,
  dense,
  batchNorm2d: batchNorm,
  batchNorm1d: batchNorm,
  flatten: {
    forward: ({ layer, resolved, x, y }) => [
      flatten(`${layer.name}.forward`, resolved.inputShape as ImageShape, x, y),
    ],
  },
  concat: {
    forward: ({ layer, resolved, inputs, y }) =>
      concatenate(`${layer.name}.forward`, resolved as Concat, inputs, y),
  },
};

/** A layer's row here, or what it does for each channel of blocks; undefined: it has no kernels for one image. */
export function channelsLoweringOf(layer: ModelLayer): ChannelsLowering | undefined {
  const lowering = loweringOf(layer);
  return lowerings[layer.spec.type] ?? (lowering.eachChannel ? forEachChannel(layer) : undefined);
}

/** The kernels of blocks, for cells of channels. */
function forEachChannel(layer: ModelLayer): ChannelsLowering {
  return {
    forward({ resolved, pixels: _, ...node }) {
      const ofCells = {
        ...resolved,
        inputShape: cellsOf(resolved.inputShape),
        outputShape: cellsOf(resolved.outputShape),
      };
      const kernels = loweringOf(layer).forward({ ...node, resolved: ofCells });
      return kernels.filter((kernel): kernel is LoopNest => !("wholeBatch" in kernel));
    },
  };
}
