import { InputError, show } from "../errors.js";
import { CIRCUMSTANCES } from "../formats/circumstances.js";
import type { NpyArray } from "../formats/npy.js";
import type { Model } from "../graph/model.js";
import { layerKinds } from "../layers/index.js";
import { contractName, shapesOfTrace } from "../reference/names.js";

const PREFIXES = Object.values(layerKinds).map(({ prefix }) => prefix);
/** Names of layers that have none of their own begin with their kind. */
const LAYER_NAME = new RegExp(`^(grad\\.|new\\.)?(${PREFIXES.join("|")})(\\d*)\\.(weight|bias|out)$`);
const OTHER_NAMES = ["x", "y", "probs", "loss", "lr", "grad.x"];

export type GivenArrays = Readonly<Record<string, NpyArray>>;

export interface NamedArrays {
  /** Under their contract names. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
  readonly unknown: readonly string[];
  /** How many layers of a kind, by what their names begin with, there are: the largest number, if there is no model. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Arrays under the contract's names, whose number may be missing where there is only one layer of the kind.
 * @param model the network, if it is given: its layers can have names of their own
 * @throws InputError if a number is missing where there are more, or an array stands there twice
 */
export function nameArrays(given: GivenArrays, model?: Model): NamedArrays {
  const names = model && new Set(Object.keys(shapesOfTrace(model, 1)));
  const arrays = new Map<string, NpyArray>();
  const unknown: string[] = [];
  const counts: Record<string, number> = {};
  for (const { kind } of model?.layers ?? []) counts[kind.prefix] = (counts[kind.prefix] ?? 0) + 1;
  const unnumbered = new Map<string, string>();
  for (const [name, array] of Object.entries(given)) {
    if (name.startsWith(CIRCUMSTANCES)) continue; // these say of which step the others are
    const [, prefix = "", kind, number, what] = LAYER_NAME.exec(name) ?? [];
    if (number === "" && !names?.has(name)) unnumbered.set(kind, name);
    const numbered = kind ? `${prefix}${kind}${Number(number || 1)}.${what}` : name;
    const contract = model ? contractName(model, name) : numbered;
    const isKnown =
      names?.has(contract) ??
      (kind ? number !== "0" && !(prefix === "new." && what === "out") : OTHER_NAMES.includes(name));
    if (!isKnown) {
      unknown.push(name);
      continue;
    }
    if (kind && !model) counts[kind] = Math.max(counts[kind] ?? 0, Number(number || 1));
    if (arrays.has(contract)) throw new InputError(`The array ${show(contract)} is given twice.`);
    arrays.set(contract, array);
  }
  for (const [kind, name] of unnumbered) {
    if (counts[kind] > 1) {
      throw new InputError(
        `The array ${show(name)} has no number, but there are ${counts[kind]} layers of its kind; say which one it belongs to.`,
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
