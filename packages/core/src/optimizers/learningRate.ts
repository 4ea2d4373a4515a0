import { type OptimizerSpec, resolveOptimizer } from "./index.js";

/**
 * A learning rate that trains the built-in models well, chosen on training images of MNIST. Gradients of small batches
 * are noisy and want small steps: Adam's grow with the root of the batch size, SGD's with the batch size itself. With
 * momentum m a gradient acts 1 / (1 - m) times over the steps that follow.
 */
export function learningRateFor(optimizer: OptimizerSpec, batchSize: number): number {
  const options = resolveOptimizer(optimizer);
  return options.type === "sgd"
    ? ((1 - options.momentum) * batchSize) / 64
    : 0.01 * Math.sqrt(batchSize / 32);
}

/** The rate to try where `tooHigh` was too high: the usual one if that is clearly lower, else a tenth. Two digits. */
export function lowerLearningRate(tooHigh: number, optimizer: OptimizerSpec, batchSize: number): number {
  const usual = learningRateFor(optimizer, batchSize);
  return Number((usual <= tooHigh / 3 ? usual : tooHigh / 10).toPrecision(2));
}
