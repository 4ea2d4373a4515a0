import { InputError, inFile } from "../errors.js";
import type { Model } from "../graph/model.js";
import { checkNumbers, checkParameters } from "../graph/parameters.js";
import { optimizerStateCount } from "../optimizers/index.js";
import { copyAll, type NamedTensors, zeros } from "../tensor.js";
import type { TrainingOptions } from "./engine.js";

/**
 * What an optimizer remembers when a run begins: copies of what it is to resume with, else zeros.
 * @throws InputError if that doesn't fit the network or the optimizer
 */
export function optimizerMemory(model: Model, { optimizer, resume }: TrainingOptions): NamedTensors[] {
  const count = optimizerStateCount(optimizer);
  if (resume === undefined) {
    return Array.from({ length: count }, () =>
      Object.fromEntries(model.parameters.map(({ fullName, shape }) => [fullName, zeros(shape)])),
    );
  }
  const { steps, memory } = resume;
  if (!Number.isInteger(steps) || steps < 0) {
    throw new InputError(`A training can't be resumed after ${steps} steps: that must be a whole number.`);
  }
  if (memory.length !== count) {
    throw new InputError(
      `${optimizer.type} remembers ${count} numbers of each parameter, but ${memory.length} were given; resume with the optimizer that the training began with.`,
    );
  }
  return memory.map((tensors, k) => {
    inFile(`The optimizer's memory ${k + 1}`, () => checkNumbers(model.parameters, tensors));
    return copyAll(tensors, "float32");
  });
}

/**
 * The average of the parameters when a run begins: a copy of what it is to resume with, else of the parameters. Undefined
 * without `ema`.
 * @throws InputError if there is none to resume with, or one that doesn't fit the network, or that isn't wanted
 */
export function firstAverage(
  model: Model,
  parameters: NamedTensors,
  { ema, resume }: TrainingOptions,
): NamedTensors | undefined {
  if (resume !== undefined && (resume.average === undefined) !== (ema === undefined)) {
    throw new InputError(
      ema === undefined
        ? "The training began with ema, and brings an average of its weights; resume with the ema that it began with."
        : "The training began without ema, and brings no average of its weights; resume without, or begin another training.",
    );
  }
  if (ema === undefined) return undefined;
  const average = resume?.average ?? parameters;
  inFile("The average", () => checkParameters(model, average));
  return copyAll(average, "float32");
}
