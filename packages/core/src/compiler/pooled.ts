import type { Model, ModelLayer } from "../graph/model.js";
import type { MaxPool2d } from "../layers/maxPool2d.js";
import type { View } from "./block.js";
import { poolsPairs } from "./kernels/conv2dPooled.js";
import { type Allocator, allocateView, NO_BORDER } from "./memory.js";
import { isFused } from "./views.js";
import type { WinogradPlan } from "./winograd.js";

/** The max-pool that is fused into convolution k, after its ReLU. */
export function poolAfter(
  model: Model,
  k: number,
  winograd: WinogradPlan | undefined,
): ModelLayer | undefined {
  const layer = model.layers[k];
  const next = model.layers[k + 2];
  if (layer?.spec.type !== "conv2d" || winograd?.weights.has(layer)) return undefined;
  if (!isFused(model, k + 1) || next?.spec.type !== "maxPool2d") return undefined;
  return poolsPairs(next.resolved as MaxPool2d) ? next : undefined;
}

/** Room for the numbers of a max-pool's winners, a cell for each of its outputs. */
export function allocateWinners(allocator: Allocator, pool: ModelLayer): View {
  const { outputShape } = pool.resolved as MaxPool2d;
  const [C, I, J] = outputShape;
  return allocateView(allocator, `${pool.name}.winners`, [C, I, J], NO_BORDER, "rows");
}
