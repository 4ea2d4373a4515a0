import { InputError } from "../errors.js";
import type { Model, ModelLayer } from "../graph/model.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { Dense } from "../layers/dense.js";
import type { MaxPool2d } from "../layers/maxPool2d.js";
import { type Kept, keptOf } from "./batchStage.js";
import type { View } from "./block.js";
import { type Gathered, gatheringOf } from "./gathered.js";
import { convolve } from "./kernels/conv2d.js";
import { gatherInputGradient, spreadTurned } from "./kernels/conv2dGathered.js";
import { convolveInputGradient } from "./kernels/conv2dInputGradient.js";
import { convolveParameterGradients } from "./kernels/conv2dParameterGradients.js";
import { convolvePooled, winnersInputGradient } from "./kernels/conv2dPooled.js";
import { spreadWeights, windowTable } from "./kernels/conv2dWindows.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "./kernels/dense.js";
import { keepForBatch } from "./kernels/denseBatch.js";
import { clear } from "./kernels/input.js";
import { pool, poolInputGradient, windowsAreApart } from "./kernels/maxPool2d.js";
import { rectify, rectifyInputGradient } from "./kernels/relu.js";
import {
  convolveTiles,
  convolveTilesInputGradient,
  convolveTilesParameterGradients,
} from "./kernels/winograd/convolve.js";
import { transformWeights } from "./kernels/winograd/steps.js";
import type { Allocator } from "./memory.js";
import type { Buffer, Nest } from "./nest.js";
import { poolAfter } from "./pooled.js";
import type { Tiled } from "./tiles.js";
import { isFused } from "./views.js";

/* Which kernels a layer runs, forward and backward. A new layer is entered in both. */

/** What is done once before the blocks of a batch. */
export function preparingKernels(
  layer: ModelLayer,
  weight: Buffer | undefined,
  tiled: Tiled | undefined,
  spread: Buffer | undefined,
  turned: Buffer | undefined,
): Nest[] {
  if (layer.spec.type !== "conv2d") return [];
  const name = `${layer.name}.prepare`;
  const conv = layer.resolved as Conv2d;
  const weights = tiled?.weights.get(layer);
  if (tiled && weights) return [transformWeights(name, conv, weight as Buffer, tiled.room, weights)];
  return [
    ...(spread ? [spreadWeights(name, conv, weight as Buffer, spread)] : []),
    ...(turned ? [spreadTurned(`${layer.name}.prepareGradient`, conv, weight as Buffer, turned)] : []),
  ];
}

interface ForwardBuffers {
  readonly x: View;
  readonly y: View;
  readonly weight: Buffer | undefined;
  readonly bias: Buffer | undefined;
  readonly tiled: Tiled | undefined;
  /** A convolution's weights as it reads them. */
  readonly spread: Buffer | undefined;
  /** If the layer does the pooling after it: where that goes, and where its winners are noted in training. */
  readonly pooled: { readonly y: View; readonly winners: View | undefined } | undefined;
  /** For tables. */
  readonly shared: Allocator;
}

/** @throws InputError that names the layer, if it has no kernel */
export function forwardKernels(
  model: Model,
  k: number,
  { x, y, bias, shared, tiled, spread, pooled, ...buffers }: ForwardBuffers,
): Nest[] {
  const layer = model.layers[k];
  const name = `${layer.name}.forward`;
  const relu = isFused(model, k + 1);
  const weight = buffers.weight as Buffer;
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const weights = tiled?.weights.get(layer);
      if (tiled && weights) return [convolveTiles(name, conv, x, weights, bias, y, relu, tiled.room)];
      const table = shared.distances(`${layer.name}.window`, windowTable(conv, x));
      const windows = { layer: conv, x, table, weight, spread };
      if (pooled) return [convolvePooled(name, windows, bias, pooled.y, pooled.winners)];
      return [convolve(name, windows, bias, y, relu)];
    }
    case "dense":
      return [multiply(name, layer.resolved as Dense, x, weight, bias, y, relu)];
    case "relu":
      return isFused(model, k) ? [] : [rectify(name, x, y)];
    case "maxPool2d":
      return poolAfter(model, k - 2, tiled) ? [] : [pool(name, layer.resolved as MaxPool2d, x, y)];
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
  readonly tiled: Tiled | undefined;
  /** For layers whose weights' gradients are computed at the end of a batch. */
  readonly kept: Kept | undefined;
  /** Where a max-pool's winners are noted, if it has noted any. */
  readonly winners: View | undefined;
  readonly gathered: Gathered;
  /** For tables. */
  readonly shared: Allocator;
}

/** @throws InputError that names the layer, if it has no kernel */
export function backwardKernels(model: Model, k: number, buffers: BackwardBuffers): Nest[] {
  const layer = model.layers[k];
  const { x, y, dx, dy, biasGradient, transposed, tiled, kept, winners, gathered, shared } = buffers;
  const weight = buffers.weight as Buffer;
  const weightGradient = buffers.weightGradient as Buffer;
  const own = `${layer.name}.parameterGradients`;
  const input = `${layer.name}.inputGradient`;
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const weights = tiled?.weights.get(layer);
      const gradients =
        tiled && weights
          ? convolveTilesParameterGradients(own, conv, x, dy, weightGradient, biasGradient, tiled.room)
          : convolveParameterGradients(own, conv, x, dy, weightGradient, biasGradient);
      if (!dx) return [gradients];
      if (gathered.has(layer)) {
        const gathering = gatheringOf(gathered, layer, weight, dy, shared);
        return [gradients, gatherInputGradient(input, gathering, dy, dx)];
      }
      return [
        gradients,
        clear(`${layer.name}.clear`, dx),
        tiled && weights
          ? convolveTilesInputGradient(input, conv, dy, weights, dx, tiled.room)
          : convolveInputGradient(input, conv, dy, weight, dx),
      ];
    }
    case "dense": {
      const dense = layer.resolved as Dense;
      const gradients = kept?.starts.has(layer)
        ? keepForBatch(`${layer.name}.keep`, dense, x, dy, biasGradient, keptOf(kept, layer))
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
