import { activate } from "./activations.js";
import type { Given, Row } from "./given.js";
import { told } from "./json.js";
import { plainWindow, type Sides, transposed, type Value } from "./network.js";

/* Layers whose windows move over images. Kernels lie [height, width, in, out] there, [out, in, height, width] here. */

const NO_SIDES: Sides = [0, 0, 0, 0];

interface Window {
  readonly kernel: [number, number];
  readonly stride: [number, number];
  readonly dilation: [number, number];
}

/** Zeros on each side: what a layer before it asked for, and what "same" adds to that. */
function paddingOf(given: Given, input: Value, window: Window): [number, number, number, number] {
  const [, height, width] = given.image(input);
  const before = input.pad ?? NO_SIDES;
  const padding = given.option("padding") ?? "valid";
  if (padding === "valid") return [...before];
  if (padding !== "same")
    return given.fail(`its padding is ${told(padding)}; only valid and same can be taken`);
  // TensorFlow's rule: as many outputs as steps, an odd rest at the bottom and on the right
  const [rows, columns] = [height + before[0] + before[2], width + before[1] + before[3]].map((size, d) => {
    const reach = (window.kernel[d] - 1) * window.dilation[d] + 1;
    return Math.max(0, (Math.ceil(size / window.stride[d]) - 1) * window.stride[d] + reach - size);
  });
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return [before[0] + top, before[1] + columns - left, before[2] + rows - top, before[3] + left];
}

function convolutionWindow(given: Given): Window {
  return {
    kernel: given.pair("kernel_size"),
    stride: given.pair("strides", 1),
    dilation: given.pair("dilation_rate", 1),
  };
}

/** On images of one pixel, such as a pool over all with keepdims gives, which are rows here, a convolution of 1x1 is a dense layer. */
function onOnePixel(given: Given, input: Value): Value {
  const [count, filters, bias] = [given.row(input), given.count("filters"), given.flag("use_bias", true)];
  if (convolutionWindow(given).kernel.some((side) => side !== 1) || given.count("groups", 1) !== 1)
    return given.fail(
      "its input is an image of one pixel, on which only a kernel of 1x1 without groups can be taken",
    );
  const layer = given.network.add({ type: "dense", units: filters, bias }, input);
  const [kernel, offsets] = given.weights(
    { names: ["kernel"], shape: [1, 1, count, filters] },
    ...(bias ? [{ names: ["bias"], shape: [filters] }] : []),
  );
  const { data } = transposed(kernel.values, [3, 2, 0, 1]);
  given.network.put(layer, "weight", { shape: [filters, count], data }, kernel.from, "turned to [out, in]");
  if (bias) given.network.put(layer, "bias", offsets.values, offsets.from, "as it is");
  return activate(given, layer);
}

const conv2d: Row = {
  takes: ["pad"],
  read(given, input) {
    if (input.shape.length === 1) return onOnePixel(given, input);
    const [channels] = given.image(input);
    const window = convolutionWindow(given);
    const [filters, groups] = [given.count("filters"), given.count("groups", 1)];
    const bias = given.flag("use_bias", true);
    const padding = paddingOf(given, input, window);
    const layer = given.network.add(
      plainWindow({ type: "conv2d" as const, filters, ...window, padding, bias, groups }),
      input,
    );
    const [kernel, offsets] = given.weights(
      { names: ["kernel"], shape: [...window.kernel, channels / groups, filters] },
      ...(bias ? [{ names: ["bias"], shape: [filters] }] : []),
    );
    given.network.put(
      layer,
      "weight",
      transposed(kernel.values, [3, 2, 0, 1]),
      kernel.from,
      "turned to [out, in, height, width]",
    );
    if (bias) given.network.put(layer, "bias", offsets.values, offsets.from, "as it is");
    return activate(given, layer);
  },
};

/** Each channel by itself, into `depth_multiplier` of them. */
function depthwise(given: Given, input: Value, bias: boolean, kernel: NamedKernel): Value {
  const [channels] = given.image(input);
  const window = convolutionWindow(given);
  const multiplier = given.count("depth_multiplier", 1);
  const filters = channels * multiplier;
  const padding = paddingOf(given, input, window);
  const layer = given.network.add(
    plainWindow({ type: "conv2d" as const, filters, ...window, padding, bias, groups: channels }),
    input,
  );
  const { data } = transposed(kernel.values, [2, 3, 0, 1]);
  given.network.put(
    layer,
    "weight",
    { shape: [filters, 1, ...window.kernel], data },
    kernel.from,
    "turned to [channels times multiplier, 1, height, width]",
  );
  return layer;
}

type NamedKernel = ReturnType<Given["weights"]>[number];

const depthwiseShape = (given: Given, input: Value) => [
  ...given.pair("kernel_size"),
  given.image(input)[0],
  given.count("depth_multiplier", 1),
];

const depthwiseConv2d: Row = {
  takes: ["pad"],
  read(given, input) {
    const bias = given.flag("use_bias", true);
    const channels = given.image(input)[0] * given.count("depth_multiplier", 1);
    const [kernel, offsets] = given.weights(
      { names: ["depthwise_kernel", "kernel"], shape: depthwiseShape(given, input) },
      ...(bias ? [{ names: ["bias"], shape: [channels] }] : []),
    );
    if (
      input.raw &&
      bias &&
      given.layer.name === given.pixelsLayer &&
      kernel.values.data.length === channels
    ) {
      given.network.scaling = {
        white: 255,
        scale: [...kernel.values.data],
        offset: [...offsets.values.data],
      };
      return input;
    }
    const layer = depthwise(given, input, bias, kernel);
    if (bias) given.network.put(layer, "bias", offsets.values, offsets.from, "as it is");
    return activate(given, layer);
  },
};

/** A depthwise convolution, and one of 1x1 behind it. */
const separableConv2d: Row = {
  takes: ["pad"],
  read(given, input) {
    const bias = given.flag("use_bias", true);
    const filters = given.count("filters");
    const between = given.image(input)[0] * given.count("depth_multiplier", 1);
    const [kernel, pointwise, offsets] = given.weights(
      { names: ["depthwise_kernel"], shape: depthwiseShape(given, input) },
      { names: ["pointwise_kernel"], shape: [1, 1, between, filters] },
      ...(bias ? [{ names: ["bias"], shape: [filters] }] : []),
    );
    const first = depthwise(given, input, false, kernel);
    const layer = given.network.add(
      plainWindow({ type: "conv2d" as const, filters, kernel: 1, bias }),
      first,
    );
    given.network.put(
      layer,
      "weight",
      transposed(pointwise.values, [3, 2, 0, 1]),
      pointwise.from,
      "turned to [out, in, height, width]",
    );
    if (bias) given.network.put(layer, "bias", offsets.values, offsets.from, "as it is");
    return activate(given, layer);
  },
};

function poolWindow(given: Given): Window {
  const kernel = given.pair("pool_size", 2);
  return { kernel, stride: given.pair("strides", kernel), dilation: [1, 1] };
}

/** Below this no number of a network is, so that it never wins. */
const FAR_BELOW = -(2 ** 100);

const maxPooling2d: Row = {
  takes: ["pad", "around"],
  read(given, input) {
    const { kernel: size, stride, dilation } = poolWindow(given);
    const padding = paddingOf(given, input, { kernel: size, stride, dilation });
    const neverWins = input.around === undefined ? input.nonNegative : input.around < FAR_BELOW;
    if (input.pad?.some((side) => side > 0) && !neverWins)
      return given.fail(
        'it pools zeros that ZeroPadding2D put around numbers which may be below 0; here what lies outside never wins, so that only padding "same" or numbers of at least 0, such as a ReLU\'s, can be taken',
      );
    const nonNegative = input.nonNegative === true;
    return {
      ...given.network.add(plainWindow({ type: "maxPool2d" as const, size, stride, padding }, size), input),
      nonNegative,
    };
  },
};

const averagePooling2d: Row = {
  takes: ["pad"],
  read(given, input) {
    const { kernel: size, stride, dilation } = poolWindow(given);
    const padding = paddingOf(given, input, { kernel: size, stride, dilation });
    if (given.option("padding") === "same" && String(padding) !== String(input.pad ?? NO_SIDES))
      return given.fail(
        'with padding "same" it divides by the pixels inside the image; here the whole window counts, so that only padding "valid" can be taken where windows reach over the edge',
      );
    const nonNegative = input.nonNegative === true;
    return {
      ...given.network.add(
        plainWindow({ type: "averagePool2d" as const, size, stride, padding }, size),
        input,
      ),
      nonNegative,
    };
  },
};

const zeroPadding2d: Row = {
  takes: ["pad", "frame"],
  read(given, input) {
    given.image(input);
    const before = input.pad ?? NO_SIDES;
    const [top, right, bottom, left] = given.sides().map((side, k) => side + before[k]);
    const { raw: _raw, ...value } = input;
    return { ...value, pad: [top, right, bottom, left] };
  },
};

export const windowRows: Readonly<Record<string, Row>> = {
  Conv2D: conv2d,
  Convolution2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  MaxPooling2D: maxPooling2d,
  AveragePooling2D: averagePooling2d,
  ZeroPadding2D: zeroPadding2d,
};
