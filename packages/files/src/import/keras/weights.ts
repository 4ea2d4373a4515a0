import { InputError, type Tensor } from "unravel-cnn";
import type { WeightSource } from "./given.js";
import { told } from "./json.js";

/** A file's weights by their names there, read when they are asked for. */
export type ReadWeights = ReadonlyMap<string, () => Tensor>;

/**
 * Weights that are called as their layer and what they are: `conv2d/kernel:0`, `sequential/conv2d/kernel`.
 * @param groupOf the weights among which those of a layer are, or of all layers in the network that has this name
 * @param always whether a layer's name must stand there; else all in the group of a layer that is no network are its own, whatever
 *   it was called when they were made
 */
export function byNames(groupOf: (name: string) => ReadWeights, always: boolean): WeightSource {
  const indexes = new Map<ReadWeights, ReadonlyMap<string, readonly Entry[]>>();
  const indexOf = (group: ReadWeights) => {
    const known = indexes.get(group) ?? byLayer(group);
    indexes.set(group, known);
    return known;
  };
  return {
    of({ key, name }, names) {
      const [outermost, ...inner] = key.split("/");
      const index = indexOf(groupOf(outermost));
      const all = inner.length === 0 && !always ? [...index.values()].flat() : (index.get(name) ?? []);
      // where layers in several networks have one name, the networks' names stand before it
      const exact = all.filter(({ path }) => path === key);
      const own = exact.length > 0 ? exact : all;
      return names.map((choices) => {
        const found = own.filter(({ leaf }) => choices.includes(leaf));
        if (found.length > 1)
          throw new InputError(
            `its weights could be ${found.map(({ from }) => told(from)).join(" or ")}; give the layers in nested networks different names`,
          );
        return found[0] && { values: found[0].read(), from: found[0].from };
      });
    },
  };
}

/**
 * Weights as Keras 3 keeps them: where the layer stands among those of its class, numbered as they were made, such as
 * `layers/conv2d_1/vars/0`.
 * @param arrayAt what reads the array at a path; undefined if there is none
 */
export function byNumbers(arrayAt: (path: string) => (() => Tensor) | undefined): WeightSource {
  return {
    of({ stored }, names) {
      const older = stored.replaceAll("layers/", "_layer_checkpoint_dependencies/");
      return names.map((_, k) => {
        for (const from of [`${stored}/vars/${k}`, `${older}/vars/${k}`]) {
          const read = arrayAt(from);
          if (read) return { values: read(), from };
        }
        return undefined;
      });
    },
  };
}

interface Entry {
  readonly from: string;
  /** `a/conv2d` of `a/conv2d/kernel:0` */
  readonly path: string;
  /** `kernel` */
  readonly leaf: string;
  readonly read: () => Tensor;
}

/** The weights by the name that stands before what they are. */
function byLayer(weights: ReadWeights): Map<string, Entry[]> {
  const layers = new Map<string, Entry[]>();
  for (const [from, read] of weights) {
    const parts = from.replace(/:\d+$/, "").split("/");
    const leaf = parts.pop() ?? "";
    const layer = parts[parts.length - 1] ?? "";
    const entry = { from, path: parts.join("/"), leaf, read };
    const known = layers.get(layer);
    if (known) known.push(entry);
    else layers.set(layer, [entry]);
  }
  return layers;
}
