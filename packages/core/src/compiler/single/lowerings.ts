import type { ModelLayer } from "../../graph/model.js";
import type { Buffer, LoopNest } from "../../ir/ir.js";
import type { Dense } from "../../layers/dense.js";
import type { GlobalAveragePool2d } from "../../layers/globalAveragePool2d.js";
import type { layerKinds } from "../../layers/index.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import type { MaxPool2d } from "../../layers/maxPool2d.js";
import { poolsPairs } from "../kernels/conv2dPooled.js";
import * as activations from "../lower/activations.js";
import type { Elementwise } from "../lower/elementwise.js";
import { needed } from "../lower/lowering.js";
import type { Allocator, Border } from "../memory.js";
import {
  backwardTable,
  convolve,
  convolveInputGradient,
  convolveParameterGradients,
  forwardTable,
} from "./conv2d.js";
import { multiply, multiplyInputGradient, multiplyParameterGradients } from "./dense.js";
import { inGroups } from "./grouped.js";
import * as kernels from "./layers.js";
import type { Rows } from "./rows.js";

/** Which kernels a kind of layer becomes for one image, and what it needs around the numbers that it reads. */
export interface SingleLowering<Resolved extends ResolvedLayer = ResolvedLayer> {
  /** Whether there are kernels for a layer with such options; default: yes. */
  suits?(layer: Resolved): boolean;
  /** What it reads around its input. */
  padding?(layer: Resolved): Border;
  /** What it reads around the gradients of its output: where a window only partly lies on them. */
  reach?(layer: Resolved): Border;
  forward(node: SingleNode<Resolved>): LoopNest[];
  backward(node: SingleBackward<Resolved>): LoopNest[];
}

export interface SingleNode<Resolved extends ResolvedLayer = ResolvedLayer> {
  readonly layer: ModelLayer;
  readonly resolved: Resolved;
  readonly x: Rows;
  readonly y: Rows;
  readonly weight: Buffer | undefined;
  readonly bias: Buffer | undefined;
  /** Whether the ReLU after it is fused into it. */
  readonly relu: boolean;
  /** For tables. */
  readonly shared: Allocator;
}

export interface SingleBackward<Resolved extends ResolvedLayer = ResolvedLayer> extends SingleNode<Resolved> {
  /** Undefined: nobody needs the gradient of the input. */
  readonly dx: Rows | undefined;
  readonly dy: Rows;
  readonly weightGradient: Buffer | undefined;
  readonly biasGradient: Buffer | undefined;
  /** As in a `BackwardNode`. */
  readonly rectified: boolean;
  readonly leftToNext: boolean;
}

const conv2d = inGroups({
  suits: ({ stride }) => stride.every((step) => step === 1),
  padding: ({ padding }) => padding,
  reach({ kernel, dilation }) {
    const [vertical, horizontal] = [(kernel[0] - 1) * dilation[0], (kernel[1] - 1) * dilation[1]];
    return [vertical, horizontal, vertical, horizontal];
  },
  forward({ layer, resolved, x, y, weight, bias, relu, shared }) {
    const table = shared.distances(`${layer.name}.window`, forwardTable(resolved, x));
    return [convolve(`${layer.name}.forward`, resolved, x, needed(weight, layer), bias, table, y, relu)];
  },
  backward({ layer, resolved, x, dx, dy, weight, weightGradient, biasGradient, shared }) {
    const gradients = convolveParameterGradients(
      `${layer.name}.parameterGradients`,
      resolved,
      x,
      dy,
      needed(weightGradient, layer),
      biasGradient,
    );
    if (!dx) return [gradients];
    const table = shared.distances(`${layer.name}.reach`, backwardTable(resolved, dy));
    const name = `${layer.name}.inputGradient`;
    return [gradients, convolveInputGradient(name, resolved, dy, needed(weight, layer), table, dx)];
  },
});

const relu: SingleLowering = {
  forward: ({ layer, x, y }) => [kernels.rectify(`${layer.name}.forward`, x, y)],
  backward: ({ layer, y, dx, dy, leftToNext }) =>
    dx && !leftToNext ? [kernels.rectifyInputGradient(`${layer.name}.inputGradient`, y, dy, dx)] : [],
};

/** What makes each number from the one at its place, by the same expressions as in blocks. */
function elementwise<Resolved extends ResolvedLayer>({
  output,
  gradients,
}: Elementwise<Resolved>): SingleLowering<Resolved> {
  return {
    forward: ({ layer, resolved, x, y }) => [
      kernels.mapRows(`${layer.name}.forward`, [x], y, (numbers, b) => output(numbers, resolved, b)),
    ],
    backward: ({ layer, resolved, x, y, dx, dy }) =>
      dx
        ? [
            kernels.mapRows(
              `${layer.name}.inputGradient`,
              [x, y, dy],
              dx,
              ([x, y, dy], b) => gradients({ inputs: [x], y, dy }, resolved, b)[0],
            ),
          ]
        : [],
  };
}

const maxPool2d: SingleLowering<MaxPool2d> = {
  suits: poolsPairs,
  forward: ({ layer, x, y }) => [kernels.pool(`${layer.name}.forward`, x, y)],
  backward: ({ layer, x, y, dx, dy, rectified }) =>
    dx ? [kernels.poolInputGradient(`${layer.name}.inputGradient`, x, y, dy, dx, rectified)] : [],
};

const globalAveragePool2d: SingleLowering<GlobalAveragePool2d> = {
  forward: ({ layer, x, y }) => [kernels.averagePlanes(`${layer.name}.forward`, x, y)],
  backward: ({ layer, dx, dy }) =>
    dx ? [kernels.spreadOverPlanes(`${layer.name}.inputGradient`, dy, dx)] : [],
};

const flatten: SingleLowering = {
  forward: ({ layer, x, y }) => [kernels.flatten(`${layer.name}.forward`, x, y)],
  backward: ({ layer, dx, dy }) =>
    dx ? [kernels.flattenInputGradient(`${layer.name}.inputGradient`, dy, dx)] : [],
};

const dense: SingleLowering<Dense> = {
  forward: ({ layer, resolved, x, y, weight, bias, relu }) => [
    multiply(`${layer.name}.forward`, resolved, x, needed(weight, layer), bias, y, relu),
  ],
  backward({ layer, resolved, x, dx, dy, weight, weightGradient, biasGradient }) {
    const gradients = multiplyParameterGradients(
      `${layer.name}.parameterGradients`,
      resolved,
      x,
      dy,
      needed(weightGradient, layer),
      biasGradient,
    );
    const name = `${layer.name}.inputGradient`;
    return dx
      ? [gradients, multiplyInputGradient(name, resolved, dy, needed(weight, layer), dx)]
      : [gradients];
  },
};

/** Networks with other layers take one image as a block of eight of which seven are empty. */
export const singleLowerings: Partial<Record<keyof typeof layerKinds, SingleLowering>> = {
  conv2d,
  relu,
  leakyRelu: elementwise(activations.leakyRelu),
  relu6: elementwise(activations.relu6),
  sigmoid: elementwise(activations.sigmoid),
  tanh: elementwise(activations.tanh),
  silu: elementwise(activations.silu),
  gelu: elementwise(activations.gelu),
  maxPool2d,
  globalAveragePool2d,
  flatten,
  dense,
};
