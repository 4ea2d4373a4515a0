import { InputError } from "../errors.js";
import type { FloatArray } from "../tensor.js";

/** Where in the training an update happens. */
export interface UpdateStep {
  /** Counts from 1. */
  readonly step: number;
  readonly learningRate: number;
}

/** A rule that changes a parameter by its gradient. Gradients are those of the mean loss over the batch. */
export interface Optimizer<Options> {
  /** Completes the options. @throws InputError for one that is out of range. */
  resolve(options: Partial<Options>): Options;
  /** How many arrays of the parameter's size the rule remembers from step to step. They start at zero. */
  stateCount(options: Options): number;
  /** Changes `parameter` and `state` in place. */
  update(
    options: Options,
    parameter: FloatArray,
    gradient: FloatArray,
    state: readonly FloatArray[],
    at: UpdateStep,
  ): void;
}

/** @throws InputError unless `smallest <= value < below`. */
export function checkRange(name: string, value: number, smallest: number, below = Infinity): number {
  if (!(value >= smallest && value < below)) {
    const range = below === Infinity ? `at least ${smallest}` : `at least ${smallest} and below ${below}`;
    throw new InputError(`The ${name} must be a number of ${range}, not ${value}.`);
  }
  return value;
}
