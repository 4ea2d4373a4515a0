import { InputError, inFile, show } from "../errors.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { checkParameters, tensorsOfModel } from "../graph/parameters.js";
import { known } from "../known.js";
import { formatShape, type NamedTensors, type Shape, sameShape, sizeOf } from "../tensor.js";
import { COUNTER, type ReadModel } from "./modelFile.js";
import { floatsOf, parseSafetensors, type SafetensorsEntry } from "./safetensors.js";

/*
 * A state_dict that PyTorch's users saved with safetensors: weights under the names of their own modules, and no spec. Shapes and
 * layouts are the same as here, so only the names have to be found.
 */

/** A tensor of the network and the one of the file that it came from. */
export interface Origin {
  readonly to: string;
  readonly from: SafetensorsEntry;
  /** How it was found: by its name, or by what its module's tensors are called and how large they are. */
  readonly by: "name" | "shape";
}

/** The weights of a state_dict, and where each came from. */
export interface ReadStateDict extends ReadModel {
  readonly origins: readonly Origin[];
}

/**
 * The weights in a safetensors file for a network that is described elsewhere. Tensors with the network's own names are taken by
 * these, also behind a prefix that all of them have (`model.`, `module.`); else each layer gets the module with tensors of the
 * same names and shapes, equal ones in the order of their numbers. One value per channel may also be [C, 1, 1] or [1, C, 1, 1].
 * `num_batches_tracked` is left out, which the result says; F16, BF16 and F64 become float32.
 * @param source what to call the file in an error
 * @throws InputError if the file is damaged, or it isn't clear which tensor belongs where: both sides are named
 */
export function parseStateDict(bytes: Uint8Array, source: string, spec: ModelSpec): ReadStateDict {
  const model: Model = defineModel(spec);
  const { tensors } = parseSafetensors(bytes, source);
  const entries = tensors.filter(({ name }) => leafOf(name) !== COUNTER);
  const leftOut = tensors.filter(({ name }) => leafOf(name) === COUNTER).map(({ name }) => name);
  const wanted = tensorsOfModel(model).map(({ fullName, shape }) => ({ name: fullName, shape }));
  const byName = namedAlike(wanted, entries);
  const found = byName ?? matched(modulesOf(wanted), modulesOf(perChannel(entries)), source);
  const given = new Map(entries.map((entry) => [entry.name, entry]));
  const parameters: NamedTensors = {};
  const origins: Origin[] = [];
  for (const { name, shape } of wanted) {
    const entry = known(found.get(name));
    const flat = sameShape(withoutOnes(entry.shape), shape);
    parameters[name] = floatsOf(flat ? { ...entry, shape } : entry, source);
    origins.push({ to: name, from: given.get(entry.name) ?? entry, by: byName ? "name" : "shape" });
  }
  return inFile(source, () => {
    checkParameters(model, parameters);
    return { model, parameters, leftOut, origins };
  });
}

/** The file's tensors by the network's names, if it has just these, or these behind a prefix that all have. */
function namedAlike(
  wanted: readonly Named[],
  entries: readonly SafetensorsEntry[],
): Map<string, SafetensorsEntry> | undefined {
  if (wanted.length !== entries.length) return undefined;
  for (let length = 0; ; ) {
    const byName = new Map(entries.map((entry) => [entry.name.slice(length), entry]));
    if (wanted.every(({ name }) => byName.has(name))) return byName;
    const end = entries[0].name.indexOf(".", length) + 1;
    const prefix = entries[0].name.slice(0, end);
    if (end === 0 || !entries.every(({ name }) => name.startsWith(prefix))) return undefined;
    length = end;
  }
}

/** [C, 1, 1] and [1, C, 1, 1] as [C]. */
function withoutOnes(shape: Shape): Shape {
  const size = sizeOf(shape);
  return shape.length >= 3 && shape.includes(size) ? [size] : shape;
}

/** The tensors with one value per channel as rows: all of a module with running statistics, and every bias. */
function perChannel(entries: readonly SafetensorsEntry[]): SafetensorsEntry[] {
  const norms = new Set(
    entries.filter(({ name }) => leafOf(name) === "running_mean").map(({ name }) => moduleOf(name)),
  );
  return entries.map((entry) =>
    norms.has(moduleOf(entry.name)) || leafOf(entry.name) === "bias"
      ? { ...entry, shape: withoutOnes(entry.shape) }
      : entry,
  );
}

interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Tensors of one layer, or module. */
interface Module<T extends Named> {
  readonly name: string;
  readonly tensors: readonly T[];
  /** What has to be equal: "bias [8], weight [8, 1, 3, 3]". */
  readonly form: string;
}

const leafOf = (name: string) => name.slice(name.lastIndexOf(".") + 1);
const moduleOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(".")));

function modulesOf<T extends Named>(tensors: readonly T[]): Module<T>[] {
  const groups = new Map<string, T[]>();
  for (const tensor of tensors) {
    const name = moduleOf(tensor.name);
    groups.set(name, [...(groups.get(name) ?? []), tensor]);
  }
  return [...groups].map(([name, own]) => ({ name, tensors: own, form: formOf(own) }));
}

function formOf(tensors: readonly Named[]): string {
  return tensors
    .map(({ name, shape }) => `${leafOf(name)} ${formatShape(shape)}`)
    .sort()
    .join(", ");
}

/** The file's tensors under the network's names. */
function matched(
  layers: readonly Module<Named>[],
  modules: readonly Module<SafetensorsEntry>[],
  source: string,
): Map<string, SafetensorsEntry> {
  const found = new Map<string, SafetensorsEntry>();
  for (const form of new Set([...layers, ...modules].map((module) => module.form))) {
    const ours = layers.filter((layer) => layer.form === form);
    const theirs = modules.filter((module) => module.form === form).sort((a, b) => inTurn(a.name, b.name));
    // Modules whose names differ in more than their numbers have no order.
    const kinds = new Set(theirs.map(({ name }) => name.replace(/\d+/g, "0")));
    if (ours.length !== theirs.length || kinds.size > 1) throw unclear(ours, theirs, form, source);
    for (const [k, layer] of ours.entries()) {
      for (const { name } of layer.tensors) {
        const entry = theirs[k].tensors.find((tensor) => leafOf(tensor.name) === leafOf(name));
        found.set(name, entry as SafetensorsEntry);
      }
    }
  }
  return found;
}

/** Names in turn, numbers in them by their value: 2 comes before 10. */
function inTurn(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => (name.match(/\d+/g) ?? []).map(Number));
  for (let k = 0; k < Math.min(left.length, right.length); k++) {
    if (left[k] !== right[k]) return left[k] - right[k];
  }
  return left.length - right.length;
}

function unclear(
  layers: readonly Module<Named>[],
  modules: readonly Module<Named>[],
  form: string,
  source: string,
) {
  const list = (side: readonly Module<Named>[]) => {
    const names = side.map(({ name }) => (name === "" ? "one without a name" : show(name)));
    if (names.length === 0) return "none";
    return names.length > 4
      ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`
      : names.join(", ");
  };
  return new InputError(
    `${source}: which tensors belong to which layer isn't clear: with ${form} the network has ${list(layers)}, the file ${list(modules)}; mend the spec, or give the file's tensors the network's names.`,
  );
}
