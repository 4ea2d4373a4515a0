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

/** The convolutions of a plan that are computed tile by tile, their transformed weights, and scratch memory. */
export interface WinogradPlan {
  readonly scratch: Scratch;
  readonly weights: ReadonlyMap<ModelLayer, Buffer>;
}

/** Allocates the memory of those convolutions for which it pays. */
export function planWinograd(
  model: Model,
  convolution: Convolution,
  workspace: Allocator,
  training: boolean,
): WinogradPlan | undefined {
  if (convolution !== "auto") return undefined;
  const convolutions: Conv2d[] = [];
  const weights = new Map<ModelLayer, Buffer>();
  for (const layer of model.layers) {
    const tiled = loweringOf(layer).tiled?.(layer.resolved);
    if (!tiled) continue;
    convolutions.push(tiled);
    const numbers = POSITIONS * weightStretch(tiled);
    weights.set(layer, workspace.numbers(`winograd.${layer.name}.weight`, numbers));
  }
  if (convolutions.length === 0) return undefined;
  return { scratch: allocateScratch(workspace, convolutions, training), weights };
}

/** What a layer reads around its input. */
export function paddingFor(winograd: WinogradPlan | undefined, layer: ModelLayer): Border {
  const { tiled, padding } = loweringOf(layer);
  const convolution = winograd?.weights.has(layer) && tiled?.(layer.resolved);
  return (convolution ? winogradPadding(convolution) : padding?.(layer.resolved)) ?? NO_BORDER;
}
