import type { Model, ModelLayer } from "../graph/model.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { View } from "./block.js";
import {
  borderOfGradients,
  canGather,
  type Gathering,
  gatheringTables,
  spreadTurnedSize,
} from "./kernels/conv2dGathered.js";
import { spreadSize } from "./kernels/conv2dWindows.js";
import { type Allocator, type Border, NO_BORDER } from "./memory.js";
import type { Buffer } from "./nest.js";
import { paddingFor, type Tiled } from "./tiles.js";
import { readerOf } from "./views.js";

/* Which convolutions gather the gradients of their inputs, and what they need for it. */

/** The convolutions of a plan that gather, and their weights turned around, where those are written out. */
export type Gathered = ReadonlyMap<ModelLayer, Buffer | undefined>;

/** @param needed whether somebody needs the gradient of a layer's input */
export function planGathered(
  model: Model,
  tiled: Tiled | undefined,
  needed: (k: number) => boolean,
  workspace: Allocator,
): Gathered {
  const gathered = new Map<ModelLayer, Buffer | undefined>();
  for (let k = model.layers.length - 1; k >= 0; k--) {
    const layer = model.layers[k];
    if (layer.spec.type !== "conv2d" || tiled?.weights.has(layer) || !needed(k)) continue;
    const conv = layer.resolved as Conv2d;
    const reader = model.layers[readerOf(model, k + 1)];
    if (!canGather(conv) || !leavesZeros(reader, tiled, gathered)) continue;
    const spread = spreadSize(conv) > 0 ? spreadTurnedSize(conv) : 0;
    gathered.set(layer, spread > 0 ? workspace.numbers(`${layer.name}.turned`, spread) : undefined);
  }
  return gathered;
}

/** Whether the border around the gradients of a layer's input is there and stays zero. */
function leavesZeros(layer: ModelLayer | undefined, tiled: Tiled | undefined, gathered: Gathered): boolean {
  if (layer === undefined || layer.spec.type === "flatten") return false;
  return (
    layer.spec.type !== "conv2d" ||
    gathered.has(layer) ||
    paddingFor(tiled, layer).every((cells) => cells === 0)
  );
}

/** What is added to the gradients of a layer's input around them, as `paddingFor` of its input. */
export function paddingOfGradients(
  tiled: Tiled | undefined,
  gathered: Gathered,
  layer: ModelLayer | undefined,
): Border {
  return layer && gathered.has(layer) ? NO_BORDER : paddingFor(tiled, layer);
}

/** What a layer reads around the gradients of its output. */
export function borderFor(gathered: Gathered, layer: ModelLayer | undefined): Border {
  return layer && gathered.has(layer) ? borderOfGradients(layer.resolved as Conv2d) : NO_BORDER;
}

/** A layer that gathers, with its tables. */
export function gatheringOf(
  gathered: Gathered,
  layer: ModelLayer,
  weight: Buffer,
  dy: View,
  shared: Allocator,
): Gathering {
  const conv = layer.resolved as Conv2d;
  const spread = gathered.get(layer);
  const { counts, gradients, weights } = gatheringTables(conv, dy, spread !== undefined);
  return {
    layer: conv,
    weight,
    spread,
    counts: shared.counts(`${layer.name}.meetings`, counts),
    gradients: shared.distances(`${layer.name}.gradientRows`, gradients),
    weights: shared.distances(`${layer.name}.weightRows`, weights),
  };
}
