import { InputError, inContext, show } from "../errors.js";
import { type AnyLayer, type AnyLayerSpec, layerKinds } from "../layers/index.js";
import type { LayerSpec } from "../layers/layer.js";
import { didYouMean } from "../nearest.js";

/* Who is who in a list of layers, and what goes into each: the `name` and the `from` of a model's JSON. */

/** A layer of a spec with its name and the names of the tensors that go in. */
export interface LinkedLayer {
  readonly kind: AnyLayer;
  readonly spec: AnyLayerSpec;
  /** `spec` without `name` and `from`: what the kind's own `resolve` takes. */
  readonly options: LayerSpec;
  readonly name: string;
  /** `x`, or what a layer before it gives: `conv1.out`. */
  readonly inputs: readonly string[];
  /** For messages: `Layer 2, conv1`. */
  readonly place: string;
}

/** What a name may not be: a trace has tensors that are called so. */
const RESERVED = ["x", "y", "probs", "loss", "lr", "grad", "new"];

/**
 * Gives each layer its name and its inputs. Layers are numbered per kind in their order, named ones counted, too, so that
 * naming one never renames another.
 * @throws InputError that names the layer, if its type, its `name` or its `from` is wrong, or if nobody uses its output
 */
export function linkLayers(specs: readonly AnyLayerSpec[]): LinkedLayer[] {
  const counts: Record<string, number> = {};
  const numbered = specs.map((spec, index) => {
    const kind = kindOf(spec, index);
    counts[kind.prefix] = (counts[kind.prefix] ?? 0) + 1;
    return { kind, spec, usualName: `${kind.prefix}${counts[kind.prefix]}` };
  });
  const usualNames = new Set(numbered.map(({ usualName }) => usualName));
  const layers: LinkedLayer[] = [];
  const outputs = new Map([["x", "x"]]);
  for (const [index, { kind, spec, usualName }] of numbered.entries()) {
    const { name: given, from, ...options } = spec;
    const name =
      given === undefined ? usualName : inContext(`Layer ${index + 1}, ${usualName}`, () => nameOf(given));
    const place = `Layer ${index + 1}, ${name}`;
    inContext(place, () => {
      if (name !== usualName && usualNames.has(name)) {
        throw new InputError(
          `its name is what another layer is called if it has none of its own; choose another name`,
        );
      }
      if (outputs.has(name)) throw new InputError(`a layer before it has the same name; choose another one`);
    });
    const before = layers.length > 0 ? layers[layers.length - 1].name : "x";
    const inputs = inContext(place, () => inputsOf(kind, from, before, outputs));
    layers.push({ kind, spec, options, name, inputs, place });
    outputs.set(name, `${name}.out`);
  }
  const used = new Set(layers.flatMap(({ inputs }) => inputs));
  const unused = layers.slice(0, -1).find(({ name }) => !used.has(`${name}.out`));
  if (unused) {
    throw new InputError(
      `${unused.place}: no layer takes its output; name it in the "from" of a later layer, or leave it out.`,
    );
  }
  return layers;
}

function nameOf(name: unknown): string {
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new InputError(
      `"name" must be an ASCII letter and then at most 63 letters, digits or _, not ${show(name)}`,
    );
  }
  if (RESERVED.includes(name)) {
    throw new InputError(
      `"name" can't be ${show(name)}, which is the name of something else in every network`,
    );
  }
  return name;
}

/** @param outputs the tensors that there are so far, by the names that stand for them in a `from` */
function inputsOf(
  kind: AnyLayer,
  from: unknown,
  before: string,
  outputs: ReadonlyMap<string, string>,
): string[] {
  if (from === undefined && kind.takesSeveral) {
    throw new InputError(
      `it needs at least two inputs; give their names in "from", such as [${[...outputs.keys()].slice(-2).map(show).join(", ")}]`,
    );
  }
  const names: readonly unknown[] = Array.isArray(from) ? from : [from ?? before];
  if (kind.takesSeveral ? names.length < 2 : names.length !== 1) {
    throw new InputError(
      kind.takesSeveral
        ? `it needs at least two inputs, but "from" is ${show(from)}`
        : `it takes exactly one input, but "from" is ${show(from)}; put an "add" layer before it to join several`,
    );
  }
  return names.map((name) => {
    const output = typeof name === "string" ? outputs.get(name) : undefined;
    if (output !== undefined) return output;
    throw new InputError(
      `"from" must name ${kind.takesSeveral ? "layers" : "a layer"} before it, or "x" for the images, not ${show(name)}${typeof name === "string" ? didYouMean(name, [...outputs.keys()]) : ""}`,
    );
  });
}

function kindOf(spec: AnyLayerSpec, index: number): AnyLayer {
  const known = `known types are ${Object.keys(layerKinds).join(", ")}`;
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new InputError(
      `Layer ${index + 1}: a layer must be an object like { "type": "relu" }, not ${show(spec)}; ${known}.`,
    );
  }
  const type: unknown = spec.type;
  const kinds: Record<string, unknown> = layerKinds;
  if (typeof type === "string" && Object.hasOwn(kinds, type)) return kinds[type] as AnyLayer;
  throw new InputError(
    type === "softmax"
      ? `Layer ${index + 1}: softmax is part of the loss; leave it out and let the last layer give the scores.`
      : `Layer ${index + 1}: ${type === undefined ? '"type" is missing' : `unknown type ${show(type)}${didYouMean(type, Object.keys(layerKinds))}`}; ${known}.`,
  );
}
