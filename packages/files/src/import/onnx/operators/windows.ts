import { textbook } from "unravel-cnn";
import { isRow, sizeAlong } from "../axes.js";
import type { Call, Operators } from "../call.js";
import { parameterOf } from "../parameters.js";
import type { Activation, Axis, Constant } from "../values.js";
import { described } from "../values.js";

/* Operators whose windows move over pictures: convolutions, pools, and the zeros that are put around pictures for them. */

type Sides = readonly [top: number, right: number, bottom: number, left: number];

interface Windows {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: Sides;
}

const both = (call: Call, name: string, usual?: readonly number[]): [number, number] => {
  const given = call.ints(name) ?? usual;
  if (given?.length !== 2) {
    throw call.refuse(
      `${name} must be two numbers, since pictures have rows and columns${given ? `, not ${described(given)}` : ""}`,
    );
  }
  return [given[0], given[1]];
};

/** @param size rows and columns of the input */
function windowsOf(call: Call, size: readonly [number, number], kernel: readonly [number, number]): Windows {
  const stride = both(call, "strides", [1, 1]);
  const dilation = both(call, "dilations", [1, 1]);
  const automatic = call.text("auto_pad", "NOTSET");
  const pads = call.ints("pads") ?? [0, 0, 0, 0];
  if (pads.length !== 4) throw call.refuse(`pads must be four numbers, not ${described(pads)}`);
  const [top, left, bottom, right] = pads;
  if (automatic === "NOTSET" || automatic === "") {
    if (pads.some((side) => side < 0)) throw call.refuse("its pads are below 0, which would cut pictures");
    return { kernel, stride, dilation, padding: [top, right, bottom, left] };
  }
  if (!Object.hasOwn(automaticPadding, automatic))
    throw call.refuse(`auto_pad ${JSON.stringify(automatic.slice(0, 40))} isn't known here`);
  const sides = [0, 1].map((k) => {
    const reach = (kernel[k] - 1) * dilation[k] + 1;
    const total = Math.max(0, (Math.ceil(size[k] / stride[k]) - 1) * stride[k] + reach - size[k]);
    return automaticPadding[automatic](total);
  });
  return { kernel, stride, dilation, padding: [sides[0][0], sides[1][1], sides[0][1], sides[1][0]] };
}

/** How rows or columns of padding are divided: those before, those behind. */
const automaticPadding: Readonly<Record<string, (total: number) => readonly [number, number]>> = {
  VALID: () => [0, 0],
  SAME_UPPER: (total) => [Math.floor(total / 2), Math.ceil(total / 2)],
  SAME_LOWER: (total) => [Math.ceil(total / 2), Math.floor(total / 2)],
};

/** A pair as specs write it: one number if both are the same. */
const short = ([a, b]: readonly [number, number]) => (a === b ? a : [a, b]);
const shortSides = (sides: Sides) => (sides.every((side) => side === sides[0]) ? sides[0] : sides);

const plus = (a: Sides, b: Sides | undefined): Sides =>
  b ? [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]] : a;

/** What a window layer's spec says, without what is as usual. */
function optionsOf({ stride, padding }: Windows, usualStride: readonly [number, number]) {
  return {
    ...((stride[0] !== usualStride[0] || stride[1] !== usualStride[1]) && { stride: short(stride) }),
    ...(padding.some((side) => side > 0) && { padding: shortSides(padding) }),
  };
}

const sizeOf = (value: Activation): [number, number] => [sizeAlong(value, "H", 1), sizeAlong(value, "W", 1)];
const withoutBorder = ({ border: _, ...value }: Activation): Activation => value;

function conv(call: Call) {
  const weight = call.constant(1);
  if (weight.shape.length !== 4) {
    throw call.refuse(
      `its weight has shape ${described(weight.shape)}, but only convolutions of pictures, with four dimensions, are layers`,
    );
  }
  const [filters, perGroup, ...kernel] = weight.shape as [number, number, number, number];
  const said = both(call, "kernel_shape", kernel);
  if (said[0] !== kernel[0] || said[1] !== kernel[1]) {
    throw call.refuse(
      `kernel_shape is ${described(said)}, but its weight has shape ${described(weight.shape)}`,
    );
  }
  const bias = call.inputs[2] === undefined ? undefined : call.constant(2);
  const input = call.activation(0);
  if (isRow(input)) return convOfRow(call, input, weight, bias);
  const pictures = call.network.pictures(call.node, input);
  const windows = windowsOf(call, sizeOf(input), kernel);
  const groups = call.int("group", 1);
  const padded = { ...windows, padding: plus(windows.padding, input.border) };
  if (groups * perGroup !== input.source.shape[0]) {
    throw call.refuse(
      `its weight ${described(weight.shape)} in ${groups} groups doesn't fit ${input.source.shape[0]} channels`,
    );
  }
  const made = call.network.add(call.node, call.order, [withoutBorder(pictures)], {
    type: "conv2d",
    options: {
      filters,
      kernel: short(kernel),
      ...optionsOf(padded, [1, 1]),
      ...((windows.dilation[0] > 1 || windows.dilation[1] > 1) && { dilation: short(windows.dilation) }),
      ...(!bias && { bias: false }),
      ...(groups !== 1 && { groups }),
    },
    parameters: {
      weight: parameterOf(call, weight, weight.shape),
      ...(bias && { bias: parameterOf(call, bias, [filters]) }),
    },
  });
  return { ...made, isOpen: !bias && call.isTakenOnce };
}

/** On what is left of pictures after global pooling, a 1x1 convolution is a dense layer. */
function convOfRow(call: Call, input: Activation, weight: Constant, bias: Constant | undefined): Activation {
  const [filters, channels] = weight.shape;
  const windows = windowsOf(call, [1, 1], [weight.shape[2], weight.shape[3]]);
  const isPlain =
    [...windows.kernel, ...windows.stride].every((side) => side === 1) &&
    windows.padding.every((side) => side === 0);
  if (
    !isPlain ||
    call.int("group", 1) !== 1 ||
    channels !== input.source.shape[0] ||
    input.order ||
    input.axes.length !== 4
  ) {
    throw call.refuse(
      "it takes what is left of pictures after global pooling, where only a plain 1x1 convolution is a layer (a dense one)",
    );
  }
  const made = call.network.add(call.node, call.order, [input], {
    type: "dense",
    options: { units: filters, ...(!bias && { bias: false }) },
    parameters: {
      weight: parameterOf(call, weight, [filters, channels]),
      ...(bias && { bias: parameterOf(call, bias, [filters]) }),
    },
  });
  return { ...made, axes: input.axes, isOpen: !bias && call.isTakenOnce };
}

interface PoolKind {
  readonly type: "maxPool2d" | "averagePool2d";
  /** Whether windows may reach beyond the picture at the bottom and on the right: padding that changes nothing. */
  readonly mayReachOver: boolean;
  /** @throws InputError if zeros around the picture, or the padding, mean something else to this kind of pool */
  readonly check: (call: Call, input: Activation, windows: Windows) => void;
}

const maxPool: PoolKind = {
  type: "maxPool2d",
  mayReachOver: true,
  check(call, { border, source }) {
    call.ignore("storage_order");
    if (!border) return;
    const kind = source.type === "images" ? undefined : textbook[source.type as "relu"];
    if (!kind?.neverNegative) {
      throw call.refuse(
        "zeros are put around its input (Pad), which would win against numbers below 0; here cells of the padding never win",
      );
    }
  },
};

const averagePool: PoolKind = {
  type: "averagePool2d",
  mayReachOver: false,
  check(call, _input, { padding }) {
    if (call.int("count_include_pad", 0) === 0 && padding.some((side) => side > 0)) {
      throw call.refuse(
        "it divides by the cells inside the picture only (count_include_pad 0), but average pools here count those of the padding, too",
      );
    }
  },
};

const pool = (kind: PoolKind) => (call: Call) => {
  const input = call.activation(0);
  const pictures = call.network.pictures(call.node, input);
  const kernel = both(call, "kernel_shape");
  const size = sizeOf(input);
  const windows = windowsOf(call, size, kernel);
  kind.check(call, input, windows);
  if (windows.dilation.some((step) => step !== 1))
    throw call.refuse("its window has gaps (dilations), but pools here have none");
  const over = call.int("ceil_mode", 0) === 0 ? [0, 0] : overhang(call, size, windows);
  if (!kind.mayReachOver && over.some((cells) => cells > 0)) {
    throw call.refuse(
      "with ceil_mode its last windows reach beyond the picture, which average pools here don't do; export it with ceil_mode 0, or for pictures of another size",
    );
  }
  const padding = plus(plus(windows.padding, [0, over[1], over[0], 0]), input.border);
  return call.network.add(call.node, call.order, [withoutBorder(pictures)], {
    type: kind.type,
    options: { size: short(kernel), ...optionsOf({ ...windows, padding }, kernel) },
  });
};

/** With ceil_mode, how many rows and columns the last windows reach beyond the padding. */
function overhang(
  call: Call,
  size: readonly [number, number],
  { kernel, stride, padding }: Windows,
): number[] {
  const around = [padding[0] + padding[2], padding[3] + padding[1]];
  const before = [padding[0], padding[3]];
  return [0, 1].map((k) => {
    const room = size[k] + around[k] - kernel[k];
    const steps = Math.ceil(room / stride[k]);
    const rest = steps * stride[k] - room;
    // programs differ in whether a window that begins behind the picture counts
    if (rest > 0 && steps * stride[k] >= size[k] + before[k]) {
      throw call.refuse(
        "with ceil_mode its last window would lie beyond the picture; export it with ceil_mode 0",
      );
    }
    return rest;
  });
}

/** One number of each channel: laid out as before, with sizes of 1 where rows and columns were, or without them. */
function globalAverage(call: Call, input: Activation, keepsDimensions: boolean): Activation {
  const made = call.network.add(call.node, call.order, [input], { type: "globalAveragePool2d" });
  const axes = input.axes.map((axis): Axis => (axis === "C" ? "K" : axis === "N" ? "N" : "1"));
  return { ...made, axes: keepsDimensions ? axes : axes.filter((axis) => axis !== "1") };
}

function globalMax(call: Call) {
  const pictures = call.network.pictures(call.node, call.activation(0));
  return call.network.add(call.node, call.order, [pictures], {
    type: "maxPool2d",
    options: { size: short(sizeOf(pictures)) },
  });
}

function reduceMean(call: Call) {
  const input = call.activation(0);
  const rank = input.axes.length;
  const given = call.intsOrInput("axes", 1);
  const keeps = call.int("keepdims", 1) !== 0;
  call.ignore("noop_with_empty_axes");
  const axes = given?.map((axis) => input.axes[axis < 0 ? axis + rank : axis]);
  const isPicture =
    axes?.length === 2 && axes.includes("H") && axes.includes("W") && input.axes.includes("C");
  if (!isPicture)
    throw call.refuse("only the mean of each channel, over all rows and columns of a picture, is a layer");
  return globalAverage(call, input, keeps);
}

function pad(call: Call) {
  const input = call.activation(0);
  const rank = input.axes.length;
  const pads = call.intsOrInput("pads", 1);
  const value = call.inputs[2] === undefined ? call.float("value", 0) : call.constant(2).data[0];
  if (call.text("mode", "constant") !== "constant" || value !== 0) {
    throw call.refuse("it puts something else than zeros around pictures, which no layer does");
  }
  const chosen = call.inputs[3] === undefined ? input.axes.map((_, k) => k) : [...call.constant(3).data];
  const sides: Record<Axis, [number, number]> = {
    N: [0, 0],
    C: [0, 0],
    H: [0, 0],
    W: [0, 0],
    K: [0, 0],
    "1": [0, 0],
  };
  if (pads?.length !== 2 * chosen.length) throw call.refuse("its pads don't fit its input");
  for (const [k, axis] of chosen.entries()) {
    const name = input.axes[axis < 0 ? axis + rank : axis];
    if (name === undefined || pads[k] < 0 || pads[k + chosen.length] < 0)
      throw call.refuse("its pads or axes are out of range");
    sides[name] = [sides[name][0] + pads[k], sides[name][1] + pads[k + chosen.length]];
  }
  const isElsewhere = (["N", "C", "K", "1"] as const).some((axis) => sides[axis][0] + sides[axis][1] > 0);
  if (isElsewhere || input.source.shape.length !== 3)
    throw call.refuse("zeros can only be put around pictures, in rows and columns");
  const border: Sides = [sides.H[0], sides.W[1], sides.H[1], sides.W[0]];
  // what is added behind it would be added to the zeros, too, so it is no bias
  return { ...input, isOpen: false, border: plus(border, input.border) };
}

export const windowOperators: Operators = {
  Conv: conv,
  MaxPool: pool(maxPool),
  AveragePool: pool(averagePool),
  GlobalAveragePool: (call) => {
    const pictures = call.network.pictures(call.node, call.activation(0));
    return globalAverage(call, pictures, true);
  },
  GlobalMaxPool: globalMax,
  ReduceMean: reduceMean,
  Pad: pad,
};
