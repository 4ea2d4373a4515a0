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

/**
 * `conv2`, `relu1 and conv2`, `a, b and c`, in pieces; what stands there several times is counted: `a (2 times)`.
 * @param shown how a name is shown: as a link, for instance
 */
export function listed<Piece = string>(
  names: readonly string[],
  shown: (name: string) => Piece = (name) => name as Piece,
): (Piece | string)[] {
  const distinct = [...new Set(names)];
  return distinct.flatMap((name, k) => {
    const times = names.filter((other) => other === name).length;
    const before = k === 0 ? [] : [k === distinct.length - 1 ? " and " : ", "];
    return [...before, shown(name), ...(times > 1 ? [` (${times} times)`] : [])];
  });
}
