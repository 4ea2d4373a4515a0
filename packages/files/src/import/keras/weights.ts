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
  return {
    of(layer, names) {
      const [outermost, ...inner] = layer.key.split("/");
      const all = [...groupOf(outermost)].map(([name, read]) => ({ from: name, read, parts: partsOf(name) }));
      const own =
        inner.length === 0 && !always
          ? all
          : all.filter(({ parts }) => parts[parts.length - 2] === layer.name);
      return names.map((choices) => {
        const found = own.filter(({ parts }) => choices.includes(parts[parts.length - 1]));
        if (found.length > 1)
          throw new InputError(
            `its weights could be ${found.map(({ from }) => told(from)).join(" or ")}; give the layers in nested networks different names`,
          );
        return found[0] && { values: found[0].read(), from: found[0].from };
      });
    },
  };
}

/** `a/conv2d/kernel:0` as a, conv2d, kernel. */
const partsOf = (name: string) => name.replace(/:\d+$/, "").split("/");
