import type { Loss } from "../../losses/loss.js";
import { squaredErrorGradient } from "./meanSquaredError.js";
import { lossGradient } from "./softmaxCrossEntropy.js";

/** The kernel that makes the first gradient, by the loss's type. */
export function lossKernel({ type }: Loss): typeof lossGradient {
  return type === "meanSquaredError" ? squaredErrorGradient : lossGradient;
}
