import type { Dense } from "../../layers/dense.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "../kernels/dense.js";
import { batchPays, stashForBatch } from "../kernels/denseBatch.js";
import { type Lowering, needed } from "./lowering.js";

/* The gradients of many weights wait for the end of the batch. */
export const denseLowering: Lowering<Dense> = {
  takesRelu: true,
  transposedInputs: ({ inputShape: [inputs] }) => inputs,
  isForBatch: batchPays,

  forward({ layer, resolved, x, y, weight, bias, relu }) {
    return [multiply(`${layer.name}.forward`, resolved, x, needed(weight, layer), bias, y, relu)];
  },

  backward({ layer, resolved, x, dx, dy, weight, weightGradient, biasGradient, transposed, stash }) {
    const gradients = stash
      ? stashForBatch(`${layer.name}.stash`, resolved, x, dy, biasGradient, stash)
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
};
