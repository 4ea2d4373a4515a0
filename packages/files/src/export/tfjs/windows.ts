import type { Tensor } from "unravel-cnn";
import type { LayerOf } from "../source/layers.js";
import type { Flow, Part, Topology } from "./topology.js";

/*
 * Convolutions and pools. Keras knows padding as "same", TensorFlow's own rule, or as a layer of zeros before. TensorFlow.js
 * computes convolutions with a stride or with a dilation, not with both, and has no groups besides those of one channel each.
 */

type Windowed = LayerOf<"conv2d" | "maxPool2d" | "averagePool2d">;
type Window = Windowed["resolved"];

/** `[before, after]` of each direction, as far as windows reach: what they leave over is no padding. */
function reached({ inputShape, outputShape, kernel, stride, dilation, padding }: Window): [number, number][] {
  const given = [
    [padding[0], padding[2]],
    [padding[3], padding[1]],
  ];
  return given.map(([before, after], d) => {
    const end = (outputShape[d + 1] - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1;
    return [before, Math.max(0, Math.min(after, end - before - inputShape[d + 1]))];
  });
}

/** Whether TensorFlow's "same" pads just like this. */
function isSame(window: Window): boolean {
  return reached(window).every(([before, after], d) => {
    const [size, stride] = [window.inputShape[d + 1], window.stride[d]];
    const outputs = Math.ceil(size / stride);
    const reach = (window.kernel[d] - 1) * window.dilation[d] + 1;
    const total = Math.max(0, (outputs - 1) * stride + reach - size);
    return (
      window.outputShape[d + 1] === outputs && before === Math.floor(total / 2) && after === total - before
    );
  });
}

/** The input with the zeros around it, unless "same" or nothing does. */
function padded(
  topology: Topology,
  name: string,
  input: Flow,
  window: Window,
): { from: string; padding: string } {
  const sides = reached(window);
  if (sides.flat().every((side) => side === 0)) return { from: input.name, padding: "valid" };
  if (isSame(window)) return { from: input.name, padding: "same" };
  const from = topology.name(`${name}_pad`);
  topology.add("ZeroPadding2D", from, { padding: sides, data_format: "channels_last" }, [input.name]);
  return { from, padding: "valid" };
}

/** Weights [out, in, height, width] with zeros in the gaps of a dilation. */
function withGaps(weight: Tensor, dilation: readonly number[]): Tensor {
  const [O, K, U, V] = weight.shape;
  const [height, width] = [(U - 1) * dilation[0] + 1, (V - 1) * dilation[1] + 1];
  const data = new Float32Array(O * K * height * width);
  for (let plane = 0; plane < O * K; plane++)
    for (let u = 0; u < U; u++)
      for (let v = 0; v < V; v++)
        data[(plane * height + u * dilation[0]) * width + v * dilation[1]] =
          weight.data[(plane * U + u) * V + v];
  return { shape: [O, K, height, width], data };
}

/** Weights of groups [out, in of a group, height, width] as [height, width, in, out], zero from group to group. */
function spread(weight: Tensor, groups: number): Tensor {
  const [O, K, U, V] = weight.shape;
  const C = K * groups;
  const data = new Float32Array(U * V * C * O);
  for (let o = 0; o < O; o++) {
    const first = Math.floor(o / (O / groups)) * K;
    for (let c = 0; c < K; c++)
      for (let k = 0; k < U * V; k++)
        data[(k * C + first + c) * O + o] = weight.data[(o * K + c) * U * V + k];
  }
  return { shape: [U, V, C, O], data };
}

/** Weights of filters for one channel each, [channels times multiplier, 1, height, width], as [height, width, channels, multiplier]. */
function depthwiseKernel(weight: Tensor, channels: number): Tensor {
  const [O, , U, V] = weight.shape;
  const data = new Float32Array(O * U * V);
  for (let o = 0; o < O; o++) for (let k = 0; k < U * V; k++) data[k * O + o] = weight.data[o * U * V + k];
  return { shape: [U, V, channels, O / channels], data };
}

export function convolution({ topology, layer, inputs: [input], parameter }: Part<LayerOf<"conv2d">>): Flow {
  const window = layer.resolved;
  const { inputShape, outputShape, stride, dilation, bias, groups } = window;
  const [channels] = inputShape;
  const { from, padding } = padded(topology, layer.name, input, window);
  // TensorFlow itself has depthwise convolutions only with equal strides
  const depthwise = groups > 1 && groups === channels && stride[0] === stride[1];
  const dilated = Math.max(...dilation) > 1;
  const gaps = dilated && (depthwise || Math.max(...stride) > 1);
  const weight = gaps ? withGaps(parameter("weight"), dilation) : parameter("weight");
  const common = {
    kernel_size: weight.shape.slice(2),
    strides: stride,
    padding,
    data_format: "channels_last",
    dilation_rate: gaps ? [1, 1] : dilation,
    activation: "linear",
    use_bias: bias,
  };
  const offsets: Record<string, Tensor> = bias ? { bias: parameter("bias") } : {};
  if (depthwise) {
    topology.add(
      "DepthwiseConv2D",
      layer.name,
      { ...common, depth_multiplier: outputShape[0] / channels },
      [from],
      {
        depthwise_kernel: depthwiseKernel(weight, channels),
        ...offsets,
      },
    );
  } else {
    topology.add("Conv2D", layer.name, { ...common, filters: outputShape[0] }, [from], {
      kernel: spread(weight, groups),
      ...offsets,
    });
  }
  return { name: layer.name, shape: outputShape, nonNegative: false };
}

function pool(
  className: string,
  { topology, layer, inputs: [input] }: Part<Windowed>,
  from: string,
  padding: string,
): Flow {
  const { kernel, stride, outputShape } = layer.resolved;
  const config = { pool_size: kernel, strides: stride, padding, data_format: "channels_last" };
  topology.add(className, layer.name, config, [from]);
  return { name: layer.name, shape: outputShape, nonNegative: input.nonNegative };
}

/** What lies around pictures for a max-pool: no number of a network is below it. */
const FAR = 2 ** 126;

/**
 * The input with numbers around it that never win. Keras has zeros for that alone; so to the input with zeros around it a picture is
 * added that is 0 inside and -FAR around, made of FAR everywhere. All of that is exact.
 */
function framed(topology: Topology, name: string, input: Flow, window: Window): string {
  const zeros = { padding: reached(window), data_format: "channels_last" };
  const add = (step: string, className: string, config: object, ...inputs: string[]) => {
    const own = topology.name(`${name}_${step}`);
    topology.add(className, own, config, inputs);
    return own;
  };
  const flat = add("flat", "Rescaling", { scale: 0, offset: FAR }, input.name);
  const high = add("high", "ZeroPadding2D", zeros, flat);
  const frame = add("frame", "Rescaling", { scale: 1, offset: -FAR }, high);
  return add("framed", "Add", {}, add("pad", "ZeroPadding2D", zeros, input.name), frame);
}

/** Zeros around it win where all numbers under the window are below 0, so they will do only where none can be. */
export function maxPooling(part: Part<Windowed>): Flow {
  const { topology, layer, inputs } = part;
  const [input] = inputs;
  const window = layer.resolved;
  const isPadded = reached(window)
    .flat()
    .some((side) => side > 0);
  if (isPadded && !isSame(window) && !input.nonNegative)
    return pool("MaxPooling2D", part, framed(topology, layer.name, input, window), "valid");
  const { from, padding } = padded(topology, layer.name, input, window);
  return pool("MaxPooling2D", part, from, padding);
}

/** Zeros around it count, as here; those of "same" wouldn't, so they come as a layer. */
export function averagePooling(part: Part<Windowed>): Flow {
  const { topology, layer, inputs } = part;
  const sides = reached(layer.resolved);
  if (sides.flat().every((side) => side === 0))
    return pool("AveragePooling2D", part, inputs[0].name, "valid");
  const from = topology.name(`${layer.name}_pad`);
  topology.add("ZeroPadding2D", from, { padding: sides, data_format: "channels_last" }, [inputs[0].name]);
  return pool("AveragePooling2D", part, from, "valid");
}
