import type { Loss } from "../../losses/loss.js";
import { binaryCrossEntropyGradient } from "./binaryCrossEntropy.js";
import { squaredErrorGradient } from "./meanSquaredError.js";
import { lossGradient } from "./softmaxCrossEntropy.js";

/** The kernels that make the first gradient, by the type of the loss. */
const kernels: Readonly<Record<string, typeof lossGradient>> = {
  softmaxCrossEntropy: lossGradient,
  meanSquaredError: squaredErrorGradient,
  binaryCrossEntropy: binaryCrossEntropyGradient,
};

export const lossKernel = ({ type }: Loss): typeof lossGradient => kernels[type];
