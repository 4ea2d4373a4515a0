import { InputError, inContext, show } from "../errors.js";
import { SMALLEST_NORMAL } from "../float32.js";
import { didYouMean } from "../nearest.js";
import { checkKeys } from "../options.js";
import type { FloatArray } from "../tensor.js";
import { type AdamOptions, adam, adamw } from "./adam.js";
import { averageInto } from "./average.js";
import { flush, LOOK_EVERY, SMALLEST_AVERAGE, smallestParameter } from "./flush.js";
import type { Optimizer, UpdateStep } from "./optimizer.js";
import { type SgdOptions, sgd } from "./sgd.js";

/** An optimizer with all its options. */
export type OptimizerOptions = SgdOptions | AdamOptions;

/** An optimizer by its name: `sgd`, `adam`, `adamw`. */
export type OptimizerName = OptimizerOptions["type"];

/** An optimizer as one asks for it: its type, and the options that differ from the defaults; or the type alone. */
export type OptimizerSpec =
  | OptimizerName
  | ({ readonly type: "sgd" } & Partial<SgdOptions>)
  | ({ readonly type: "adam" | "adamw" } & Partial<AdamOptions>);

const optimizers = { sgd, adam, adamw };

/** The names of all optimizers. */
export const optimizerNames = Object.keys(optimizers) as readonly OptimizerName[];

function rule(name: OptimizerName): Optimizer<OptimizerOptions> {
  if (typeof name !== "string" || !Object.hasOwn(optimizers, name)) {
    throw new InputError(
      `There is no optimizer ${show(name)}${didYouMean(name, optimizerNames)}; there are ${optimizerNames.join(", ")}.`,
    );
  }
  return optimizers[name];
}

/** Completes the options. @throws InputError for an unknown type or option, or one that is out of range. */
export function resolveOptimizer(spec: OptimizerSpec): OptimizerOptions {
  if (typeof spec === "string") return rule(spec).resolve({});
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new InputError(
      `The optimizer must be a name like "sgd" or an object like { "type": "sgd", "momentum": 0.9 }, not ${show(spec)}.`,
    );
  }
  const { resolve } = rule(spec.type);
  // the complete options hold every option that there is
  inContext(`The optimizer ${spec.type}`, () => checkKeys(spec, Object.keys(resolve({}))));
  return resolve(spec);
}

/** How many arrays of each parameter's size the optimizer remembers. */
export function optimizerStateCount(options: OptimizerOptions): number {
  return rule(options.type).stateCount(options);
}

/** Whether weight decay acts on a parameter: with `decay: "weights"` only where it has inputs, as biases and norms haven't. */
export function decaysOf({ decay }: OptimizerOptions, { fanIn }: { readonly fanIn: number }): boolean {
  return decay === "all" || fanIn > 0;
}

/** The rule for parameters on which weight decay doesn't act. */
export function withoutDecay(options: OptimizerOptions): OptimizerOptions {
  return { ...options, weightDecay: 0 };
}

/** A parameter's running average, and how much it keeps of itself in a step: see average.ts. */
export interface Averaged {
  readonly numbers: FloatArray;
  readonly ema: number;
}

/** One update of one parameter, in place, and of its average, if it has one; after every 16th step with a flush (see flush.ts). */
export function updateParameter(
  options: OptimizerOptions,
  parameter: FloatArray,
  gradient: FloatArray,
  state: readonly FloatArray[],
  at: UpdateStep,
  average?: Averaged,
): void {
  const own = at.decays === false ? withoutDecay(options) : options;
  rule(options.type).update(own, parameter, gradient, state, at);
  if (average) averageInto(average.numbers, parameter, average.ema);
  if (at.step % LOOK_EVERY !== 0) return;
  flush(parameter, smallestParameter(options.weightDecay));
  for (const numbers of state) flush(numbers, SMALLEST_NORMAL);
  if (average) flush(average.numbers, SMALLEST_AVERAGE);
}
