import { InputError, show } from "../errors.js";
import { CIRCUMSTANCES } from "../formats/circumstances.js";
import type { NpyArray } from "../formats/npy.js";
import type { Model } from "../graph/model.js";
import { layerKinds } from "../layers/index.js";
import { contractName, shapesOfTrace } from "../reference/names.js";
import { listNames } from "./otherNames.js";
import { namedKinds } from "./prefixes.js";

const PREFIXES = new Set([
  ...Object.keys(namedKinds),
  ...Object.values(layerKinds).map(({ prefix }) => prefix),
]);
/** Names of layers that have none of their own begin with their kind. */
const LAYER_NAME = /^(grad\.|new\.)?([a-z]+)(\d*)\.(weight|bias|out|running\.mean|running\.var)$/;
/** What parameters of batch normalisation are called in the paper. */
const GREEK: Readonly<Record<string, string>> = { gamma: "weight", beta: "bias" };
const OTHER_NAMES = ["x", "y", "probs", "loss", "lr", "grad.x"];

/** Somebody's own arrays by their names. */
export type GivenArrays = Readonly<Record<string, NpyArray>>;

export interface NamedArrays {
  /** Under their contract names. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
  /** What each array in the file was taken for, by its name there. */
  readonly contracts: Readonly<Record<string, string>>;
  /** Under their own. */
  readonly unknown: ReadonlyMap<string, NpyArray>;
  /** How many layers there are, by what their names begin with: the largest number, if there is no model. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Without capitals, and with dots for what joins words: Python's keyword arguments can't have dots. */
function normalised(name: string): string {
  const dotted = name.toLowerCase().replaceAll("_", ".");
  return dotted.replace(/\.(gamma|beta)$/, (_, letter: string) => `.${GREEK[letter]}`);
}

/**
 * Arrays under the contract's names, whose number may be missing where there is only one layer of the kind, and which may have
 * underscores and capitals.
 * @param model the network, if it is given: its layers can have names of their own
 * @throws InputError if a number is missing where there are more, or an array stands there twice, or no name is known
 */
export function nameArrays(given: GivenArrays, model?: Model): NamedArrays {
  const counts: Record<string, number> = {};
  for (const { kind } of model?.layers ?? []) counts[kind.prefix] = (counts[kind.prefix] ?? 0) + 1;
  const unnumbered = new Map<string, string>();
  const contractOf = model ? namesOfModel(model) : (name: string) => guessedName(name, counts, unnumbered);
  const arrays = new Map<string, NpyArray>();
  const own = new Map<string, string>();
  const unknown = new Map<string, NpyArray>();
  for (const [name, array] of Object.entries(given)) {
    if (name.startsWith(CIRCUMSTANCES)) continue; // these say of which step the others are
    const contract = contractOf(name);
    if (contract === undefined) {
      const [, , kind = "", number] = LAYER_NAME.exec(normalised(name)) ?? [];
      if (model && number === "" && counts[kind] > 1) unnumbered.set(kind, name);
      unknown.set(name, array);
      continue;
    }
    const before = own.get(contract);
    if (before !== undefined) {
      throw new InputError(
        `The array ${show(contract)} is given twice, as ${show(before)} and as ${show(name)}; leave one of them out.`,
      );
    }
    arrays.set(contract, array);
    own.set(contract, name);
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
      `None of the names ${listNames([...unknown.keys()], [...OTHER_NAMES, "conv1.weight", "fc1.weight"])} is known; use names like x, y, conv1.weight, conv1.out, fc1.weight, grad.conv1.weight (unravel check --how prints the Python that saves them).`,
    );
  }
  const contracts = Object.fromEntries([...own].map(([contract, name]) => [name, contract]));
  return { arrays, contracts, unknown, counts };
}

/** The contract's name for a name in the file, if no model says what there is; counts the layers that names speak of. */
function guessedName(
  name: string,
  counts: Record<string, number>,
  unnumbered: Map<string, string>,
): string | undefined {
  const dotted = normalised(name);
  if (OTHER_NAMES.includes(dotted)) return dotted;
  const [, prefix = "", kind, number, what] = LAYER_NAME.exec(dotted) ?? [];
  const isKnown = kind && PREFIXES.has(kind) && number !== "0" && !(prefix === "new." && what === "out");
  if (!isKnown) return undefined;
  if (number === "") unnumbered.set(kind, name);
  counts[kind] = Math.max(counts[kind] ?? 0, Number(number || 1));
  return `${prefix}${kind}${Number(number || 1)}.${what.replace("running.", "running_")}`;
}

/** As `guessedName`, for the names of a model. An exact name wins over one that only looks like it. */
function namesOfModel(model: Model): (name: string) => string | undefined {
  const names = Object.keys(shapesOfTrace(model, 1));
  const alike = new Map<string, string[]>();
  for (const name of names) alike.set(normalised(name), [...(alike.get(normalised(name)) ?? []), name]);
  const lookUp = (name: string) => {
    const contract = contractName(model, name);
    if (names.includes(contract)) return contract;
    const [only, ...others] = alike.get(normalised(contract)) ?? [];
    return others.length === 0 ? only : undefined;
  };
  return (name) => lookUp(name) ?? lookUp(normalised(name));
}
