import { type Model, type ModelLayer, producerOf } from "../graph/model.js";
import { loweringOf } from "./lower/registry.js";
import type { WinogradPlan } from "./winograd.js";

/*
 * Which layers are fused into the layer before them: a ReLU into what gives its input, if nobody else takes that; and a
 * max-pool into a convolution, together with the ReLU between them.
 */

/** The layer that alone takes what a layer gives. */
export function soleUser(model: Model, { output }: ModelLayer): ModelLayer | undefined {
  const uses = model.uses.get(output) ?? [];
  return uses.length === 1 ? uses[0].layer : undefined;
}

/** The ReLU that is fused into a layer. They share their output. */
export function fusedRelu(model: Model, layer: ModelLayer): ModelLayer | undefined {
  if (!loweringOf(layer).takesRelu) return undefined;
  const next = soleUser(model, layer);
  return next && loweringOf(next).isRelu ? next : undefined;
}

/** Whether a layer is a ReLU that is fused into the layer before it. */
export function isFusedRelu(model: Model, layer: ModelLayer): boolean {
  const before = producerOf(model, layer.inputs[0]);
  return before !== undefined && fusedRelu(model, before) === layer;
}

/** The layer whose output is the last of those that a layer's kernel gives: its fused ReLU, or itself. */
export function endOf(model: Model, layer: ModelLayer): ModelLayer {
  return fusedRelu(model, layer) ?? layer;
}

/** Whether a fused ReLU leaves it to the layer after it to let no gradient through where it gave 0. */
export function leavesToNext(model: Model, layer: ModelLayer): boolean {
  const next = soleUser(model, layer);
  return next !== undefined && isFusedRelu(model, layer) && loweringOf(next).stopsAtZero === true;
}

/** The max-pool that is fused into a convolution, after its ReLU. */
export function fusedPool(
  model: Model,
  layer: ModelLayer,
  winograd: WinogradPlan | undefined,
): ModelLayer | undefined {
  if (!loweringOf(layer).takesPool || winograd?.weights.has(layer)) return undefined;
  const relu = fusedRelu(model, layer);
  const next = relu && soleUser(model, relu);
  return next && loweringOf(next).canBePooledBefore?.(next.resolved) ? next : undefined;
}
