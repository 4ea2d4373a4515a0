import type { ModelLayer } from "../graph/model.js";
import type { Buffer, LoopNest } from "../ir/ir.js";
import type { Conv2d } from "../layers/conv2d.js";
import { BLOCK, type View } from "./block.js";
import { borderFor, type Gather, paddingOfGradients, planGather } from "./gather.js";
import { splattedSize } from "./kernels/conv2dWindows.js";
import { loadImages } from "./kernels/input.js";
import { lossGradient } from "./kernels/softmaxCrossEntropy.js";
import { backwardKernels, forwardKernels, preparingKernels } from "./layerKernels.js";
import type { Passes, PassesContext } from "./passes.js";
import { allocateWinners, poolAfter } from "./pooled.js";
import { allocateViews } from "./views.js";
import { paddingFor, planWinograd } from "./winograd.js";

/** The way of a block of 8 images through a network and back. */
export function planBlocks(context: PassesContext): Passes {
  const { model, training, convolution, workspace, shared, parameter, gradient, stash } = context;
  const { bytes, labels, scale, statistics } = context;
  const winograd = planWinograd(model, convolution, workspace, training);
  const paddingOf = (layer: ModelLayer | undefined) => paddingFor(winograd, layer);
  const pools = new Map(model.layers.map((layer, k) => [layer, poolAfter(model, k, winograd)]));
  const poolOf = (layer: ModelLayer) => pools.get(layer);
  const activations = allocateViews(workspace, model, "", {
    paddingOf,
    isLeftOut: (producer) => poolOf(producer) !== undefined,
  });
  const winners = new Map<ModelLayer, View>();
  for (const pool of training ? model.layers.map(poolOf) : []) {
    if (pool) winners.set(pool, allocateWinners(workspace, pool));
  }
  const splatted = new Map<ModelLayer, Buffer>();
  for (const layer of model.layers) {
    if (layer.spec.type !== "conv2d" || winograd?.weights.has(layer)) continue;
    const size = splattedSize(layer.resolved as Conv2d);
    if (size > 0) splatted.set(layer, workspace.numbers(`${layer.name}.splatted`, size));
  }
  const firstThatLearns = model.layers.findIndex((layer) => layer.parameters.length > 0);
  const gathered: Gather = training
    ? planGather(model, winograd, (k) => k > firstThatLearns, workspace)
    : new Map();
  const pooledBy = (layer: ModelLayer, k: number) => {
    const pool = poolOf(layer);
    return pool && { y: activations[k + 3], winners: winners.get(pool) };
  };

  const prepare = model.layers.flatMap((layer) =>
    preparingKernels(layer, parameter(layer, "weight"), winograd, splatted.get(layer), gathered.get(layer)),
  );
  const forward = [
    loadImages("load", bytes, activations[0], model.normalize),
    ...model.layers.flatMap((layer, k) =>
      forwardKernels(model, k, {
        x: activations[k],
        y: activations[k + 1],
        weight: parameter(layer, "weight"),
        bias: parameter(layer, "bias"),
        winograd,
        splatted: splatted.get(layer),
        pooled: pooledBy(layer, k),
        shared,
      }),
    ),
  ];

  const logits = activations[activations.length - 1];
  const backward: LoopNest[] = [];
  if (training) {
    const gradients = allocateViews(workspace, model, "grad.", {
      paddingOf: (layer) => paddingOfGradients(winograd, gathered, layer),
      borderOf: (producer) => borderFor(gathered, producer),
    });
    const widest = Math.max(
      0,
      ...model.layers.map(({ spec, inputShape }) => (spec.type === "dense" ? inputShape[0] : 0)),
    );
    const transposed = workspace.numbers("transposed", BLOCK * widest);
    backward.push(lossGradient("loss", logits, labels, scale, gradients[gradients.length - 1], statistics));
    for (let k = model.layers.length - 1; k >= Math.max(0, firstThatLearns); k--) {
      const layer = model.layers[k];
      backward.push(
        ...backwardKernels(model, k, {
          x: activations[k],
          y: activations[k + 1],
          dx: k > firstThatLearns ? gradients[k] : undefined,
          dy: gradients[k + 1],
          weight: parameter(layer, "weight"),
          weightGradient: gradient(layer, "weight"),
          biasGradient: gradient(layer, "bias"),
          transposed,
          winograd,
          stash,
          winners: winners.get(layer),
          gathered,
          shared,
        }),
      );
    }
  }
  return {
    block: BLOCK,
    prepare,
    forward,
    backward,
    tables: shared.tables,
    logits,
    bordersOfMinusInfinity: model.layers.flatMap(({ spec }, k) =>
      spec.type === "maxPool2d" ? [activations[k]] : [],
    ),
  };
}
