import type { Model } from "../graph/model.js";
import type { Shape } from "../tensor.js";

/* The names of the contract: what a trace's tensors are called, and their shapes. */

/**
 * The shape of everything that a trace of N images can hold, by its name, in the order of the computation: `x`, `y`, the
 * parameters, what layers keep besides, forward, `probs`, `loss`, backward, then `lr` and the new parameters.
 * @param several whether images have several labels at once
 */
export function shapesOfTrace(model: Model, N: number, several = false): Record<string, Shape> {
  const y = several ? [N, model.classes.length] : [N];
  const shapes: Record<string, Shape> = { x: [N, ...model.inputShape], y };
  const named = (all: readonly { readonly fullName: string; readonly shape: Shape }[]) =>
    all.map(({ fullName, shape }) => [fullName, shape] as const);
  const parameters = named(model.parameters);
  const put = (name: string, shape: Shape) => {
    shapes[name] = shape;
  };
  for (const [name, shape] of [...parameters, ...named(model.state)]) put(name, shape);
  for (const { name, outputShape } of model.layers) put(`${name}.out`, [N, ...outputShape]);
  put("probs", [N, model.classes.length]);
  put("loss", []);
  for (const layer of [...model.layers].reverse()) {
    put(`grad.${layer.name}.out`, [N, ...layer.outputShape]);
    for (const { fullName, shape } of layer.parameters) put(`grad.${fullName}`, shape);
  }
  put("grad.x", shapes.x);
  put("lr", []);
  for (const [name, shape] of parameters) put(`new.${name}`, shape);
  return shapes;
}

/**
 * A name as people write it: a layer's number may be missing where it is the only one of its kind (`grad.conv.weight`) and
 * no layer has that name.
 */
export function contractName(model: Model, name: string): string {
  const [, prefix = "", kindName, rest] = name.match(/^(grad\.|new\.)?([a-z]+)(\.\w+)$/) ?? [];
  if (kindName === undefined) return name; // it has a number, as most names have
  if (model.layers.some((layer) => layer.name === kindName)) return name;
  const layers = model.layers.filter(({ kind }) => kind.prefix === kindName);
  return layers.length === 1 ? `${prefix}${layers[0].name}${rest}` : name;
}
