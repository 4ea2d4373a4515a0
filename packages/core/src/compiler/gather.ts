import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { View } from "./block.js";
import {
  borderOfGradients,
  canGather,
  type Gathering,
  gatheringTables,
  splatTurnedSize,
} from "./kernels/conv2dGather.js";
import { splattedSize } from "./kernels/conv2dWindows.js";
import { type Allocator, type Border, NO_BORDER } from "./memory.js";
import { readerOf } from "./views.js";
import { paddingFor, type WinogradPlan } from "./winograd.js";

/* Which convolutions gather the gradients of their inputs, and what they need for it. */

/** The convolutions of a plan that gather, and their weights turned around and splatted, where that pays. */
export type Gather = ReadonlyMap<ModelLayer, Buffer | undefined>;

/** @param needed whether somebody needs the gradient of a layer's input */
export function planGather(
  model: Model,
  winograd: WinogradPlan | undefined,
  needed: (k: number) => boolean,
  workspace: Allocator,
): Gather {
  const gathered = new Map<ModelLayer, Buffer | undefined>();
  for (let k = model.layers.length - 1; k >= 0; k--) {
    const layer = model.layers[k];
    if (layer.spec.type !== "conv2d" || winograd?.weights.has(layer) || !needed(k)) continue;
    const conv = layer.resolved as Conv2d;
    const reader = model.layers[readerOf(model, k + 1)];
    if (!canGather(conv) || !leavesZeros(reader, winograd, gathered)) continue;
    const splatted = splattedSize(conv) > 0 ? splatTurnedSize(conv) : 0;
    gathered.set(layer, splatted > 0 ? workspace.numbers(`${layer.name}.turned`, splatted) : undefined);
  }
  return gathered;
}

/** Whether the border around the gradients of a layer's input is there and stays zero. */
function leavesZeros(
  layer: ModelLayer | undefined,
  winograd: WinogradPlan | undefined,
  gathered: Gather,
): boolean {
  if (layer === undefined || layer.spec.type === "flatten") return false;
  return (
    layer.spec.type !== "conv2d" ||
    gathered.has(layer) ||
    paddingFor(winograd, layer).every((cells) => cells === 0)
  );
}

/** What is added to the gradients of a layer's input around them, as `paddingFor` of its input. */
export function paddingOfGradients(
  winograd: WinogradPlan | undefined,
  gathered: Gather,
  layer: ModelLayer | undefined,
): Border {
  return layer && gathered.has(layer) ? NO_BORDER : paddingFor(winograd, layer);
}

/** What a layer reads around the gradients of its output. */
export function borderFor(gathered: Gather, layer: ModelLayer | undefined): Border {
  return layer && gathered.has(layer) ? borderOfGradients(layer.resolved as Conv2d) : NO_BORDER;
}

/** A layer that gathers, with its tables. */
export function gatheringOf(
  gathered: Gather,
  layer: ModelLayer,
  weight: Buffer,
  dy: View,
  shared: Allocator,
): Gathering {
  const conv = layer.resolved as Conv2d;
  const splatted = gathered.get(layer);
  const { counts, gradients, weights } = gatheringTables(conv, dy, splatted !== undefined);
  return {
    layer: conv,
    weight,
    splatted,
    counts: shared.counts(`${layer.name}.meetings`, counts),
    gradients: shared.distances(`${layer.name}.gradientRows`, gradients),
    weights: shared.distances(`${layer.name}.weightRows`, weights),
  };
}
