import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import { endOf } from "./fusion.js";
import { borderOfGradients, splatTurnedSize } from "./kernels/conv2dGather.js";
import { loweringOf } from "./lower/registry.js";
import { type Allocator, type Border, NO_BORDER } from "./memory.js";
import { paddingFor, type WinogradPlan } from "./winograd.js";

/* Which convolutions gather the gradients of their inputs, and what they need for it. */

/** The convolutions of a plan that gather, and their weights turned around and splatted, where that pays. */
export type Gather = ReadonlyMap<ModelLayer, Buffer | undefined>;

export function planGather(model: Model, winograd: WinogradPlan | undefined, workspace: Allocator): Gather {
  const gathered = new Map<ModelLayer, Buffer | undefined>();
  for (const layer of [...model.layers].reverse()) {
    const lowering = loweringOf(layer);
    const convolution = lowering.gathered?.(layer.resolved);
    if (winograd?.weights.has(layer) || !model.learnt.has(layer.inputs[0])) continue;
    if (!convolution || !leavesZeros(model, layer, winograd, gathered)) continue;
    const splatted = lowering.splattedSize?.(layer.resolved) ? splatTurnedSize(convolution) : 0;
    gathered.set(layer, splatted > 0 ? workspace.numbers(`${layer.name}.turned`, splatted) : undefined);
  }
  return gathered;
}

/** Whether the border around the gradients of a layer's output is there and stays zero. */
function leavesZeros(
  model: Model,
  layer: ModelLayer,
  winograd: WinogradPlan | undefined,
  gathered: Gather,
): boolean {
  const uses = model.uses.get(endOf(model, layer).output) ?? [];
  if (uses.length > 1) return true; // what comes back from them is added without the border
  const [use] = uses;
  if (use === undefined || loweringOf(use.layer).reshapes) return false;
  const { leavesBorder } = loweringOf(use.layer);
  return (
    leavesBorder === true ||
    gathered.has(use.layer) ||
    paddingFor(winograd, use.layer).every((cells) => cells === 0)
  );
}

/** What is added to the gradients of a layer's input around them, as `paddingFor` of its input. */
export function paddingOfGradients(
  winograd: WinogradPlan | undefined,
  gathered: Gather,
  layer: ModelLayer,
): Border {
  return gathered.has(layer) ? NO_BORDER : paddingFor(winograd, layer);
}

/** What a layer reads around the gradients of its output. */
export function borderFor(gathered: Gather, layer: ModelLayer): Border {
  const convolution = gathered.has(layer) && loweringOf(layer).gathered?.(layer.resolved);
  return convolution ? borderOfGradients(convolution) : NO_BORDER;
}
