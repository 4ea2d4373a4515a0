import { InputError, type PackedMember, parseZip, type Tensor } from "unravel-cnn";
import type { ImportedModel, ImportFormat } from "../format.js";
import { type Hdf5Object, isHdf5, openHdf5 } from "../hdf5/index.js";
import { readConfig } from "./config.js";
import { parseJson } from "./json.js";
import { type Extras, translate } from "./translate.js";
import { byNames, byNumbers, type ReadWeights } from "./weights.js";

/*
 * Keras's own files. Keras 2 (and 3, where a name ends in .h5): one HDF5 file with the config as an attribute and a group of
 * weights for each layer. Keras 3: a zip file with config.json and model.weights.h5, where weights are numbered.
 */

const MEMBERS = ["config.json", "model.weights.h5", "metadata.json"];

/** Where weights lie instead if they were saved in several files, or as NumPy's. */
const OTHER_WEIGHTS = ["model.weights.json", "model.weights.npz"];

export const keras: ImportFormat = {
  what: "Keras: Sequential and Functional networks",
  endings: [".keras", ".h5", ".hdf5"],
  looksLike: (bytes) => isHdf5(bytes) || isArchive(bytes),
  read({ name, bytes }, { spec }) {
    const extras = { givenSpec: spec !== undefined };
    return isHdf5(bytes) ? readH5(bytes, name, extras) : readArchive(bytes, name, extras);
  },
};

/** A zip file whose first member is one of a .keras file's. */
function isArchive(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return false;
  const name = new TextDecoder().decode(bytes.subarray(30, 30 + (bytes[26] | (bytes[27] << 8))));
  return MEMBERS.includes(name);
}

const failing = (source: string) => (problem: string) => {
  throw new InputError(`${source}: ${problem}; it is damaged or not a file of Keras.`);
};

function readH5(bytes: Uint8Array, source: string, extras: Extras): ImportedModel {
  const fail = failing(source);
  const root = openHdf5(bytes, fail);
  const config = root.texts("model_config")?.[0];
  if (config === undefined) {
    throw new InputError(
      `${source}: it holds only weights, no network ("model_config"); save the network itself, with model.save.`,
    );
  }
  const network = readConfig(parseJson(config, `${source}, model_config`), source);
  const weights = root.member("model_weights") ?? fail('it has no group "model_weights"');
  const groups = new Map<string, ReadWeights>();
  const groupOf = (name: string) => {
    const known = groups.get(name);
    if (known) return known;
    const found = weightsOf(weights.member(name));
    groups.set(name, found);
    return found;
  };
  return translate(network, byNames(groupOf, false), source, extras);
}

/** The arrays of a layer's group, by the names that its attribute lists: `conv2d/kernel:0`. */
function weightsOf(group: Hdf5Object | undefined): Map<string, () => Tensor> {
  const found = new Map<string, () => Tensor>();
  if (group === undefined) return found;
  const names = group.texts("weight_names") ?? [];
  // lists that are too long for one attribute stand in several
  for (let part = 0; ; part++) {
    const more = group.texts(`weight_names${part}`);
    if (more === undefined) break;
    names.push(...more);
  }
  for (const name of names) {
    const array = group.member(name);
    if (array?.isArray) found.set(name, () => array.floats());
  }
  return found;
}

function readArchive(bytes: Uint8Array, source: string, extras: Extras): ImportedModel {
  const fail = failing(source);
  const members = parseZip(bytes, (name) => [...MEMBERS, ...OTHER_WEIGHTS].includes(name), fail);
  const other = members.find(({ name }) => OTHER_WEIGHTS.includes(name));
  if (other)
    throw new InputError(
      `${source}: its weights are kept by way of ${other.name}, but only one model.weights.h5 is read; save the network with model.save and no options.`,
    );
  const member = (name: string): PackedMember =>
    members.find((one) => one.name === name) ?? fail(`it has no ${name}`);
  const text = new TextDecoder().decode(member("config.json").bytes());
  const network = readConfig(parseJson(text, `${source}, config.json`), source);
  const inside = `${source}, model.weights.h5`;
  const root = openHdf5(member("model.weights.h5").bytes(), failing(inside));
  const arrayAt = (path: string) => {
    const array = root.member(path);
    return array?.isArray ? () => array.floats() : undefined;
  };
  return translate(network, byNumbers(arrayAt), source, extras);
}
