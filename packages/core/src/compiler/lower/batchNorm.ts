import type { BatchNorm } from "../../layers/batchStatistics.js";
import {
  combineBlocks,
  copyRunning,
  measureBlock,
  type Normaliser,
  normalise,
  perChannel,
  statisticsSize,
  updateRunning,
} from "../kernels/batchNorm.js";
import {
  combineGradients,
  gradientSumsSize,
  lineSumsSize,
  normaliseInputGradient,
  sumGradients,
} from "../kernels/batchNormGradients.js";
import { type Lowering, type Node, needed } from "./lowering.js";

/* In training blocks wait for each other twice: forward for the statistics, backward for the sums of the gradients. */

function normaliserOf({ layer, weight, memory: { mean, inverse } }: Node<BatchNorm>): Normaliser {
  return { mean, inverse, weight: needed(weight, layer) };
}

export const batchNormLowering: Lowering<BatchNorm> = {
  takesRelu: true,
  isComputedAnew: true, // for the gradient its input is kept anyway

  blockMemory: (layer) => ({ statistics: statisticsSize(layer), gradientSums: gradientSumsSize(layer) }),

  threadMemory(layer) {
    const size = perChannel(layer);
    return { mean: size, inverse: size, plain: size, weighted: size };
  },

  trainingScratch: (layer) => ({ lineSums: lineSumsSize(layer) }),

  prepare({ layer, resolved, training, memory, state }) {
    if (training) return [];
    const running = {
      mean: needed(state("running_mean"), layer),
      variance: needed(state("running_var"), layer),
    };
    return [copyRunning(`${layer.name}.prepare`, resolved, running, memory.mean, memory.inverse)];
  },

  forward({ x, y, relu, ...node }) {
    const { layer, resolved, training, memory, blocks, mask } = node;
    const bias = needed(node.bias, layer);
    const kernel = normalise(`${layer.name}.forward`, normaliserOf(node), bias, x, y, relu);
    if (!training) return [kernel];
    const { statistics, mean, inverse } = memory;
    return [
      measureBlock(`${layer.name}.statistics`, resolved, x, mask, statistics),
      { wholeBatch: [combineBlocks(`${layer.name}.combine`, resolved, statistics, blocks, mean, inverse)] },
      kernel,
    ];
  },

  backward({ x, dy, dx, weightGradient, biasGradient, ...node }) {
    const { layer, resolved, memory, blocks, mask } = node;
    const { statistics, gradientSums, lineSums, plain, weighted } = memory;
    const normaliser = normaliserOf(node);
    const gradients = {
      weight: needed(weightGradient, layer),
      bias: needed(biasGradient, layer),
    };
    const sums = sumGradients(
      `${layer.name}.parameterGradients`,
      resolved,
      x,
      dy,
      normaliser,
      gradients,
      gradientSums,
      lineSums,
    );
    if (!dx) return [sums];
    const means = { plain, weighted };
    const combined = combineGradients(
      `${layer.name}.combineGradients`,
      resolved,
      { statistics, gradientSums },
      blocks,
      means,
    );
    return [
      sums,
      { wholeBatch: [combined] },
      normaliseInputGradient(`${layer.name}.inputGradient`, x, dy, dx, normaliser, means, mask),
    ];
  },

  batch({ layer, resolved, memory: { statistics }, blocks, parameter }) {
    const running = {
      mean: needed(parameter("running_mean"), layer),
      variance: needed(parameter("running_var"), layer),
    };
    const kernel = updateRunning(`${layer.name}.running`, resolved, statistics, blocks, running);
    return [{ kernel, chunks: 1, weightBytes: 0, blockBytes: 0 }];
  },
};
