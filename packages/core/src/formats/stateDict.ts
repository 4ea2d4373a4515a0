import { InputError, inFile, show } from "../errors.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { checkParameters, tensorsOfModel } from "../graph/parameters.js";
import { formatShape, type NamedTensors } from "../tensor.js";
import { COUNTER, type ReadModel } from "./modelFile.js";
import { floatsOf, parseSafetensors, type SafetensorsEntry } from "./safetensors.js";

/*
 * A state_dict that PyTorch's users saved with safetensors: weights under the names of their own modules, and no spec. Shapes and
 * layouts are the same as here, so only the names have to be found.
 */

/**
 * The weights in a safetensors file for a network that is described elsewhere. Tensors with the network's own names are taken by
 * these; else each layer gets the module with tensors of the same names and shapes, equal ones in the order of their numbers.
 * `num_batches_tracked` is left out, which the result says; F16, BF16 and F64 become float32.
 * @param source what to call the file in an error
 * @throws InputError if the file is damaged, or it isn't clear which tensor belongs where: both sides are named
 */
export function parseStateDict(bytes: Uint8Array, source: string, spec: ModelSpec): ReadModel {
  const model = defineModel(spec);
  const { tensors } = parseSafetensors(bytes, source);
  const entries = tensors.filter(({ name }) => leafOf(name) !== COUNTER);
  const leftOut = tensors.filter(({ name }) => leafOf(name) === COUNTER).map(({ name }) => name);
  const wanted = tensorsOfModel(model).map(({ fullName, shape }) => ({ name: fullName, shape }));
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const named = wanted.length === entries.length && wanted.every(({ name }) => byName.has(name));
  const found = named ? byName : matched(modulesOf(wanted), modulesOf(entries), source);
  const parameters: NamedTensors = {};
  for (const { name } of wanted) parameters[name] = floatsOf(found.get(name) as SafetensorsEntry, source);
  return inFile(source, () => {
    checkParameters(model, parameters);
    return { model: model as Model, parameters, leftOut };
  });
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

function modulesOf<T extends Named>(tensors: readonly T[]): Module<T>[] {
  const groups = new Map<string, T[]>();
  for (const tensor of tensors) {
    const name = tensor.name.slice(0, Math.max(0, tensor.name.lastIndexOf(".")));
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
