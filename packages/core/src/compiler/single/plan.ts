import type { Model, ModelLayer } from "../../graph/model.js";
import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { Conv2d } from "../../layers/conv2d.js";
import type { Dense } from "../../layers/dense.js";
import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { poolsPairs } from "../kernels/conv2dPooled.js";
import { lossGradient } from "../kernels/softmaxCrossEntropy.js";
import { noKernel } from "../layerKernels.js";
import { allocateView, type Border, NO_BORDER } from "../memory.js";
import type { Passes, PassesContext } from "../passes.js";
import { isFused } from "../views.js";
import {
  backwardTable,
  convolve,
  convolveInputGradient,
  convolveParameterGradients,
  forwardTable,
} from "./conv2d.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "./dense.js";
import * as kernels from "./layers.js";
import { allocateRows, type Rows } from "./rows.js";

/*
 * Batches of one image. In a block of eight, seven would be empty; so here the four numbers of a vector are cells that lie
 * side by side in a row of the one image.
 */

/** Whether all of a model's layers have kernels for one image. */
export function suitsSingle({ layers }: Model): boolean {
  return layers.every(({ spec, resolved }) => {
    if (spec.type === "conv2d") return (resolved as Conv2d).stride.every((step) => step === 1);
    if (spec.type === "maxPool2d") return poolsPairs(resolved as MaxPool2d);
    return spec.type === "relu" || spec.type === "flatten" || spec.type === "dense";
  });
}

/** The way of one image through a network and back. */
export function planSingle(context: PassesContext): Passes {
  const { model, training, workspace, shared, bytes, labels, scale, statistics } = context;
  const { layers } = model;
  const activations = allocateAll(context, "", (k) => paddingOf(layers[k]));
  const gradients = training ? allocateAll(context, "grad.", (k) => reachOf(layers[k - 1])) : [];
  const cells = [model.classes.length, 1, 1] as const;
  const logits = allocateView(workspace, "scores", cells, NO_BORDER, "rows");

  const forward = [
    kernels.loadImage("load", bytes, activations[0], model.normalize),
    ...layers.flatMap((_, k) => forwardKernels(context, k, activations[k], activations[k + 1])),
    kernels.toBlock("scores", activations[layers.length], logits),
  ];
  const backward: LoopNest[] = [];
  if (training) {
    const scoreGradients = allocateView(workspace, "grad.scores", cells, NO_BORDER, "rows");
    backward.push(
      lossGradient("loss", logits, labels, scale, scoreGradients, statistics, [0]),
      kernels.fromBlock("grad.scores", scoreGradients, gradients[layers.length]),
    );
    const firstThatLearns = layers.findIndex((layer) => layer.parameters.length > 0);
    for (let k = layers.length - 1; k >= Math.max(0, firstThatLearns); k--) {
      const dx = k > firstThatLearns ? gradients[k] : undefined;
      backward.push(
        ...backwardKernels(context, k, {
          x: activations[k],
          y: activations[k + 1],
          dx,
          dy: gradients[k + 1],
        }),
      );
    }
  }
  return {
    block: 1,
    prepare: [],
    forward,
    backward,
    tables: shared.tables,
    logits,
    bordersOfMinusInfinity: [],
  };
}

/**
 * Room for the input of each layer, and for the output of the last one. A ReLU that is fused into the layer before it
 * has the same input and output.
 * @param borderOf what view k needs around it
 */
function allocateAll(
  { model: { layers, inputShape }, model, workspace }: PassesContext,
  prefix: string,
  borderOf: (k: number) => Border,
): Rows[] {
  const views: Rows[] = [];
  for (let k = 0; k <= layers.length; k++) {
    const producer = layers[k - 1];
    const shape = producer?.outputShape ?? inputShape;
    const name = `${prefix}${producer ? `${producer.name}.out` : "x"}`;
    // with a fused ReLU, what is around the one is around the other
    const border = isFused(model, k) ? largest(borderOf(k), borderOf(k + 1)) : borderOf(k);
    if (isFused(model, k - 1)) views.push(views[k - 1]);
    else if (shape.length === 3) {
      views.push(allocateRows(workspace, name, [shape[0], shape[1], shape[2]], border));
    } else views.push(allocateRows(workspace, name, [1, 1, shape[0]]));
  }
  return views;
}

const largest = (a: Border, b: Border): Border => [
  Math.max(a[0], b[0]),
  Math.max(a[1], b[1]),
  Math.max(a[2], b[2]),
  Math.max(a[3], b[3]),
];

/** What a convolution reads around its input. */
function paddingOf(layer: ModelLayer | undefined): Border {
  return layer?.spec.type === "conv2d" ? (layer.resolved as Conv2d).padding : NO_BORDER;
}

/** What a convolution reads around the gradients of its output: where a window only partly lies on them. */
function reachOf(layer: ModelLayer | undefined): Border {
  if (layer?.spec.type !== "conv2d") return NO_BORDER;
  const { kernel, dilation } = layer.resolved as Conv2d;
  const [vertical, horizontal] = [(kernel[0] - 1) * dilation[0], (kernel[1] - 1) * dilation[1]];
  return [vertical, horizontal, vertical, horizontal];
}

function forwardKernels(
  { model, shared, parameter }: PassesContext,
  k: number,
  x: Rows,
  y: Rows,
): LoopNest[] {
  const layer = model.layers[k];
  const name = `${layer.name}.forward`;
  const relu = isFused(model, k + 1);
  const weight = parameter(layer, "weight") as Buffer;
  const bias = parameter(layer, "bias");
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const table = shared.distances(`${layer.name}.window`, forwardTable(conv, x));
      return [convolve(name, conv, x, weight, bias, table, y, relu)];
    }
    case "dense":
      return [multiply(name, layer.resolved as Dense, x, weight, bias, y, relu)];
    case "relu":
      return isFused(model, k) ? [] : [kernels.rectify(name, x, y)];
    case "maxPool2d":
      return [kernels.pool(name, x, y)];
    case "flatten":
      return [kernels.flatten(name, x, y)];
    default:
      throw noKernel(layer);
  }
}

function backwardKernels(
  { model, shared, parameter, gradient }: PassesContext,
  k: number,
  { x, y, dx, dy }: { x: Rows; y: Rows; dx: Rows | undefined; dy: Rows },
): LoopNest[] {
  const layer = model.layers[k];
  const own = `${layer.name}.parameterGradients`;
  const input = `${layer.name}.inputGradient`;
  const weight = parameter(layer, "weight") as Buffer;
  const weightGradient = gradient(layer, "weight") as Buffer;
  const biasGradient = gradient(layer, "bias");
  switch (layer.spec.type) {
    case "conv2d": {
      const conv = layer.resolved as Conv2d;
      const gradients = convolveParameterGradients(own, conv, x, dy, weightGradient, biasGradient);
      if (!dx) return [gradients];
      const table = shared.distances(`${layer.name}.reach`, backwardTable(conv, dy));
      return [gradients, convolveInputGradient(input, conv, dy, weight, table, dx)];
    }
    case "dense": {
      const dense = layer.resolved as Dense;
      const gradients = multiplyParameterGradients(own, dense, x, dy, weightGradient, biasGradient);
      return dx ? [gradients, multiplyInputGradient(input, dense, dy, weight, dx)] : [gradients];
    }
    case "relu": {
      // a pool that comes after it lets nothing through where the winner is 0
      const done = isFused(model, k) && model.layers[k + 1]?.spec.type === "maxPool2d";
      return dx && !done ? [kernels.rectifyInputGradient(input, y, dy, dx)] : [];
    }
    case "maxPool2d":
      return dx ? [kernels.poolInputGradient(input, x, y, dy, dx, isFused(model, k - 1))] : [];
    case "flatten":
      return dx ? [kernels.flattenInputGradient(input, dy, dx)] : [];
    default:
      throw noKernel(layer);
  }
}
