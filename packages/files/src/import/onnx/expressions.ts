import { InputError } from "unravel-cnn";
import type { OnnxNode } from "../../onnx/schema.js";
import { likeOf, sameLayout, shapeInFile } from "./axes.js";
import { curveOperators, directLayers, matchCurve } from "./curves.js";
import type { NetworkDraft } from "./draft.js";
import { shownNames } from "./parameters.js";
import {
  type Activation,
  type Affine,
  type Constant,
  described,
  type Expression,
  type ParameterDraft,
  refusal,
} from "./values.js";

/*
 * What is computed number by number. A Sigmoid may be a layer, or the beginning of a SiLU, so such nodes stay expressions until a node
 * comes that needs what a layer gives.
 */

/** Longer ones are made layers of where they stand, if they can be. */
const DEEPEST = 16;
/** More nodes than are ever one layer. */
const MOST_DEEP = 64;

/**
 * The node as an expression.
 * @param operator what it computes, if another operator has the same name for it
 * @throws InputError if its inputs differ in shape or it takes no images at all
 */
export function expressionOf(
  network: NetworkDraft,
  node: OnnxNode,
  order: number,
  args: readonly (Activation | Expression | Constant)[],
  option = 0,
  operator = node.operator,
): Expression {
  const values = args.filter((arg) => arg.kind !== "constant");
  const [first] = values;
  for (const other of values) {
    if (!sameLayout(first, other)) {
      throw refusal(
        node,
        `its inputs have the shapes ${described(shapeInFile(first))} and ${described(shapeInFile(other))}, or the same numbers in another order, but layers combine equal shapes only`,
      );
    }
  }
  for (const arg of args) if (arg.kind === "constant") checkFits(node, arg, first);
  let depth = 1 + Math.max(...values.map(depthOf));
  if (depth > DEEPEST) {
    for (const value of values) settle(network, value, depth > MOST_DEEP);
    depth = 1 + Math.max(...values.map(depthOf));
  }
  const { axes } = first;
  const made: Expression = { kind: "expression", operator, node, order, args, option, axes, depth };
  const isWhole = args.length === 1 && Object.hasOwn(directLayers, operator) && !BEGINNINGS.has(operator);
  if (isWhole || (ENDS.has(operator) && matchCurve(made))) settle(network, made, true);
  return made;
}

/** How many nodes deep it is below what layers give. */
const depthOf = (value: Activation | Expression) =>
  value.kind === "expression" && !value.activation ? value.depth : 0;

/**
 * Makes a layer of an expression now.
 * @param must whether it is an error if there is none, or it may be a part of one
 */
function settle(network: NetworkDraft, value: Activation | Expression, must: boolean): void {
  try {
    activationOf(network, value);
  } catch (error) {
    if (must || !(error instanceof InputError)) throw error;
  }
}

/** Layers that may also be the beginning of SiLU or GELU. */
const BEGINNINGS: ReadonlySet<string> = new Set(["Sigmoid", "Tanh"]);

/** What such functions mostly end in. */
const ENDS: ReadonlySet<string> = new Set(["Mul", "Div"]);

/** Constants are spread over the value, and may not be larger than it. */
function checkFits(node: OnnxNode, constant: Constant, value: Activation | Expression): void {
  const shape = shapeInFile(value, 1);
  const own = padded(constant.shape, shape.length);
  if (constant.shape.length <= shape.length && own.every((size, k) => size === 1 || size === shape[k]))
    return;
  throw refusal(
    node,
    `its constant of shape ${described(constant.shape)} doesn't fit numbers of shape ${described(shapeInFile(value))}`,
  );
}

const padded = (shape: readonly number[], rank: number) => [
  ...Array<number>(Math.max(0, rank - shape.length)).fill(1),
  ...shape,
];

/**
 * A constant that has one number for each channel of pictures, or place of a row, or one for all: so many numbers, in the order that
 * they have here. Undefined: it is another one.
 */
export function perChannel(constant: Constant, value: Activation | Expression): number[] | undefined {
  const { source, order } = likeOf(value);
  const channelAxis = source.shape.length === 3 ? "C" : "K";
  const shape = padded(constant.shape, value.axes.length);
  if (shape.some((size, k) => size !== 1 && value.axes[k] !== channelAxis)) return undefined;
  const count = source.shape[0];
  const { data } = constant;
  const numbers = new Array<number>(count);
  for (let k = 0; k < count; k++) numbers[order ? order[k] : k] = data[data.length === 1 ? 0 : k];
  return numbers;
}

/** What a layer gives. @throws InputError that names the node, if no layer computes this */
export function activationOf(network: NetworkDraft, value: Activation | Expression): Activation {
  if (value.kind === "activation") return value;
  value.activation ??= affineImages(network, value) ?? layerOf(network, value);
  return value.activation;
}

function layerOf(network: NetworkDraft, value: Expression): Activation {
  const { node, order, operator, args, axes } = value;
  const inputs = args.filter((arg) => arg.kind !== "constant");
  const like = likeOf(value);
  const laidOut = (made: Activation): Activation => ({
    ...made,
    axes,
    ...(like.order && { order: like.order }),
  });
  const isAlone = args.length === 1 && Object.hasOwn(directLayers, operator);
  const match = isAlone ? { spec: directLayers[operator](value.option), base: inputs[0] } : matchCurve(value);
  if (match) {
    const { type, ...options } = match.spec;
    return laidOut(network.add(node, order, [activationOf(network, match.base)], { type, options }));
  }
  if (additions.has(operator) && inputs.length === args.length) {
    if (inputs.length === 1) return activationOf(network, inputs[0]);
    const all = inputs.map((input) => activationOf(network, input));
    return laidOut(network.add(node, order, all, { type: "add" }));
  }
  const scaled = scaledPictures(network, value);
  if (scaled) return laidOut(scaled);
  throw refusal(node, whyNot(value));
}

const additions: ReadonlySet<string> = new Set(["Add", "Sum"]);

function whyNot({ operator, args }: Expression): string {
  const isScaling = Object.hasOwn(affineSteps, operator) && args.some(({ kind }) => kind === "constant");
  if (isScaling) {
    return "no layer scales rows of numbers or shifts them, nor pictures by constants that differ from pixel to pixel; if it is a batch normalisation that was turned into Mul and Add, export it as BatchNormalization, or merged into the layer before it";
  }
  const inputs = args.filter(({ kind }) => kind !== "constant").length;
  if (inputs > 1) return "layers add tensors or concatenate them, but none combines them in this way";
  return `what it computes is none of the functions that are layers: ${Object.keys(directLayers).join(", ")}, SiLU, ReLU6`;
}

/** The images, each channel scaled and shifted, if it is nothing else. */
function affineImages(network: NetworkDraft, value: Expression): Activation | undefined {
  const like = likeOf(value);
  if (like.source !== network.images || like.border) return undefined;
  const { base, affine } = affineOf(value);
  return base.kind === "activation" ? { ...like, affine } : undefined;
}

interface Scaled {
  /** What is scaled and shifted. */
  readonly base: Activation | Expression;
  readonly affine: Affine;
  /** The names of the constants that scale, and of those that shift. */
  readonly from: { readonly scale: readonly string[]; readonly shift: readonly string[] };
}

/** The value as another one whose channels are scaled and shifted: itself, if no constants do that. */
function affineOf(value: Activation | Expression): Scaled {
  const channels = likeOf(value).source.shape[0];
  const identity = { scale: Array(channels).fill(1), shift: Array(channels).fill(0) };
  const none = { scale: [], shift: [] };
  if (value.kind === "activation") return { base: value, affine: value.affine ?? identity, from: none };
  const { operator, args } = value;
  const step = Object.hasOwn(affineSteps, operator) ? affineSteps[operator] : undefined;
  const place = args.findIndex(({ kind }) => kind === "constant");
  const constant = args[place];
  const isStep = step && args.length === 2 && (place === 1 || (place === 0 && step.isEitherWay));
  const numbers = constant?.kind === "constant" ? perChannel(constant, value) : undefined;
  if (!isStep || constant?.kind !== "constant" || !numbers)
    return { base: value, affine: identity, from: none };
  const inner = affineOf(args[1 - place] as Activation | Expression);
  const from = { ...inner.from, [step.what]: [...inner.from[step.what], constant.from] };
  return { ...inner, affine: step.apply(inner.affine, numbers, place === 0), from };
}

/** Pictures whose channels are scaled and shifted behind a layer: a convolution of each channel by itself, with one weight. */
function scaledPictures(network: NetworkDraft, value: Expression): Activation | undefined {
  const { base, affine, from } = affineOf(value);
  const [filters, ...sides] = likeOf(value).source.shape;
  if (base === value || sides.length === 0) return undefined;
  const parameter = (part: keyof Affine, shape: readonly number[]): ParameterDraft => ({
    shape,
    data: Float32Array.from(affine[part]),
    from: shownNames(from[part].length > 0 ? from[part] : value.node.outputs),
    how: part === "scale" ? "what each channel is multiplied with" : "what is added to each channel",
  });
  const isShifted = from.shift.length > 0;
  return network.add(value.node, value.order, [activationOf(network, base)], {
    type: "conv2d",
    options: { filters, kernel: 1, ...(!isShifted && { bias: false }), groups: filters },
    parameters: {
      weight: parameter("scale", [filters, 1, 1, 1]),
      ...(isShifted && { bias: parameter("shift", [filters]) }),
    },
  });
}

/** What an operator with a constant does to scaled and shifted numbers. */
const affineSteps: Readonly<
  Record<
    string,
    {
      readonly what: keyof Affine;
      readonly isEitherWay: boolean;
      readonly apply: (inner: Affine, by: readonly number[], isConstantFirst: boolean) => Affine;
    }
  >
> = {
  Add: {
    what: "shift",
    isEitherWay: true,
    apply: ({ scale, shift }, by) => ({ scale, shift: shift.map((value, c) => value + by[c]) }),
  },
  Sub: {
    what: "shift",
    isEitherWay: true,
    apply: ({ scale, shift }, by, isConstantFirst) =>
      isConstantFirst
        ? { scale: scale.map((value) => -value), shift: shift.map((value, c) => by[c] - value) }
        : { scale, shift: shift.map((value, c) => value - by[c]) },
  },
  Mul: {
    what: "scale",
    isEitherWay: true,
    apply: ({ scale, shift }, by) => ({
      scale: scale.map((value, c) => value * by[c]),
      shift: shift.map((value, c) => value * by[c]),
    }),
  },
  Div: {
    what: "scale",
    isEitherWay: false,
    apply: ({ scale, shift }, by) => ({
      scale: scale.map((value, c) => value / by[c]),
      shift: shift.map((value, c) => value / by[c]),
    }),
  },
};

/** The operators that make expressions. */
export const pointwise: readonly string[] = Object.keys(curveOperators);
