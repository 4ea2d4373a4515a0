import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer } from "../ir/ir.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { Convolution } from "./convolution.js";
import {
  allocateScratch,
  POSITIONS,
  type Scratch,
  weightStretch,
  winogradPadding,
} from "./kernels/winograd/scratch.js";
import { loweringOf } from "./lower/registry.js";
import { type Allocator, type Border, NO_BORDER } from "./memory.js";

/* Which convolutions are computed tile by tile, and what they need for it. */

/** The convolutions of a plan that are computed tile by tile, their transformed weights, and the room for it. */
export interface WinogradPlan {
  readonly scratch: Scratch;
  readonly weights: ReadonlyMap<ModelLayer, Buffer>;
}

/** Makes room for those convolutions for which it pays. */
export function planWinograd(
  model: Model,
  convolution: Convolution,
  workspace: Allocator,
  training: boolean,
): WinogradPlan | undefined {
  const layers = model.layers.filter(
    (layer) => convolution === "auto" && loweringOf(layer).winogradPays?.(layer.resolved),
  );
  if (layers.length === 0) return undefined;
  const convolutions = layers.map(({ resolved }) => resolved as Conv2d);
  const weights = layers.map((layer, k): [ModelLayer, Buffer] => [
    layer,
    workspace.numbers(`winograd.${layer.name}.weight`, POSITIONS * weightStretch(convolutions[k])),
  ]);
  return { scratch: allocateScratch(workspace, convolutions, training), weights: new Map(weights) };
}

/** What a layer reads around its input. */
export function paddingFor(winograd: WinogradPlan | undefined, layer: ModelLayer): Border {
  if (winograd?.weights.has(layer)) return winogradPadding(layer.resolved as Conv2d);
  return loweringOf(layer).padding?.(layer.resolved) ?? NO_BORDER;
}
