import { defineModel, type ModelSpec } from "../../src/graph/model.js";
import type { AnyLayerSpec } from "../../src/layers/index.js";
import { sameShape } from "../../src/tensor.js";

/**
 * The same layers with a concatenation behind one of them, which puts beside what this gives another tensor as high and wide
 * (the images, or what a layer before it gives), or itself.
 * @throws InputError if the layers don't fit together any more
 */
export function withConcatenation(spec: ModelSpec, choice: number | null): ModelSpec {
  if (choice === null) return spec;
  const model = defineModel(spec);
  const places = model.layers.flatMap((_, k) => (spec.layers[k + 1]?.from === undefined ? [k] : []));
  const place = places[choice % places.length];
  const { name, outputShape } = model.layers[place];
  const tensors = [
    { name: "x", shape: model.inputShape },
    ...model.layers.slice(0, place + 1).map(({ name, outputShape }) => ({ name, shape: outputShape })),
  ];
  const fitting = tensors.filter(
    ({ shape }) => sameShape(shape.slice(1), outputShape.slice(1)) && shape.length === outputShape.length,
  );
  const other = fitting[Math.floor(choice / places.length) % fitting.length].name;
  const from = choice % 2 === 0 ? [name, other] : [other, name, other];
  return { ...spec, layers: spec.layers.toSpliced(place + 1, 0, { type: "concat", from }) };
}

/**
 * A chain of layers with additions in it, so that ways go apart and come together: each choice puts one behind some layer,
 * which adds to what this gives another tensor of its shape (the images, or what a layer before it gives), or itself.
 * @throws InputError if the layers don't fit together
 */
export function withAdditions(spec: ModelSpec, choices: readonly number[]): ModelSpec {
  const model = defineModel(spec);
  const tensors = [
    { name: "x", shape: model.inputShape },
    ...model.layers.map(({ name, outputShape }) => ({ name, shape: outputShape })),
  ];
  const additions = new Map<number, AnyLayerSpec>();
  for (const choice of choices) {
    const position = choice % model.layers.length;
    const own = tensors[position + 1];
    const same = tensors.slice(0, position + 2).filter(({ shape }) => sameShape(shape, own.shape));
    const other = same[Math.floor(choice / model.layers.length) % same.length];
    const from = choice % 2 === 0 ? [own.name, other.name] : [other.name, own.name, other.name];
    additions.set(position, { type: "add", from });
  }
  return { ...spec, layers: spec.layers.flatMap((layer, k) => [layer, additions.get(k) ?? []].flat()) };
}
