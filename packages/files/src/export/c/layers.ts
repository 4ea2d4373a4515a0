import { type ModelLayer, type Shape, sizeOf } from "unravel-cnn";
import { cFloat } from "../source/c.js";
import type { LayerOf, LayerType, Window } from "../source/layers.js";
import type { PoolStyle, Style } from "../source/style.js";
import type { CFunctionName } from "./functions.js";

/* How each kind of layer stands in a program in C: what it calls. A network is written as it is used, not as it is trained. */

/** What a layer's lines are made of. */
export interface Operands {
  /** What functions and arrays begin with, with the `_` behind it. */
  readonly prefix: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly style: Style;
}

export interface CLayer<Layer extends ModelLayer = ModelLayer> {
  /** The functions that its lines call. */
  functions(layer: Layer): readonly CFunctionName[];
  /** Whether its numbers are those that came in, in the same order. */
  readonly isAlias?: true;
  /** Whether each number is made of the one at its place, so that it may be written over that. */
  readonly inPlace?: true;
  statements(layer: Layer, operands: Operands): readonly string[];
}

const call = (name: string, ...inputs: readonly (string | number | false)[]) =>
  `${name}(${inputs.filter((one) => one !== false).join(", ")});`;

function elementwise<Type extends LayerType>(name: CFunctionName): CLayer<LayerOf<Type>> {
  return {
    functions: () => [name],
    inPlace: true,
    statements: (layer, { prefix, inputs: [x], output }) => [
      call(prefix + name, x, sizeOf(layer.outputShape), output),
    ],
  };
}

/** A stride or a dilation as arguments. */
const pair = ({ pairs }: Style, numbers: readonly number[]) => (pairs ? [...numbers] : [numbers[0]]);
/** Where a window begins: only what lies above and on the left moves it. */
const borders = ({ sides }: Style, [top, , , left]: readonly number[]) => (sides ? [top, left] : [top]);

function poolArguments(window: Window, style: Style, pool: PoolStyle): number[] {
  return [
    ...pair(style, window.kernel),
    ...(pool.stride ? pair(style, window.stride) : []),
    ...(pool.padding ? borders(style, window.padding) : []),
  ];
}

function pool<Type extends "maxPool2d" | "averagePool2d">(
  name: CFunctionName,
  styleOf: (style: Style) => PoolStyle,
): CLayer<LayerOf<Type>> {
  return {
    functions: () => [name],
    statements: (
      { resolved }: { readonly resolved: Window & { inputShape: Shape; outputShape: Shape } },
      operands,
    ) => {
      const { prefix, inputs, output, style } = operands;
      const [, I, J] = resolved.outputShape;
      return [
        call(
          prefix + name,
          inputs[0],
          ...resolved.inputShape,
          ...poolArguments(resolved, style, styleOf(style)),
          I,
          J,
          output,
        ),
      ];
    },
  };
}

/** A channel's numbers in one image times a factor, plus a shift. */
function norm<Type extends "batchNorm1d" | "batchNorm2d">(): CLayer<LayerOf<Type>> {
  return {
    functions: () => ["scale"],
    inPlace: true,
    statements: ({ name, resolved: { channels, places } }, { prefix, inputs: [x], output }) => [
      call(
        `${prefix}scale`,
        x,
        channels,
        places,
        `${prefix}${name}_factor`,
        `${prefix}${name}_shift`,
        output,
      ),
    ],
  };
}

/** A bias as an argument, where some have one. */
const biasOf = (name: string, isThere: boolean, share: Style["denseBias"]) =>
  share !== "none" && (isThere ? `${name}_bias` : "NULL");

export const cLayers: { readonly [Type in LayerType]: CLayer<LayerOf<Type>> } = {
  conv2d: {
    functions: () => ["conv2d"],
    statements: ({ name, resolved }, { prefix, inputs: [x], output, style }) => {
      const { inputShape, outputShape, kernel, stride, padding, dilation, groups, bias } = resolved;
      const { conv } = style;
      return [
        call(
          `${prefix}conv2d`,
          x,
          ...inputShape,
          `${prefix}${name}_weight`,
          biasOf(prefix + name, bias, conv.bias),
          outputShape[0],
          ...kernel,
          ...(conv.stride ? pair(style, stride) : []),
          ...(conv.padding ? borders(style, padding) : []),
          ...(conv.dilation ? pair(style, dilation) : []),
          conv.groups && groups,
          outputShape[1],
          outputShape[2],
          output,
        ),
      ];
    },
  },
  relu: elementwise("relu"),
  leakyRelu: {
    functions: () => ["leaky_relu"],
    inPlace: true,
    statements: ({ outputShape, resolved: { slope } }, { prefix, inputs: [x], output }) => [
      call(`${prefix}leaky_relu`, x, sizeOf(outputShape), cFloat(slope), output),
    ],
  },
  relu6: elementwise("relu6"),
  sigmoid: elementwise("sigmoid"),
  tanh: elementwise("tanh"),
  silu: elementwise("silu"),
  gelu: {
    functions: ({ resolved }) => [geluOf(resolved)],
    inPlace: true,
    statements: ({ outputShape, resolved }, { prefix, inputs: [x], output }) => [
      call(prefix + geluOf(resolved), x, sizeOf(outputShape), output),
    ],
  },
  maxPool2d: pool("max_pool2d", ({ maxPool }) => maxPool),
  averagePool2d: pool("average_pool2d", ({ averagePool }) => averagePool),
  globalAveragePool2d: {
    functions: () => ["global_average_pool2d"],
    statements: (
      {
        resolved: {
          inputShape: [C, H, W],
        },
      },
      { prefix, inputs: [x], output },
    ) => [call(`${prefix}global_average_pool2d`, x, C, H * W, output)],
  },
  batchNorm2d: norm(),
  batchNorm1d: norm(),
  dropout: { functions: () => [], isAlias: true, statements: () => [] },
  add: {
    functions: () => ["add"],
    inPlace: true,
    statements: ({ outputShape }, { prefix, inputs: [first, ...others], output }) =>
      others.map((other, k) =>
        call(`${prefix}add`, k === 0 ? first : output, other, sizeOf(outputShape), output),
      ),
  },
  concat: {
    functions: () => [],
    statements: ({ resolved: { inputShapes } }, { inputs, output }) => {
      let next = 0;
      return inputs.map((input, k) => {
        const to = next === 0 ? output : `${output} + ${next}`;
        next += sizeOf(inputShapes[k]);
        return `memcpy(${to}, ${input}, ${sizeOf(inputShapes[k])} * sizeof(float));`;
      });
    },
  },
  flatten: { functions: () => [], isAlias: true, statements: () => [] },
  dense: {
    functions: () => ["dense"],
    statements: ({ name, resolved }, { prefix, inputs: [x], output, style }) => [
      call(
        `${prefix}dense`,
        x,
        resolved.inputShape[0],
        `${prefix}${name}_weight`,
        biasOf(prefix + name, resolved.bias, style.denseBias),
        resolved.outputShape[0],
        output,
      ),
    ],
  },
};

const geluOf = ({ approximate }: { readonly approximate: string }): CFunctionName =>
  approximate === "tanh" ? "gelu_tanh" : "gelu";
