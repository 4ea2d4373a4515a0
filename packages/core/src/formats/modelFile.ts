import { InputError, inFile, show } from "../errors.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { checkParameters, tensorsOfModel } from "../graph/parameters.js";
import type { LayerSpec } from "../layers/layer.js";
import type { NamedTensors } from "../tensor.js";
import { duplicateKey, hasTooManyValues } from "./json.js";
import { floatsOf, formatSafetensors, parseSafetensors } from "./safetensors.js";

/** A trained network. */
export interface SavedModel {
  readonly model: Model;
  readonly parameters: NamedTensors;
}

/** A network as a file gives it. */
export interface ReadModel extends SavedModel {
  /** Names of the tensors in the file that the network has no use for. */
  readonly leftOut: readonly string[];
}

/** Under this key the metadata carries the spec as JSON, with classes and normalisation. */
const SPEC_KEY = "unravel.spec";

/**
 * Under this key the number of the format, where a file uses what readers before it lack. 1, which is not written: chains of
 * the five first kinds of layers. 2: names, ways past layers, other kinds, groups, a loss that is written out. 3: how pictures become inputs.
 */
const FORMAT_KEY = "unravel.format";

/** The newest format that this reads and writes. */
const NEWEST_FORMAT = 3;

/** The kinds of layers that readers of format 1 know. */
const FIRST_TYPES: readonly string[] = ["conv2d", "relu", "maxPool2d", "flatten", "dense"];

function formatOf({ layers, loss, pictures }: ModelSpec): number {
  if (pictures !== undefined) return 3;
  const isNew = (layer: LayerSpec) =>
    !FIRST_TYPES.includes(layer.type) ||
    layer.name !== undefined ||
    layer.from !== undefined ||
    Object.hasOwn(layer, "groups");
  return loss !== undefined || layers.some(isNew) ? 2 : 1;
}

/**
 * A safetensors file with PyTorch's names and layouts (`conv1.weight` [out, in, kh, kw], `fc1.weight` [out, in]) and the
 * spec, classes and normalisation in its metadata.
 * @throws InputError if the parameters don't fit the model or are not finite: such a file could not be read again
 */
export function formatModel({ model, parameters }: SavedModel): Uint8Array {
  checkParameters(model, parameters);
  const spec: ModelSpec = { ...model.spec, classes: model.classes, normalize: model.normalize };
  const inOrder = Object.fromEntries(
    tensorsOfModel(model).map(({ fullName }) => [fullName, parameters[fullName]]),
  );
  const format = formatOf(spec);
  return formatSafetensors(inOrder, {
    format: "pt",
    ...(format > 1 && { [FORMAT_KEY]: String(format) }),
    [SPEC_KEY]: JSON.stringify(spec),
  });
}

/**
 * A network from a model file. PyTorch's `num_batches_tracked` of its layers with running statistics is left out.
 * @param source what to call the file in an error
 * @throws InputError if it is damaged, carries no spec, was written by a newer unravel, or its tensors don't fit the spec
 */
export function parseModel(bytes: Uint8Array, source: string): ReadModel {
  const { metadata, tensors } = parseSafetensors(bytes, source);
  const json = metadata[SPEC_KEY];
  if (json === undefined) {
    throw new InputError(
      `${source}: it carries no model spec ("${SPEC_KEY}" in its metadata), so it is not a model of unravel; if it is a state_dict of PyTorch, give its network, too (--spec net.json).`,
    );
  }
  checkFormat(metadata[FORMAT_KEY], source);
  const model = inFile(source, () => defineModel(parseSpec(json)));
  const counters = new Set(
    model.layers.filter(({ state }) => state.length > 0).map(({ name }) => `${name}.${COUNTER}`),
  );
  const wanted = tensors.filter(({ name }) => !counters.has(name));
  const parameters = Object.fromEntries(wanted.map((entry) => [entry.name, floatsOf(entry, source)]));
  return inFile(source, () => {
    checkParameters(model, parameters);
    const leftOut = tensors.filter(({ name }) => counters.has(name)).map(({ name }) => name);
    return { model, parameters, leftOut };
  });
}

/** What PyTorch keeps besides running statistics: how many batches went into them. Nothing is computed from it. */
export const COUNTER = "num_batches_tracked";

function checkFormat(format: string | undefined, source: string): void {
  if (format === undefined) return;
  if (!/^[1-9]\d{0,8}$/.test(format)) {
    throw new InputError(
      `${source}: "${FORMAT_KEY}" in its metadata must be a whole number, not ${show(format)}.`,
    );
  }
  if (Number(format) > NEWEST_FORMAT) {
    throw new InputError(
      `${source}: it was written by a newer unravel (format ${format}; this reads ${NEWEST_FORMAT}); update unravel.`,
    );
  }
}

/** The longest text of a spec; 10,000 layers and 65,536 classes need less. */
export const LONGEST_SPEC = 2 ** 26;

/**
 * A model spec from JSON text; `defineModel` checks what it says.
 * @throws InputError if it isn't JSON, has a key twice, or is longer than any spec
 */
export function parseSpec(text: string): ModelSpec {
  if (text.length > LONGEST_SPEC) {
    throw new InputError(
      `The model spec has ${text.length} characters, more than the limit of ${LONGEST_SPEC}; make it shorter.`,
    );
  }
  if (hasTooManyValues(text)) {
    throw new InputError(
      "The model spec has more than a million values, far more than any spec needs; make it shorter.",
    );
  }
  let spec: ModelSpec;
  try {
    spec = JSON.parse(text);
  } catch (error) {
    // The engine's message may quote the text, line breaks and all.
    const problem = (error as Error).message.replace(/\s+/g, " ").replace(/\.$/, "");
    throw new InputError(`The model spec is not valid JSON: ${problem}.`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new InputError(
      `The model spec has the key ${show(twice)} twice in one object; remove one of them.`,
    );
  }
  return spec;
}
