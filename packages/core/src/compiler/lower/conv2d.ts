import type { Conv2d } from "../../layers/conv2d.js";
import { convolve } from "../kernels/conv2d.js";
import { canGather, gatherInputGradient, gatheringTables, splatTurned } from "../kernels/conv2dGather.js";
import { convolveInputGradient } from "../kernels/conv2dInputGradient.js";
import { convolveParameterGradients } from "../kernels/conv2dParameterGradients.js";
import { convolvePooled } from "../kernels/conv2dPooled.js";
import { splattedSize, splatWeights, windowTable } from "../kernels/conv2dWindows.js";
import { clear } from "../kernels/input.js";
import {
  chunkScratch,
  multiplyTiles,
  stashSizes,
  stashTiles,
  tileChunks,
  winogradBatchPays,
} from "../kernels/winograd/batch.js";
import {
  convolveWinograd,
  convolveWinogradInputGradient,
  convolveWinogradParameterGradients,
} from "../kernels/winograd/convolve.js";
import { winogradPays } from "../kernels/winograd/scratch.js";
import { transformWeights } from "../kernels/winograd/steps.js";
import { inGroups } from "./grouped.js";
import { needed, type Use } from "./lowering.js";

/* With Winograd's transforms where they pay; else directly, the gradient of the input in gather form where it can be. */
export const conv2dLowering = inGroups({
  padding: ({ padding }) => padding,
  takesRelu: true,
  takesPool: true,
  tiled: (layer) => (winogradPays(layer) ? layer : undefined),
  gathered: (layer) => (canGather(layer) ? layer : undefined),
  splattedSize,
  isForBatch: isTiledForBatch,
  blockMemory: (layer, use): Record<string, number> => (isTiledForBatch(layer, use) ? stashSizes(layer) : {}),
  trainingScratch: (layer, use): Record<string, number> =>
    isTiledForBatch(layer, use) ? chunkScratch(layer) : {},

  prepare({ layer, resolved, winograd, splatted, gathered, ...node }) {
    const name = `${layer.name}.prepare`;
    const weight = needed(node.weight, layer);
    const transformed = winograd?.weights.get(layer);
    if (winograd && transformed) {
      return [transformWeights(name, resolved, weight, winograd.scratch, transformed)];
    }
    const own = splatted.get(layer);
    const turned = gathered.get(layer);
    return [
      ...(own ? [splatWeights(name, resolved, weight, own)] : []),
      ...(turned ? [splatTurned(`${layer.name}.prepareGradient`, resolved, weight, turned)] : []),
    ];
  },

  forward({ layer, resolved, x, y, bias, relu, pooled, winograd, splatted, shared, ...node }) {
    const name = `${layer.name}.forward`;
    const weight = needed(node.weight, layer);
    const transformed = winograd?.weights.get(layer);
    if (winograd && transformed) {
      return [convolveWinograd(name, resolved, x, transformed, bias, y, relu, winograd.scratch)];
    }
    const table = shared.distances(`${layer.name}.window`, windowTable(resolved, x));
    const windows = { layer: resolved, x, table, weight, splatted: splatted.get(layer) };
    if (pooled) return [convolvePooled(name, windows, bias, pooled.y, pooled.winners)];
    return [convolve(name, windows, bias, y, relu)];
  },

  backward({ layer, resolved, x, dx, dy, biasGradient, winograd, gathered, shared, ...node }) {
    const own = `${layer.name}.parameterGradients`;
    const input = `${layer.name}.inputGradient`;
    const weight = needed(node.weight, layer);
    const transformed = winograd?.weights.get(layer);
    const gradients = parameterGradients();
    if (!dx) return [gradients];
    if (gathered.has(layer)) {
      const turned = gathered.get(layer);
      const tables = gatheringTables(resolved, dy, turned !== undefined);
      const gathering = {
        layer: resolved,
        weight,
        splatted: turned,
        counts: shared.counts(`${layer.name}.meetings`, tables.counts),
        gradients: shared.distances(`${layer.name}.gradientRows`, tables.gradients),
        weights: shared.distances(`${layer.name}.weightRows`, tables.weights),
      };
      return [gradients, gatherInputGradient(input, gathering, dy, dx)];
    }
    return [
      gradients,
      clear(`${layer.name}.clear`, dx),
      winograd && transformed
        ? convolveWinogradInputGradient(input, resolved, dy, transformed, dx, winograd.scratch)
        : convolveInputGradient(input, resolved, dy, weight, dx),
    ];

    function parameterGradients() {
      const { tileInputs, tileGradients } = node.memory;
      if (winograd && tileInputs && tileGradients) {
        const stash = { tileInputs, tileGradients };
        return stashTiles(`${layer.name}.stash`, resolved, x, dy, biasGradient, stash, winograd.scratch);
      }
      const weightGradient = needed(node.weightGradient, layer);
      if (!winograd || !transformed)
        return convolveParameterGradients(own, resolved, x, dy, weightGradient, biasGradient);
      const { scratch } = winograd;
      return convolveWinogradParameterGradients(own, resolved, x, dy, weightGradient, biasGradient, scratch);
    }
  },

  batch({ layer, resolved, memory: { tileInputs, tileGradients, products, tile }, blocks, gradient }) {
    if (!(tileInputs && tileGradients && products && tile)) return [];
    const { count, weightBytes, blockBytes } = tileChunks(resolved);
    const kernel = multiplyTiles(
      `${layer.name}.parameterGradients`,
      resolved,
      { tileInputs, tileGradients },
      blocks.stride,
      needed(gradient("weight"), layer),
      { products, tile },
    );
    return [{ kernel, chunks: count, weightBytes, blockBytes }];
  },
});

/** Whether the gradient of the weights waits for the end of the batch. */
function isTiledForBatch(layer: Conv2d, { convolution, blocks }: Use): boolean {
  return convolution === "auto" && winogradBatchPays(layer, blocks);
}
