import { InputError, show } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import type { Around } from "../layers/explain/explanation.js";
import type { NamedTensors, Tensor } from "../tensor.js";

/* Which tensor of a trace is what to which layer: `pool1.out` is pool1's `out` and flatten1's `x`. */

/** What the tensors around a part of the network are called in a trace. */
export type Names = (local: string) => string;

/** The contract names of the tensors around layer number `index`. */
export function namesAround(model: Model, index: number): Names {
  const layer = model.layers[index];
  const x = index === 0 ? "x" : `${model.layers[index - 1].name}.out`;
  return (local) => {
    if (local.startsWith("grad.")) return `grad.${namesAround(model, index)(local.slice(5))}`;
    return local === "x" ? x : `${layer.name}.${local}`;
  };
}

/** The contract names of the tensors around softmax and cross-entropy. */
export function namesAroundLoss(model: Model): Names {
  const logits = `${(model.layers.at(-1) as ModelLayer).name}.out`;
  return (local) => local.replace("logits", logits);
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
