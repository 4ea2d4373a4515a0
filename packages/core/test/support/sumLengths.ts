import type { Model, ModelLayer } from "../../src/graph/model.js";
import type { AveragePool2d } from "../../src/layers/averagePool2d.js";
import type { GlobalAveragePool2d } from "../../src/layers/globalAveragePool2d.js";
import { sizeOf } from "../../src/tensor.js";

/**
 * Smooth functions of one number: how much they move, at most, where that moves a little, and how much their slopes do.
 */
export const curves: Readonly<Record<string, { readonly slope: number; readonly bend: number }>> = {
  sigmoid: { slope: 0.25, bend: 0.097 },
  tanh: { slope: 1, bend: 0.77 },
  silu: { slope: 1.1, bend: 0.5 },
  gelu: { slope: 1.13, bend: 0.8 },
};

/** How many numbers a layer adds up for one output, and for one cell of its input's gradient. */
function ownLengths({ parameters: [weight], spec, inputs, resolved }: ModelLayer): {
  forward: number;
  backward: number;
} {
  // An input cell goes into at most as many sums as there are weights in a kernel, for each filter. Where pooling
  // windows overlap, a winner collects from several. The others only move numbers.
  if (weight) {
    const { groups } = { groups: 1, ...resolved };
    return { forward: weight.fanIn + 1, backward: sizeOf(weight.shape.toSpliced(1, 1)) / groups };
  }
  if (spec.type === "add") return { forward: inputs.length, backward: 0 };
  if (spec.type === "averagePool2d") {
    const cells = sizeOf((resolved as AveragePool2d).kernel);
    return { forward: cells + 1, backward: cells + 1 };
  }
  if (spec.type === "globalAveragePool2d") {
    return { forward: sizeOf((resolved as GlobalAveragePool2d).inputShape.slice(1)) + 1, backward: 2 };
  }
  // times the slope, which is rounded, too
  if (spec.type === "leakyRelu") return { forward: 2, backward: 2 };
  // an exponential and what is made of it, each with a rounding or two
  if (spec.type in curves) return { forward: 12, backward: 12 };
  return { forward: 0, backward: spec.type === "maxPool2d" ? 4 : 0 };
}

/** For each tensor of a trace: the lengths of all sums on the longest way to it, added up. */
export function sumLengths(model: Model, batch: number): Record<string, number> {
  const lengths: Record<string, number> = { x: 1 };
  for (const layer of model.layers) {
    const before = Math.max(...layer.inputs.map((name) => lengths[name]));
    lengths[layer.output] = before + ownLengths(layer).forward;
  }
  lengths.probs = lengths[model.output] + model.classes.length;
  lengths.loss = lengths.probs + batch;
  lengths[`grad.${model.output}`] = lengths.probs;
  for (const layer of [...model.layers].reverse()) {
    const total = lengths[`grad.${layer.output}`];
    const [weight] = layer.parameters;
    const meetings = weight ? batch * (sizeOf(layer.outputShape) / weight.shape[0]) : 0;
    for (const { fullName } of layer.parameters) lengths[`grad.${fullName}`] = total + meetings;
    for (const name of layer.inputs) {
      const others = (lengths[`grad.${name}`] ?? 0) + 1; // what comes from each who takes it is added
      lengths[`grad.${name}`] = Math.max(others, total + ownLengths(layer).backward);
    }
  }
  return lengths;
}
