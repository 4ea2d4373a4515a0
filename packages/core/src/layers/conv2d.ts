import { InputError } from "../errors.js";
import { checkKeys, trueOrFalse, wholeNumber } from "../options.js";
import { counted } from "../presentation/numbers.js";
import { dtypeOf, type NamedTensors, type Shape, type Tensor, zeros } from "../tensor.js";
import { explainConv2d } from "./explain/conv2d.js";
import { channelsOfGroup, filtersOf, firstChannel } from "./groups.js";
import type { Layer, LayerSpec, LayerWords, ResolvedLayer } from "./layer.js";
import {
  bySides,
  checkSize,
  imageShape,
  inShort,
  type Padding,
  type Pair,
  paddingOf,
  pair,
  windowOptions,
} from "./options.js";
import { outputSize, outputsInside, reachOf, type Window } from "./window.js";

/*
 * A convolution slides small kernels over an image. Each filter has one kernel per input channel; one output cell is the
 * sum of the pixels under the kernels, each times the weight that lies on it, plus the filter's bias:
 *
 *   y[n, o, i, j] = bias[o] + sum over c, u, v of  weight[o, c, u, v] * x[n, c, i*stride - top + u*dilation,
 *                                                                              j*stride - left + v*dilation]
 *
 * Pixels outside the image are 0. (Strictly this is cross-correlation: the kernel isn't flipped. Every library calls it
 * convolution.) Below, the same names are used throughout: n image, o filter, c channel, (i, j) output cell, (u, v)
 * kernel cell, (p, q) input cell.
 *
 * In `groups`, channels and filters are split, in order, into so many parts, and each filter sees the channels of its own
 * part only: c then counts these, and x has the channel first + c, where `first` is the part's first channel. With as
 * many groups as channels (a depthwise convolution, F. Chollet, "Xception", 2016) each filter sees a single one.
 */

export interface Conv2dSpec extends LayerSpec {
  readonly type: "conv2d";
  /** How many filters, which is how many channels come out. */
  readonly filters: number;
  readonly kernel: Pair;
  /** Default 1. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
  /** Default 1. */
  readonly dilation?: Pair;
  /** Default true. */
  readonly bias?: boolean;
  /** Into how many parts channels and filters are split; it must divide both. Default 1. */
  readonly groups?: number;
}

export interface Conv2d extends ResolvedLayer, Window {
  readonly inputShape: readonly [channels: number, height: number, width: number];
  readonly outputShape: readonly [filters: number, height: number, width: number];
  readonly bias: boolean;
  readonly groups: number;
}

export const conv2d: Layer<Conv2dSpec, Conv2d> = {
  type: "conv2d",
  prefix: "conv",
  rescales: true,

  resolve(spec: Conv2dSpec, inputShape: Shape): Conv2d {
    checkKeys(spec, ["type", "filters", "kernel", "stride", "padding", "dilation", "bias", "groups"]);
    const [channels, height, width] = imageShape(inputShape);
    const filters = wholeNumber("filters", spec.filters, 1);
    const kernel = pair("kernel", spec.kernel);
    const stride = pair("stride", spec.stride ?? 1);
    const dilation = pair("dilation", spec.dilation ?? 1);
    const reach = reachOf(kernel, dilation);
    const padding = paddingOf(spec.padding ?? 0, { size: [height, width], reach, stride });
    const bias = trueOrFalse("bias", spec.bias ?? true);
    const groups = wholeNumber("groups", spec.groups ?? 1, 1);
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new InputError(
        `groups must divide its ${counted(channels, "input channel")} and its ${counted(filters, "filter")}, and ${groups} doesn't; ${advice(channels, filters)}`,
      );
    }
    const [rows, columns] = outputSize([height, width], { kernel, stride, dilation, padding });
    checkSize("weight", [filters, channels / groups, ...kernel], "use fewer filters or a smaller kernel");
    checkSize("output", [filters, rows, columns], "use fewer filters or less padding");
    return {
      inputShape: [channels, height, width],
      outputShape: [filters, rows, columns],
      kernel,
      stride,
      dilation,
      padding,
      bias,
      groups,
    };
  },

  parameters(layer) {
    const { outputShape, kernel, bias } = layer;
    const channels = channelsOfGroup(layer);
    const weightShape = [outputShape[0], channels, kernel[0], kernel[1]];
    const fanIn = channels * kernel[0] * kernel[1];
    const weight = { name: "weight", shape: weightShape, fanIn };
    return bias ? [weight, { name: "bias", shape: [outputShape[0]], fanIn: 0 }] : [weight];
  },

  multiplyAdds(layer) {
    const [filters, rows, columns] = layer.outputShape;
    return filters * rows * columns * channelsOfGroup(layer) * layer.kernel[0] * layer.kernel[1];
  },

  /** A row of outputs at a time: weight by weight, each times the pixels that it meets on its way along the row. */
  forward(layer: Conv2d, [x]: readonly Tensor[], { weight, bias }: NamedTensors): Tensor {
    const [C, H, W] = layer.inputShape;
    const [O, I, J] = layer.outputShape;
    const [U, V] = layer.kernel;
    const [strideY, strideX] = layer.stride;
    const K = channelsOfGroup(layer);
    const columns = kernelColumns(layer);
    const N = x.shape[0];
    const y = zeros([N, O, I, J], dtypeOf(x));
    const row = new Float64Array(J);
    for (let n = 0; n < N; n++) {
      for (let o = 0; o < O; o++) {
        for (let i = 0; i < I; i++) {
          row.fill(bias ? bias.data[o] : 0);
          const first = firstChannel(layer, o);
          for (let c = 0; c < K; c++) {
            for (let u = 0; u < U; u++) {
              const p = i * strideY + rowOffset(layer, u);
              if (p < 0 || p >= H) continue; // in the padding
              for (let v = 0; v < V; v++) {
                const w = weight.data[((o * K + c) * U + u) * V + v];
                const { begin, end, offset } = columns[v];
                const xRow = ((n * C + first + c) * H + p) * W + offset;
                for (let j = begin; j < end; j++) row[j] += w * x.data[xRow + j * strideX];
              }
            }
          }
          y.data.set(row, ((n * O + o) * I + i) * J);
        }
      }
    }
    return y;
  },

  /**
   * Which outputs did a pixel go into, and through which weight? Through kernel cell (u, v) it went into the output
   * (i, j) for which p = i*stride - top + u*dilation; so i = (p + top - u*dilation) / stride, where that is whole. As u
   * grows, i shrinks: seen from the input, the kernel lies there flipped. Here, a row of pixels at a time.
   */
  inputGradients(
    layer: Conv2d,
    [x]: readonly Tensor[],
    { weight }: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[] {
    const [C, H, W] = layer.inputShape;
    const [O, I, J] = layer.outputShape;
    const [U, V] = layer.kernel;
    const [strideY, strideX] = layer.stride;
    const K = channelsOfGroup(layer);
    const columns = kernelColumns(layer);
    const N = x.shape[0];
    const gradient = zeros(x.shape, dtypeOf(x));
    const row = new Float64Array(W);
    for (let n = 0; n < N; n++) {
      for (let c = 0; c < C; c++) {
        for (let p = 0; p < H; p++) {
          row.fill(0);
          const filters = filtersOf(layer, c);
          for (let o = filters.begin; o < filters.end; o++) {
            for (let u = 0; u < U; u++) {
              const i = (p - rowOffset(layer, u)) / strideY;
              if (i < 0 || i >= I || !Number.isInteger(i)) continue; // no output had its window there
              for (let v = 0; v < V; v++) {
                const w = weight.data[((o * K + (c % K)) * U + u) * V + v];
                const { begin, end, offset } = columns[v];
                const outputRow = ((n * O + o) * I + i) * J;
                for (let j = begin; j < end; j++)
                  row[j * strideX + offset] += w * outputGradient.data[outputRow + j];
              }
            }
          }
          gradient.data.set(row, ((n * C + c) * H + p) * W);
        }
      }
    }
    return [gradient];
  },

  /**
   * A weight met one pixel for each output cell of each image: its gradient is the sum of these pixels, each times the
   * gradient of the output cell that it went into. A bias went into all cells of its filter as it is.
   */
  parameterGradients(layer: Conv2d, [x]: readonly Tensor[], outputGradient: Tensor): NamedTensors {
    const [C, H, W] = layer.inputShape;
    const [O, I, J] = layer.outputShape;
    const [U, V] = layer.kernel;
    const [strideY, strideX] = layer.stride;
    const K = channelsOfGroup(layer);
    const columns = kernelColumns(layer);
    const N = x.shape[0];
    const weight = zeros([O, K, U, V], dtypeOf(x));
    let cell = 0; // runs over the weights in row-major order
    for (let o = 0; o < O; o++) {
      const first = firstChannel(layer, o);
      for (let c = 0; c < K; c++) {
        for (let u = 0; u < U; u++) {
          for (let v = 0; v < V; v++) {
            const { begin, end, offset } = columns[v];
            let sum = 0;
            for (let n = 0; n < N; n++) {
              for (let i = 0; i < I; i++) {
                const p = i * strideY + rowOffset(layer, u);
                if (p < 0 || p >= H) continue; // in the padding
                const xRow = ((n * C + first + c) * H + p) * W + offset;
                const outputRow = ((n * O + o) * I + i) * J;
                for (let j = begin; j < end; j++) {
                  sum += outputGradient.data[outputRow + j] * x.data[xRow + j * strideX];
                }
              }
            }
            weight.data[cell++] = sum;
          }
        }
      }
    }
    if (!layer.bias) return { weight };

    const bias = zeros([O], dtypeOf(x));
    for (let o = 0; o < O; o++) {
      let sum = 0;
      for (let n = 0; n < N; n++) {
        const image = (n * O + o) * I * J;
        for (let k = 0; k < I * J; k++) sum += outputGradient.data[image + k];
      }
      bias.data[o] = sum;
    }
    return { weight, bias };
  },

  words(layer: Conv2d): LayerWords {
    const {
      inputShape: [channels],
      outputShape: [filters],
      kernel,
      bias,
      groups,
    } = layer;
    const seen = channelsOfGroup(layer);
    const depth =
      groups > 1
        ? ` in ${seen === 1 ? "one" : seen} of the ${channels} channels`
        : channels > 1
          ? ` in each of the ${channels} channels`
          : "";
    return {
      kind: "convolution",
      short: inShort(`conv ${bySides(kernel)}`, [
        filters === 1 ? "1 filter" : `${filters} filters`,
        ...windowOptions(layer, [1, 1]),
        !bias && "no bias",
        groups > 1 && `${groups} groups`,
      ]),
      forward: `${filters === 1 ? "One filter slides its kernel" : `${filters} filters each slide their kernel`}, a square of ${kernel.join("×")} weights${depth}, over the picture. At each place the numbers below are multiplied by the weights on them and added up${bias ? ", with the filter's bias (a number of its own)" : ""}: a feature map.`,
      backward:
        "A weight was used at every place, so its gradient is the sum over all places: the pixel that it met, times the gradient of the output there. To the pixels, gradients go back through the same weights; from where a pixel stands, the kernel lies there flipped.",
    };
  },

  explain: explainConv2d,
};

/** No more numbers of groups than these are looked at, and named. */
const MOST_TRIED = 1000;
const MOST_NAMED = 8;

/** Which numbers of groups there can be. */
function advice(channels: number, filters: number): string {
  const tried = Math.min(channels, filters, MOST_TRIED);
  const possible = Array.from({ length: tried }, (_, k) => k + 1).filter(
    (groups) => channels % groups === 0 && filters % groups === 0,
  );
  if (possible.length === 1) return "leave it out, or change the number of filters";
  const named = possible.slice(0, MOST_NAMED).join(", ");
  return `take ${named}${possible.length > MOST_NAMED ? ", ..." : ""}, or change the number of filters`;
}

/** Kernel row u meets pixel row p = i*stride + rowOffset. */
function rowOffset({ dilation, padding: [top] }: Conv2d, u: number): number {
  return u * dilation[0] - top;
}

/**
 * For each kernel column v: it meets pixel column q = j*stride + offset, which lies in the image for the output columns
 * j in [begin, end) and in the padding for the others.
 */
function kernelColumns({ inputShape, outputShape, kernel, stride, dilation, padding: [, , , left] }: Conv2d) {
  return Array.from({ length: kernel[1] }, (_, v) => {
    const offset = v * dilation[1] - left;
    const { first: begin, end } = outputsInside(inputShape[2], outputShape[2], stride[1], offset);
    return { offset, begin, end };
  });
}
