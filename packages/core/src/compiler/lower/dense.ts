import type { Dense } from "../../layers/dense.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "../kernels/dense.js";
import { batchChunks, batchPays, multiplyStash, stashForBatch, stashSize } from "../kernels/denseBatch.js";
import { type Lowering, needed } from "./lowering.js";

/* The gradients of many weights wait for the end of the batch. */
export const denseLowering: Lowering<Dense> = {
  takesRelu: true,
  transposedInputs: ({ inputShape: [inputs] }) => inputs,
  isForBatch: batchPays,
  blockMemory: (layer): Record<string, number> => (batchPays(layer) ? { stash: stashSize(layer) } : {}),

  forward({ layer, resolved, x, y, weight, bias, relu }) {
    return [multiply(`${layer.name}.forward`, resolved, x, needed(weight, layer), bias, y, relu)];
  },

  backward({ layer, resolved, x, dx, dy, weight, weightGradient, biasGradient, transposed, memory }) {
    const gradients = memory.stash
      ? stashForBatch(`${layer.name}.stash`, resolved, x, dy, biasGradient, memory.stash)
      : multiplyParameterGradients(
          `${layer.name}.parameterGradients`,
          resolved,
          x,
          dy,
          needed(weightGradient, layer),
          biasGradient,
          transposed,
        );
    if (!dx) return [gradients];
    return [
      gradients,
      multiplyInputGradient(`${layer.name}.inputGradient`, resolved, dy, needed(weight, layer), dx),
    ];
  },

  batch({ layer, resolved, memory: { stash }, blocks, gradient }) {
    if (stash === undefined) return [];
    const { count, weightBytes, blockBytes } = batchChunks(resolved);
    const weightGradient = needed(gradient("weight"), layer);
    const kernel = multiplyStash(
      `${layer.name}.parameterGradients`,
      resolved,
      stash,
      blocks.stride,
      weightGradient,
    );
    return [{ kernel, chunks: count, weightBytes, blockBytes }];
  },
};
