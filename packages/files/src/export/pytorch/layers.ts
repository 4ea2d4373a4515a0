import type { ModelLayer } from "unravel-cnn";
import { isAll, isSquare, type LayerOf, type LayerType, type Window } from "../source/layers.js";
import { pythonNumber, tuple } from "../source/python.js";

/* How each kind of layer stands in a PyTorch module: what is made once, and what is called. */

export interface TorchLayer<Layer extends ModelLayer = ModelLayer> {
  /** What `__init__` makes, for layers with parameters or a state of their own. */
  module?(layer: Layer): string;
  /**
   * What `forward` computes.
   * @param inputs what goes in
   * @param self the layer's own module, `self.conv1`
   */
  forward(layer: Layer, inputs: readonly string[], self: string): string;
}

/** One number where both are the same, as PyTorch takes both. */
const pair = (numbers: readonly number[]) => (isSquare(numbers) ? String(numbers[0]) : tuple(numbers));

const named = (name: string, value: string, isUsual: boolean) => (isUsual ? [] : [`${name}=${value}`]);

/** Whether PyTorch can pad so itself: alike on opposite sides, and pools by no more than half of their window. */
const isOpposite = ({ padding: [top, right, bottom, left] }: Window) => top === bottom && left === right;
const isPoolPadding = (window: Window) =>
  isOpposite(window) &&
  window.padding[0] * 2 <= window.kernel[0] &&
  window.padding[3] * 2 <= window.kernel[1];

/** What goes in, with a border for which the layer itself has no option. */
function bordered(x: string, window: Window, isOwn: boolean, value = ""): string {
  if (isOwn || isAll(window.padding, 0)) return x;
  const [top, right, bottom, left] = window.padding;
  return `F.pad(${x}, (${left}, ${right}, ${top}, ${bottom})${value})`;
}

/** `padding=1`, where a layer pads itself. */
function ownPadding(window: Window, isOwn: boolean): string[] {
  const [top, , , left] = window.padding;
  return isOwn ? named("padding", pair([top, left]), isAll(window.padding, 0)) : [];
}

function pool(name: string, x: string, window: Window, value = ""): string {
  const isOwn = isPoolPadding(window);
  const options = [
    pair(window.kernel),
    ...named("stride", pair(window.stride), String(window.stride) === String(window.kernel)),
    ...ownPadding(window, isOwn),
  ];
  return `${name}(${bordered(x, window, isOwn, value)}, ${options.join(", ")})`;
}

function norm<Type extends "batchNorm1d" | "batchNorm2d">(name: string): TorchLayer<LayerOf<Type>> {
  return {
    module: ({ resolved: { channels, eps, momentum } }) =>
      `${name}(${[
        String(channels),
        ...named("eps", pythonNumber(eps), eps === 1e-5),
        ...named("momentum", pythonNumber(momentum), momentum === 0.1),
      ].join(", ")})`,
    forward: (_layer, [x], self) => `${self}(${x})`,
  };
}

/** A function of one number. */
const elementwise = <Type extends LayerType>(name: string): TorchLayer<LayerOf<Type>> => ({
  forward: (_layer, [x]) => `${name}(${x})`,
});

export const torchLayers: { readonly [Type in LayerType]: TorchLayer<LayerOf<Type>> } = {
  conv2d: {
    module: ({ resolved }) => {
      const { inputShape, outputShape, kernel, stride, dilation, groups, bias } = resolved;
      const options = [
        ...named("stride", pair(stride), isAll(stride, 1)),
        ...ownPadding(resolved, isOpposite(resolved)),
        ...named("dilation", pair(dilation), isAll(dilation, 1)),
        ...named("groups", String(groups), groups === 1),
        ...named("bias", "False", bias),
      ];
      return `nn.Conv2d(${[inputShape[0], outputShape[0], pair(kernel), ...options].join(", ")})`;
    },
    forward: ({ resolved }, [x], self) => `${self}(${bordered(x, resolved, isOpposite(resolved))})`,
  },
  relu: elementwise("F.relu"),
  leakyRelu: {
    forward: ({ resolved: { slope } }, [x]) => `F.leaky_relu(${x}, ${pythonNumber(slope)})`,
  },
  relu6: elementwise("F.relu6"),
  sigmoid: elementwise("torch.sigmoid"),
  tanh: elementwise("torch.tanh"),
  silu: elementwise("F.silu"),
  gelu: {
    forward: ({ resolved: { approximate } }, [x]) =>
      `F.gelu(${x}${approximate === "tanh" ? ', approximate="tanh"' : ""})`,
  },
  maxPool2d: {
    forward: ({ resolved }, [x]) => pool("F.max_pool2d", x, resolved, ', value=float("-inf")'),
  },
  averagePool2d: { forward: ({ resolved }, [x]) => pool("F.avg_pool2d", x, resolved) },
  globalAveragePool2d: { forward: (_layer, [x]) => `${x}.mean(dim=(2, 3))` },
  batchNorm2d: norm("nn.BatchNorm2d"),
  batchNorm1d: norm("nn.BatchNorm1d"),
  dropout: {
    forward: ({ resolved: { rate } }, [x]) => `F.dropout(${x}, ${pythonNumber(rate)}, self.training)`,
  },
  add: { forward: (_layer, inputs) => inputs.join(" + ") },
  concat: { forward: (_layer, inputs) => `torch.cat([${inputs.join(", ")}], dim=1)` },
  flatten: { forward: (_layer, [x]) => `${x}.flatten(1)` },
  dense: {
    module: ({ resolved: { inputShape, outputShape, bias } }) =>
      `nn.Linear(${[inputShape[0], outputShape[0], ...named("bias", "False", bias)].join(", ")})`,
    forward: (_layer, [x], self) => `${self}(${x})`,
  },
};
