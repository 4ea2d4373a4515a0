import {
  defineModel,
  InputError,
  type Model,
  type ModelLayer,
  type ModelSpec,
  type NamedTensors,
  parseSpec,
  textbook,
} from "unravel-cnn";
import { CLASSES_KEY, type Entry, SPEC_KEY } from "../../onnx/schema.js";

/* What a file says about its network besides the graph: the spec, if unravel wrote it, or the names of the classes. */

/** The spec in the file, defined; undefined: there is none, or none that is one. */
export function ownModel(metadata: readonly Entry[]): Model | undefined {
  const json = metadata.find(({ key }) => key === SPEC_KEY)?.value;
  if (json === undefined) return undefined;
  try {
    return defineModel(parseSpec(json));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * The graph's network under the names and options of the file's spec, if it is the same one.
 * @param read what the graph says
 * @returns each layer's name in the spec by its name in `read`; undefined if the two differ
 */
export function matchOwn(own: Model, read: Model): ReadonlyMap<string, string> | undefined {
  const [mine, found] = [partsOf(own), partsOf(read)];
  const names = new Map([["x", "x"]]);
  const isSame =
    mine.layers.length === found.layers.length &&
    isAlike(own.inputShape, read.inputShape) &&
    own.loss.type === read.loss.type &&
    mine.layers.every((layer, k) => {
      const other = found.layers[k];
      names.set(other.output, layer.output);
      return (
        layer.spec.type === other.spec.type &&
        isAlike(layer.resolved, other.resolved) &&
        isAlike(
          layer.inputs.map(mine.sourceOf),
          other.inputs.map((input) => names.get(found.sourceOf(input))),
        )
      );
    }) &&
    mine.sourceOf(own.output) === names.get(found.sourceOf(read.output));
  if (!isSame) return undefined;
  return new Map(mine.layers.map((layer, k) => [found.layers[k].name, layer.name]));
}

/** The layers that a graph shows, and from which of them a tensor comes: others pass on what they get. */
function partsOf(model: Model) {
  const passes = ({ kind, resolved }: ModelLayer) =>
    kind.passesInEvaluation === true ||
    (kind === (textbook.flatten as unknown) && resolved.inputShape.length === 1);
  const sourceOf = (tensor: string): string => {
    let source = tensor;
    for (
      let layer = model.producers.get(source);
      layer && passes(layer);
      layer = model.producers.get(source)
    ) {
      source = layer.inputs[0];
    }
    return source;
  };
  return { layers: model.layers.filter((layer) => !passes(layer)), sourceOf };
}

/** Whether options are the same as far as a file can tell, which has them in float32. */
function isAlike(a: unknown, b: unknown, name = ""): boolean {
  if (typeof a === "number" && typeof b === "number") {
    // momentum is written as 1 less itself
    return Math.fround(a) === Math.fround(b) || (name === "momentum" && Math.abs(a - b) < 1e-7);
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) =>
      isAlike((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], key),
    )
  );
}

/** The parameters of `read` under the names of the spec. */
export function renamed(parameters: NamedTensors, names: ReadonlyMap<string, string>): NamedTensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([full, tensor]) => [renamedOne(full, names), tensor]),
  );
}

export function renamedOne(full: string, names: ReadonlyMap<string, string>): string {
  const [layer, parameter] = full.split(".");
  return `${names.get(layer) ?? layer}.${parameter}`;
}

/** Whether images are normalised alike, as far as float32 tells. */
export function isNormalizedAlike(own: Model, spec: Pick<ModelSpec, "normalize">): boolean {
  const { normalize } = spec;
  if (normalize === undefined) return true; // the graph takes images that are normalised already
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-5 * Math.max(1e-3, Math.abs(a));
  return (["mean", "std"] as const).every((key) =>
    own.normalize[key].every((value, c) => near(value, normalize[key][c])),
  );
}

/** Where programs put the names of classes. */
const CLASS_KEYS = [CLASSES_KEY, "class_names", "labels", "names"];

/** The names of so many classes, as a JSON list or as `{0: 'cat', 1: 'dog'}`; undefined: there are none that fit. */
export function classNames(metadata: readonly Entry[], count: number): string[] | undefined {
  for (const key of CLASS_KEYS) {
    const text = metadata.find((entry) => entry.key === key)?.value;
    const names =
      text === undefined || text.length > 2 ** 22 ? undefined : (jsonNames(text) ?? pythonNames(text));
    if (names?.length === count && new Set(names).size === count) return names;
  }
  return undefined;
}

function jsonNames(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const names = Array.isArray(value) ? value : Object.values(value ?? {});
    return names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}

/** A Python dictionary of numbers and names without quotation marks in them. */
function pythonNames(text: string): string[] | undefined {
  if (!/^\s*\{.*\}\s*$/s.test(text)) return undefined;
  const names: string[] = [];
  for (const [, place, name] of text.matchAll(/(\d+)\s*:\s*['"]([^'"]*)['"]/g)) {
    if (Number(place) !== names.length) return undefined;
    names.push(name);
  }
  return names;
}
