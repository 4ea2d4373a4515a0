import { sigmoids, softmax, type Tensor } from "unravel-cnn";

/** What becomes of scores `[N, K]`, by the type of the model's loss. */
export const probabilities: Readonly<Record<string, (scores: Tensor) => Tensor>> = {
  softmaxCrossEntropy: softmax,
  binaryCrossEntropy: sigmoids,
  meanSquaredError: (scores) => scores,
};
