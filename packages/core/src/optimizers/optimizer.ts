import { InputError, inContext, show } from "../errors.js";
import { fitsFloat32, RANGE } from "../float32.js";
import { oneOf } from "../options.js";
import type { FloatArray } from "../tensor.js";

/** Where in the training an update happens. */
export interface UpdateStep {
  /** Counts from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Whether weight decay acts on the parameter; default: yes. */
  readonly decays?: boolean;
}

/** On what weight decay acts: on all parameters, or on weights only, and so neither on biases nor on what norms learn. */
export type Decay = "all" | "weights";

/** What weight decay can act on. */
export const decays: readonly Decay[] = ["all", "weights"];

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

/** @throws InputError that names the optimizer, unless it is a choice of what weight decay acts on */
export function checkDecay(type: string, decay: Decay): void {
  inContext(`The optimizer ${type}`, () => oneOf(decays)("decay", decay));
}

/** @throws InputError unless `smallest <= value < below`, and the same of the float32 number that kernels compute with. */
export function checkRange(name: string, value: number, smallest: number, below = Infinity): number {
  if (!(typeof value === "number" && value >= smallest && value < below)) {
    const range = below === Infinity ? `at least ${smallest}` : `at least ${smallest} and below ${below}`;
    throw new InputError(`The ${name} must be a number of ${range}, not ${show(value)}.`);
  }
  if (!(Math.fround(value) < below) && below !== Infinity) {
    throw new InputError(
      `The ${name} is rounded to ${below} in float32, and must be below that: at most ${below - 2 ** -24}, not ${value}.`,
    );
  }
  return value;
}

/**
 * @param zero whether it may be 0
 * @throws InputError unless the number is one of at least 0 that neither vanishes in float32 nor is too large for it
 */
export function checkScale(name: string, value: number, zero = true): number {
  if (!(typeof value === "number" && value >= 0 && fitsFloat32(value)) || (value === 0 && !zero)) {
    throw new InputError(
      `The ${name} must be a number ${zero ? "of 0 or " : ""}from ${RANGE}, which is what float32 holds, not ${show(value)}.`,
    );
  }
  return value;
}
