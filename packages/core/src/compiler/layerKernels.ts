import { InputError } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import type { Buffer, LoopNest } from "../ir/ir.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { Dense } from "../layers/dense.js";
import type { MaxPool2d } from "../layers/maxPool2d.js";
import { type Stash, stashOf } from "./batchStage.js";
import type { View } from "./block.js";
import { type Gather, gatheringOf } from "./gather.js";
import { convolve } from "./kernels/conv2d.js";
import { gatherInputGradient, splatTurned } from "./kernels/conv2dGather.js";
import { convolveInputGradient } from "./kernels/conv2dInputGradient.js";
import { convolveParameterGradients } from "./kernels/conv2dParameterGradients.js";
import { convolvePooled, winnersInputGradient } from "./kernels/conv2dPooled.js";
import { splatWeights, windowTable } from "./kernels/conv2dWindows.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "./kernels/dense.js";
import { stashForBatch } from "./kernels/denseBatch.js";
import { clear } from "./kernels/input.js";
import { pool, poolInputGradient, windowsAreApart } from "./kernels/maxPool2d.js";
import { rectify, rectifyInputGradient } from "./kernels/relu.js";
import {
  convolveWinograd,
  convolveWinogradInputGradient,
  convolveWinogradParameterGradients,
} from "./kernels/winograd/convolve.js";
import { transformWeights } from "./kernels/winograd/steps.js";
import type { Allocator } from "./memory.js";
import { poolAfter } from "./pooled.js";
import { isFused } from "./views.js";
import type { WinogradPlan } from "./winograd.js";

/* Which kernels a layer runs, forward and backward. A new layer is entered in both. */

/** What is done once before the blocks of a batch. */
export function preparingKernels(
  layer: ModelLayer,
  weight: Buffer | undefined,
  winograd: WinogradPlan | undefined,
  splatted: Buffer | undefined,
  turned: Buffer | undefined,
): LoopNest[] {
  if (layer.spec.type !== "conv2d") return [];
  const name = `${layer.name}.prepare`;
  const conv = layer.resolved as Conv2d;
  const weights = winograd?.weights.get(layer);
  if (winograd && weights) return [transformWeights(name, conv, weight as Buffer, winograd.scratch, weights)];
  return [
    ...(splatted ? [splatWeights(name, conv, weight as Buffer, splatted)] : []),
    ...(turned ? [splatTurned(`${layer.name}.prepareGradient`, conv, weight as Buffer, turned)] : []),
  ];
}

interface ForwardBuffers {
  readonly x: View;
  readonly y: View;
  readonly weight: Buffer | undefined;
  readonly bias: Buffer | undefined;
  readonly winograd: WinogradPlan | undefined;
  /** A convolution's weights as it reads them. */
  readonly splatted: Buffer | undefined;
  /** If the layer does the pooling after it: where that goes, and where its winners are noted in training. */
  readonly pooled: { readonly y: View; readonly winners: View | undefined } | undefined;
  /** For tables. */
  readonly shared: Allocator;
}

/** @throws InputError that names the layer, if it has no kernel */
export function forwardKernels(
  model: Model,
  k: number,
  { x, y, bias, shared, winograd, splatted, pooled, ...buffers }: ForwardBuffers,
): LoopNest[] {
  const layer = model.layers[k];
  const name = `${layer.name}.forward`;
  const relu = isFused(model, k + 1);
  const weight = buffers.weight as Buffer;
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const weights = winograd?.weights.get(layer);
      if (winograd && weights)
        return [convolveWinograd(name, conv, x, weights, bias, y, relu, winograd.scratch)];
      const table = shared.distances(`${layer.name}.window`, windowTable(conv, x));
      const windows = { layer: conv, x, table, weight, splatted };
      if (pooled) return [convolvePooled(name, windows, bias, pooled.y, pooled.winners)];
      return [convolve(name, windows, bias, y, relu)];
    }
    case "dense":
      return [multiply(name, layer.resolved as Dense, x, weight, bias, y, relu)];
    case "relu":
      return isFused(model, k) ? [] : [rectify(name, x, y)];
    case "maxPool2d":
      return poolAfter(model, k - 2, winograd) ? [] : [pool(name, layer.resolved as MaxPool2d, x, y)];
    case "flatten":
      return [];
    default:
      throw noKernel(layer);
  }
}

interface BackwardBuffers {
  readonly x: View;
  readonly y: View;
  /** Undefined: nobody needs the gradient of the input. */
  readonly dx: View | undefined;
  readonly dy: View;
  readonly weight: Buffer | undefined;
  readonly weightGradient: Buffer | undefined;
  readonly biasGradient: Buffer | undefined;
  /** Room for a dense layer's inputs, the other way round. */
  readonly transposed: Buffer;
  readonly winograd: WinogradPlan | undefined;
  /** For layers whose weights' gradients are computed at the end of a batch. */
  readonly stash: Stash | undefined;
  /** Where a max-pool's winners are noted, if it has noted any. */
  readonly winners: View | undefined;
  readonly gathered: Gather;
  /** For tables. */
  readonly shared: Allocator;
}

/** @throws InputError that names the layer, if it has no kernel */
export function backwardKernels(model: Model, k: number, buffers: BackwardBuffers): LoopNest[] {
  const layer = model.layers[k];
  const { x, y, dx, dy, biasGradient, transposed, winograd, stash, winners, gathered, shared } = buffers;
  const weight = buffers.weight as Buffer;
  const weightGradient = buffers.weightGradient as Buffer;
  const own = `${layer.name}.parameterGradients`;
  const input = `${layer.name}.inputGradient`;
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const weights = winograd?.weights.get(layer);
      const gradients =
        winograd && weights
          ? convolveWinogradParameterGradients(
              own,
              conv,
              x,
              dy,
              weightGradient,
              biasGradient,
              winograd.scratch,
            )
          : convolveParameterGradients(own, conv, x, dy, weightGradient, biasGradient);
      if (!dx) return [gradients];
      if (gathered.has(layer)) {
        const gathering = gatheringOf(gathered, layer, weight, dy, shared);
        return [gradients, gatherInputGradient(input, gathering, dy, dx)];
      }
      return [
        gradients,
        clear(`${layer.name}.clear`, dx),
        winograd && weights
          ? convolveWinogradInputGradient(input, conv, dy, weights, dx, winograd.scratch)
          : convolveInputGradient(input, conv, dy, weight, dx),
      ];
    }
    case "dense": {
      const dense = layer.resolved as Dense;
      const gradients = stash?.starts.has(layer)
        ? stashForBatch(`${layer.name}.stash`, dense, x, dy, biasGradient, stashOf(stash, layer))
        : multiplyParameterGradients(own, dense, x, dy, weightGradient, biasGradient, transposed);
      return dx ? [gradients, multiplyInputGradient(input, dense, dy, weight, dx)] : [gradients];
    }
    case "relu": {
      // a pooling layer that comes after it lets nothing through where the winner is 0
      const done = isFused(model, k) && model.layers[k + 1]?.spec.type === "maxPool2d";
      return dx && !done ? [rectifyInputGradient(input, y, dy, dx)] : [];
    }
    case "maxPool2d": {
      if (!dx) return [];
      if (winners) return [winnersInputGradient(input, winners, dy, dx)];
      const resolved = layer.resolved as MaxPool2d;
      const kernel = poolInputGradient(input, resolved, x, y, dy, dx, isFused(model, k - 1));
      return windowsAreApart(resolved) ? [kernel] : [clear(`${layer.name}.clear`, dx), kernel];
    }
    case "flatten":
      return [];
    default:
      throw noKernel(layer);
  }
}

export function noKernel(layer: ModelLayer): InputError {
  return new InputError(
    `${layer.name}: the wasm engine has no kernel for layers of type ${layer.kind.type}; use the reference engine.`,
  );
}
