import type { Model } from "../../src/graph/model.js";
import type { AnyLayer } from "../../src/layers/index.js";
import { type NamedTensors, type Tensor, tensor } from "../../src/tensor.js";

/* Layers with mistakes in them, for those who are to find these. */

/** The model with another layer in the place of `name`, whose functions are its own but for those in `wrong`. */
export function withWrong(model: Model, name: string, wrong: (right: AnyLayer) => Partial<AnyLayer>): Model {
  return {
    ...model,
    layers: model.layers.map((layer) =>
      layer.name === name ? { ...layer, kind: { ...layer.kind, ...wrong(layer.kind) } } : layer,
    ),
  };
}

export const changed = (t: Tensor, change: (value: number, k: number) => number): Tensor =>
  tensor(t.shape, t.data.map(change), "float64");

export const inGradient =
  (change: (gradient: Tensor, x: Tensor) => Tensor) =>
  ({ inputGradients }: AnyLayer): Partial<AnyLayer> => ({
    inputGradients: (layer, [x], parameters, outgoing) =>
      inputGradients(layer, [x], parameters, outgoing).map((gradient) => change(gradient, x)),
  });

export const inParameters =
  (change: (gradients: NamedTensors, batch: number) => NamedTensors) =>
  ({ parameterGradients }: AnyLayer): Partial<AnyLayer> => ({
    parameterGradients: (layer, [x], outgoing) =>
      change(parameterGradients(layer, [x], outgoing), x.shape[0]),
  });

/** The kernel's cells in reverse order, in each filter and channel. */
export function flipped(weight: Tensor): Tensor {
  const plane = weight.shape[2] * weight.shape[3];
  return changed(weight, (_, k) => weight.data[k - (k % plane) + plane - 1 - (k % plane)]);
}
