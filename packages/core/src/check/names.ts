import { InputError, show } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";

/** Kinds of layers as their names begin. */
const LAYER_NAME = /^(grad\.|new\.)?(conv|relu|pool|flatten|fc)(\d*)\.(weight|bias|out)$/;
const OTHER_NAMES = ["x", "y", "probs", "loss", "lr", "grad.x"];

export type GivenArrays = Readonly<Record<string, NpyArray>>;

export interface NamedArrays {
  /** Under their contract names. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
  readonly unknown: readonly string[];
  /** How many layers of a kind the names speak of: the largest number. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Arrays under the contract's names, whose number may be missing where there is only one layer of the kind.
 * @throws InputError if it is missing where there are more, or an array stands there twice
 */
export function nameArrays(given: GivenArrays): NamedArrays {
  const arrays = new Map<string, NpyArray>();
  const unknown: string[] = [];
  const counts: Record<string, number> = {};
  const unnumbered = new Map<string, string>();
  for (const [name, array] of Object.entries(given)) {
    const parts = LAYER_NAME.exec(name);
    const isNew = parts?.[1] === "new.";
    if (!OTHER_NAMES.includes(name) && (!parts || parts[3] === "0" || (isNew && parts[4] === "out"))) {
      unknown.push(name);
      continue;
    }
    let contractName = name;
    if (parts) {
      const [, prefix = "", kind, number, what] = parts;
      if (number === "") unnumbered.set(kind, name);
      counts[kind] = Math.max(counts[kind] ?? 0, Number(number || 1));
      contractName = `${prefix}${kind}${Number(number || 1)}.${what}`;
    }
    if (arrays.has(contractName)) throw new InputError(`The array ${show(contractName)} is given twice.`);
    arrays.set(contractName, array);
  }
  for (const [kind, name] of unnumbered) {
    if (counts[kind] > 1) {
      throw new InputError(
        `The array ${show(name)} has no number, but there are ${kind}1 to ${kind}${counts[kind]}; say which one it belongs to.`,
      );
    }
  }
  if (arrays.size === 0) {
    throw new InputError(
      `None of the names ${show(unknown)} is known; use names like x, y, conv1.weight, conv1.out, grad.conv1.weight.`,
    );
  }
  return { arrays, unknown, counts };
}
