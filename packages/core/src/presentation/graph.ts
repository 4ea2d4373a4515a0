import { type Model, type ModelLayer, producerOf } from "../graph/model.js";

/*
 * How layers hang together, where that isn't simply one after the other. Layers are called by their names, the images `x`.
 */

/** What a layer takes, in order; undefined where that is just what the layer before it in the list gives. */
export function takenBy(model: Model, layer: ModelLayer): string[] | undefined {
  const before = model.layers[model.layers.indexOf(layer) - 1]?.output ?? "x";
  if (layer.inputs.length === 1 && layer.inputs[0] === before) return undefined;
  return layer.inputs.map((tensor) => producerOf(model, tensor)?.name ?? "x");
}

/** The layers that take a tensor, in order; undefined where that is just one. */
export function takersOf(model: Model, tensor: string): string[] | undefined {
  const uses = model.uses.get(tensor) ?? [];
  return uses.length > 1 ? uses.map(({ layer }) => layer.name) : undefined;
}

/** `conv2`, `relu1 and conv2`, `a, b and c`; what stands there several times is counted: `a (2 times)`. */
export function listed(names: readonly string[]): string {
  const each = [...new Set(names)].map((name) => {
    const times = names.filter((other) => other === name).length;
    return times === 1 ? name : `${name} (${times} times)`;
  });
  return each.length < 2 ? each.join("") : `${each.slice(0, -1).join(", ")} and ${each[each.length - 1]}`;
}
