import type { ModelSpec } from "../../src/graph/model.js";

/** A small residual network: one way goes around the second convolution. Its image is 12 by 12. */
export const residual: ModelSpec = {
  input: [1, 12, 12],
  layers: [
    { type: "conv2d", name: "stem", filters: 3, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "conv2d", filters: 3, kernel: 3, padding: 1 },
    { type: "add", from: ["relu1", "conv2"] },
    { type: "relu" },
    { type: "averagePool2d", size: 3, stride: 2, padding: 1 },
    { type: "flatten" },
    { type: "dense", units: 4 },
  ],
};
