import { defineModel, initialParameters, type ModelSpec, type SavedModel } from "../../src/index.js";

/** A network with something of everything that a model file carries, and less than 100 weights. */
export const smallSpec: ModelSpec = {
  input: [2, 5, 4],
  layers: [
    { type: "conv2d", filters: 3, kernel: [3, 2], dilation: [1, 2] },
    { type: "relu" },
    { type: "maxPool2d", size: [2, 1], stride: [1, 1] },
    { type: "maxPool2d", size: [2, 2], stride: [2, 1], padding: [0, 1, 0, 0] },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
  classes: ["circle", "square", "Dreieck △"],
  normalize: { mean: [0.1, 0.2], std: [0.3, 0.4] },
};

/** It with weights of its own. */
export function smallModel(): SavedModel {
  const model = defineModel(smallSpec);
  return { model, parameters: initialParameters(model, 5) };
}
