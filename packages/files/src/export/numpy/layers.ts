import type { ModelLayer } from "unravel-cnn";
import { isAll, type LayerOf, type LayerType, type Window } from "../source/layers.js";
import { pythonNumber, pythonString } from "../source/python.js";
import { isPadded, type PoolStyle, paddingArgument, pairArgument, type Style } from "../source/style.js";
import type { FunctionName } from "./functions.js";

/*
 * How each kind of layer stands in a program for NumPy: what it calls forward and backward. `a` holds all arrays on the way there,
 * `grad` the gradients on the way back, `p` the parameters; all under the names of a trace, `conv1.out`, `conv1.weight`.
 */

export interface NumpyLayer<Layer extends ModelLayer = ModelLayer> {
  /** The functions that its lines call, besides what these call. */
  functions(layer: Layer): readonly FunctionName[];
  /** Its output. */
  forward(layer: Layer, style: Style): string;
  /** What has to stand before its output: names and values. */
  before?(layer: Layer): readonly (readonly [name: string, value: string])[];
  /**
   * The gradients: of each input by itself, or all of them and then those of its parameters together, as a tuple, where `bias` says
   * whether there is one for a bias that the layer doesn't have.
   */
  backward(
    layer: Layer,
    style: Style,
  ): { readonly each: readonly string[] } | { readonly together: string; readonly more?: number };
}

/** An array on the way there, `a["conv1.out"]`. */
export const array = (name: string): string => `a[${pythonString(name)}]`;
export const gradient = (name: string): string => `grad[${pythonString(name)}]`;
const parameter = (name: string): string => `p[${pythonString(name)}]`;

const input = ({ inputs }: Pick<ModelLayer, "inputs">) => array(inputs[0]);
const output = ({ output }: Pick<ModelLayer, "output">) => array(output);
const ownGradient = ({ output }: Pick<ModelLayer, "output">) => gradient(output);

const call = (name: string, ...inputs: readonly (string | false)[]) =>
  `${name}(${inputs.filter((one) => one !== false).join(", ")})`;

/** A function of one number, whose slope is worked out from what came in, or from what went out. */
function elementwise<Type extends LayerType>(
  name: FunctionName,
  from: "x" | "out" = "x",
  more: (layer: LayerOf<Type>) => readonly string[] = () => [],
): NumpyLayer<LayerOf<Type>> {
  const backward = `${name}_backward` as FunctionName;
  return {
    functions: () => [name, backward],
    forward: (layer) => call(name, input(layer), ...more(layer)),
    backward: (layer) => ({
      each: [call(backward, ownGradient(layer), from === "x" ? input(layer) : output(layer), ...more(layer))],
    }),
  };
}

function convArguments({ resolved }: LayerOf<"conv2d">, style: Style): (string | false)[] {
  const { stride, padding, dilation, groups } = resolved;
  return [
    !isAll(stride, 1) && `stride=${pairArgument(style, stride)}`,
    isPadded(resolved) && `padding=${paddingArgument(style, padding)}`,
    !isAll(dilation, 1) && `dilation=${pairArgument(style, dilation)}`,
    groups > 1 && `groups=${groups}`,
  ];
}

function poolArguments(
  { resolved }: { readonly resolved: Window },
  style: Style,
  pool: PoolStyle,
): (string | false)[] {
  return [
    pairArgument(style, resolved.kernel),
    pool.stride && `stride=${pairArgument(style, resolved.stride)}`,
    isPadded(resolved) && `padding=${paddingArgument(style, resolved.padding)}`,
  ];
}

const weightOf = ({ name }: Pick<ModelLayer, "name">) => parameter(`${name}.weight`);
const biasOf = ({ name, resolved }: LayerOf<"conv2d"> | LayerOf<"dense">) =>
  resolved.bias && parameter(`${name}.bias`);

/** How many results come back for which the layer has no parameter: that of a bias which only others have. */
const unused = ({ resolved }: LayerOf<"conv2d"> | LayerOf<"dense">, share: Style["denseBias"]) =>
  !resolved.bias && share === "some" ? 1 : 0;

function norm<Type extends "batchNorm1d" | "batchNorm2d">(): NumpyLayer<LayerOf<Type>> {
  const more = ({ name, resolved }: LayerOf<Type>, style: Style) => [
    pythonString(name),
    "training",
    style.norm.eps === undefined && pythonNumber(resolved.eps),
  ];
  return {
    functions: () => ["batch_norm", "batch_norm_backward"],
    forward: (layer, style) => call("batch_norm", input(layer), ...more(layer, style)),
    backward: (layer, style) => ({
      together: call("batch_norm_backward", ownGradient(layer), input(layer), ...more(layer, style)),
    }),
  };
}

const maskOf = ({ name }: Pick<ModelLayer, "name">) => `${name}.mask`;

export const numpyLayers: { readonly [Type in LayerType]: NumpyLayer<LayerOf<Type>> } = {
  conv2d: {
    functions: () => ["conv2d", "conv2d_backward"],
    forward: (layer, style) =>
      call("conv2d", input(layer), weightOf(layer), biasOf(layer), ...convArguments(layer, style)),
    backward: (layer, style) => ({
      together: call(
        "conv2d_backward",
        ownGradient(layer),
        input(layer),
        weightOf(layer),
        ...convArguments(layer, style),
      ),
      more: unused(layer, style.conv.bias),
    }),
  },
  relu: elementwise("relu"),
  leakyRelu: elementwise("leaky_relu", "x", ({ resolved }) => [pythonNumber(resolved.slope)]),
  relu6: elementwise("relu6"),
  sigmoid: elementwise("sigmoid", "out"),
  tanh: {
    functions: () => ["tanh_backward"],
    forward: (layer) => call("np.tanh", input(layer)),
    backward: (layer) => ({ each: [call("tanh_backward", ownGradient(layer), output(layer))] }),
  },
  silu: elementwise("silu"),
  gelu: {
    functions: ({ resolved }) =>
      resolved.approximate === "tanh" ? ["gelu_tanh", "gelu_tanh_backward"] : ["gelu", "gelu_backward"],
    forward: (layer) => call(geluOf(layer), input(layer)),
    backward: (layer) => ({ each: [call(`${geluOf(layer)}_backward`, ownGradient(layer), input(layer))] }),
  },
  maxPool2d: {
    functions: () => ["max_pool2d", "max_pool2d_backward"],
    forward: (layer, style) =>
      call("max_pool2d", input(layer), ...poolArguments(layer, style, style.maxPool)),
    backward: (layer, style) => ({
      each: [
        call(
          "max_pool2d_backward",
          ownGradient(layer),
          output(layer),
          input(layer),
          ...poolArguments(layer, style, style.maxPool),
        ),
      ],
    }),
  },
  averagePool2d: {
    functions: () => ["average_pool2d", "average_pool2d_backward"],
    forward: (layer, style) =>
      call("average_pool2d", input(layer), ...poolArguments(layer, style, style.averagePool)),
    backward: (layer, style) => ({
      each: [
        call(
          "average_pool2d_backward",
          ownGradient(layer),
          input(layer),
          ...poolArguments(layer, style, style.averagePool),
        ),
      ],
    }),
  },
  globalAveragePool2d: {
    functions: () => ["global_average_pool2d_backward"],
    forward: (layer) => `${input(layer)}.mean(axis=(2, 3))`,
    backward: (layer) => ({
      each: [call("global_average_pool2d_backward", ownGradient(layer), input(layer))],
    }),
  },
  batchNorm2d: norm(),
  batchNorm1d: norm(),
  dropout: {
    functions: () => ["dropout_mask"],
    before: (layer) => [
      [maskOf(layer), `dropout_mask(${input(layer)}, ${pythonNumber(layer.resolved.rate)}, training)`],
    ],
    forward: (layer) => `${input(layer)} * ${array(maskOf(layer))}`,
    backward: (layer) => ({ each: [`${ownGradient(layer)} * ${array(maskOf(layer))}`] }),
  },
  add: {
    functions: () => [],
    forward: ({ inputs }) => inputs.map(array).join(" + "),
    backward: (layer) => ({ each: layer.inputs.map(() => ownGradient(layer)) }),
  },
  concat: {
    functions: () => [],
    forward: ({ inputs }) => `np.concatenate([${inputs.map(array).join(", ")}], axis=1)`,
    backward: (layer) => ({
      together: `np.split(${ownGradient(layer)}, [${starts(layer).join(", ")}], axis=1)`,
    }),
  },
  flatten: {
    functions: () => [],
    forward: (layer) => `${input(layer)}.reshape(len(x), -1)`,
    backward: (layer) => ({ each: [`${ownGradient(layer)}.reshape(${input(layer)}.shape)`] }),
  },
  dense: {
    functions: () => ["dense", "dense_backward"],
    forward: (layer) => call("dense", input(layer), weightOf(layer), biasOf(layer)),
    backward: (layer, style) => ({
      together: call("dense_backward", ownGradient(layer), input(layer), weightOf(layer)),
      more: unused(layer, style.denseBias),
    }),
  },
};

const geluOf = ({ resolved }: LayerOf<"gelu">): FunctionName =>
  resolved.approximate === "tanh" ? "gelu_tanh" : "gelu";

/** The channels at which the second input begins, the third, ... */
function starts({ resolved }: LayerOf<"concat">): number[] {
  let next = 0;
  return resolved.inputShapes.slice(0, -1).map(([channels]) => {
    next += channels;
    return next;
  });
}
