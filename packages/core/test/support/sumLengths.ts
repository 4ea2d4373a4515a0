import type { Model } from "../../src/graph/model.js";
import { sizeOf } from "../../src/tensor.js";

/** How many products are added up for one output of each layer. Layers that only move numbers have none. */
function forwardLengths(model: Model): number[] {
  return model.layers.map(({ parameters: [weight] }) => (weight ? weight.fanIn + 1 : 0));
}

/** For each tensor of a trace: the lengths of all sums on the way to it, added up. */
export function sumLengths(model: Model, batch: number): Record<string, number> {
  const lengths: Record<string, number> = {};
  let total = 1;
  for (const [index, length] of forwardLengths(model).entries()) {
    total += length;
    lengths[`${model.layers[index].name}.out`] = total;
  }
  total += model.classes.length;
  lengths.probs = total;
  lengths.loss = total + batch;
  for (const layer of [...model.layers].reverse()) {
    lengths[`grad.${layer.name}.out`] = total;
    const [weight] = layer.parameters;
    const meetings = weight ? batch * (sizeOf(layer.outputShape) / weight.shape[0]) : 0;
    for (const { fullName } of layer.parameters) lengths[`grad.${fullName}`] = total + meetings;
    // An input cell goes into at most as many sums as there are weights in a kernel, for each filter. Where pooling
    // windows overlap, a winner collects from several.
    total += weight ? sizeOf(weight.shape.toSpliced(1, 1)) : layer.spec.type === "maxPool2d" ? 4 : 0;
  }
  lengths["grad.x"] = total;
  return lengths;
}
