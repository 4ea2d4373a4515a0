import { InputError, show } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import type { Around } from "../layers/explain/explanation.js";
import type { NamedTensors, Tensor } from "../tensor.js";

/* Which tensor of a trace is what to which layer: `pool1.out` is pool1's `out` and flatten1's `x`. */

/** What the tensors around a part of the network are called in a trace. */
export type Names = (local: string) => string;

/** The contract names of the tensors around a layer. */
export function namesAround({ name, inputs }: Pick<ModelLayer, "name" | "inputs">): Names {
  const locals = localInputs(inputs);
  const nameOf: Names = (local) => {
    if (local.startsWith("grad.")) return `grad.${nameOf(local.slice("grad.".length))}`;
    return inputs[locals.indexOf(local)] ?? `${name}.${local}`;
  };
  return nameOf;
}

/** What a layer calls its inputs: `x`, or `x1`, `x2`, ... if it has several. */
export function localInputs(inputs: readonly unknown[]): string[] {
  return inputs.length === 1 ? ["x"] : inputs.map((_, k) => `x${k + 1}`);
}

/** The contract names of the tensors around softmax and cross-entropy. */
export function namesAroundLoss({ output }: Model): Names {
  return (local) => local.replace("logits", output);
}

/** The tensors of a trace under the names that they have around a part of the network. */
export function around(tensors: NamedTensors, names: Names): Around {
  return (local) => ({ name: names(local), ...tensorNamed(tensors, names(local)) });
}

/** @throws InputError if there is none of this name. */
export function tensorNamed(tensors: NamedTensors, name: string): Tensor {
  if (Object.hasOwn(tensors, name)) return tensors[name];
  const layers = Object.keys(tensors).flatMap((known) => known.match(/^(\w+)\.out$/)?.[1] ?? []);
  throw new InputError(
    `The trace has no tensor ${show(name)}; it has x, y, probs, loss, and ${layers[0]}.out, ${layers[0]}.weight, grad.${layers[0]}.out and so on for ${layers.slice(0, MOST_NAMES).join(", ")}${layers.length > MOST_NAMES ? ", ..." : ""}.`,
  );
}

/** How many layers a message names at most. */
const MOST_NAMES = 24;
