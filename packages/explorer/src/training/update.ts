import { indexAt, type NamedTensors, type OptimizerOptions, offsetOf } from "unravel-cnn";
import type { StepRecord } from "./session.js";

/** One parameter's way through a step's update, in the optimizer's formulas (see the library's optimizers). */
export interface Update {
  readonly before: number;
  readonly after: number;
  /** What the optimizer remembers of it. */
  readonly memory: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  /** What is added to the parameter: `after - before`. */
  readonly change: number;
  /** The formula of the change, and the same with numbers. */
  readonly formula: string;
  readonly numbers: string;
}

/** What the rows of memory mean. */
const memoryNames: Record<OptimizerOptions["type"], readonly string[]> = {
  sgd: ["running sum of gradients"],
  adam: ["mean of gradients, m", "mean of their squares, v"],
  adamw: ["mean of gradients, m", "mean of their squares, v"],
};

/**
 * @param gradient of the parameter at `index`
 * @param say how numbers are written
 */
export function updateOf(
  record: StepRecord,
  optimizer: OptimizerOptions,
  name: string,
  index: readonly number[],
  gradient: number,
  say: (value: number) => string,
): Update {
  const at = ({ [name]: { shape, data } }: NamedTensors) => data[offsetOf(shape, index)];
  const [before, after] = [at(record.before), at(record.after)];
  const memory = record.memoryAfter.map((tensors, k) => ({
    name: memoryNames[optimizer.type][k],
    before: at(record.memoryBefore[k]),
    after: at(tensors),
  }));
  const rate = record.learningRate;
  const common = { before, after, memory, change: after - before };
  if (optimizer.type === "sgd") {
    const sum = memory[0]?.after ?? gradient;
    const what = memory.length > 0 ? "running sum" : "gradient";
    return { ...common, formula: `− rate × ${what}`, numbers: `− ${say(rate)} × ${say(sum)}` };
  }
  const [m, v] = memory.map((one) => one.after);
  const mean = m / (1 - optimizer.beta1 ** record.step);
  const size = Math.sqrt(v / (1 - optimizer.beta2 ** record.step)) + optimizer.epsilon; // never 0
  const decay = optimizer.type === "adamw" ? optimizer.weightDecay : 0;
  return {
    ...common,
    formula: `− rate × m / √v, both corrected for their start at 0${decay > 0 ? `, − rate × ${decay} × weight` : ""}`,
    numbers: `− ${say(rate)} × ${say(mean)} / ${say(size)}${decay > 0 ? ` − ${say(rate)} × ${decay} × ${say(before)}` : ""}`,
  };
}

/** Where the largest number of a tensor lies, whatever its sign. */
export function largestIndex({ shape, data }: NamedTensors[string]): number[] {
  let largest = 0;
  for (let k = 1; k < data.length; k++) if (Math.abs(data[k]) > Math.abs(data[largest])) largest = k;
  return indexAt(shape, largest);
}

/** The length of all numbers together: the root of the sum of their squares. */
export function lengthOf(data: ArrayLike<number>): number {
  let squares = 0;
  for (let k = 0; k < data.length; k++) squares += data[k] * data[k];
  return Math.sqrt(squares);
}
