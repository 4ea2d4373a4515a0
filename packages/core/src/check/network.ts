import { linkLayers } from "../graph/links.js";
import type { ModelSpec } from "../graph/model.js";
import { known } from "../known.js";
import type { AnyLayer, AnyLayerSpec } from "../layers/index.js";
import type { Mode, ResolvedLayer } from "../layers/layer.js";
import { type ImageShape, type Shape, sizeOf, type Tensor } from "../tensor.js";

/** A layer of the network whose arrays are checked. */
export interface NetworkLayer {
  /** `conv1`, `relu1`, ..., or what the model calls it. */
  readonly name: string;
  /** That of its spec, or `unknown` for a layer that nothing is known of but its arrays. */
  readonly type: string;
  readonly kind: AnyLayer;
  readonly resolved: ResolvedLayer;
  /** The arrays that go in: `x`, or what layers before it give. */
  readonly inputs: readonly string[];
  /**
   * What comes back to each of them through this layer. That is its gradient, or, where other layers take it, too, a share
   * in it, which nobody saves and has a name that no array can have.
   */
  readonly inputGradients: readonly string[];
  /** `conv1.out` */
  readonly output: string;
  /** Whether its output lacks a row and a column: a mistake that the shapes alone show. */
  readonly shrunk: boolean;
  /** `conv1.weight` and `conv1.bias`; empty for layers that don't learn. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
  /** What it keeps without learning it, such as `norm1.running_mean`. */
  readonly state: readonly { readonly name: string; readonly shape: Shape }[];
  /** Whether it goes by what it keeps, as after training. */
  readonly mode: Mode;
}

/**
 * How the gradients relate to the mean loss. `mean`: they are its gradients. `sum`: all are those of the summed loss.
 * `parameters`: those of activations belong to the summed loss, those of parameters to the mean.
 */
export type GradientScale = "mean" | "sum" | "parameters";

/** What the loss is. `crossEntropy`: softmax and cross-entropy. */
export type LossReading = { readonly kind: "crossEntropy" } | SeparateLoss;

/**
 * A loss that sums over classes and images what each number is off, times a factor: (p - y)^2, or for `binary`
 * -(y log p + (1 - y) log(1 - p)).
 */
export interface SeparateLoss {
  readonly kind: "squares" | "binary";
  /** How p is made from the scores. */
  readonly link: "softmax" | "sigmoid" | "none";
  readonly factor: number;
}

export const CROSS_ENTROPY: LossReading = { kind: "crossEntropy" };

/** A network with one batch: what there is to compute. */
export interface CheckedNetwork {
  readonly spec: ModelSpec;
  readonly layers: readonly NetworkLayer[];
  /** The name of the scores: what the last layer gives. */
  readonly scores: string;
  readonly images: number;
  readonly classes: number;
  /** The right class of each image as a row of zeros with a one, `[N, K]`, if it is known. */
  readonly labels: Tensor | undefined;
  readonly scale: GradientScale;
  readonly loss: LossReading;
  /** The shape of each array that is computed, in the order of the computation. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** The layers of a given network with their shapes and places. */
export function resolveLayers(specs: readonly AnyLayerSpec[], inputShape: Shape): NetworkLayer[] {
  const shapes = new Map([["x", inputShape]]);
  const linked = linkLayers(specs);
  const takers = new Map<string, number>();
  for (const input of linked.flatMap(({ inputs }) => [...new Set(inputs)])) {
    takers.set(input, (takers.get(input) ?? 0) + 1);
  }
  return linked.map(({ name, kind, spec, options, inputs }) => {
    const [first, ...others] = inputs.map((input) => known(shapes.get(input)));
    const resolved = kind.resolve(options, first, ...others);
    shapes.set(`${name}.out`, resolved.outputShape);
    const inputGradients = inputs.map((input) =>
      takers.get(input) === 1 ? `grad.${input}` : `${name}'s share of grad.${input}`,
    );
    return makeLayer({ name, type: spec.type, kind }, resolved, inputs, inputGradients);
  });
}

/** A layer of a network whose layers stand one behind the other, under the name that it has in the file. */
export interface ChainPart {
  readonly name: string;
  /** Undefined for a layer of a kind that is not known here. */
  readonly spec: AnyLayerSpec | undefined;
  readonly kind: AnyLayer;
}

/** The layers of a chain. @param shrunk the outputs that lack a row and a column: some mistakes do that */
export function resolveChain(
  parts: readonly ChainPart[],
  inputShape: Shape,
  shrunk: ReadonlySet<string> = new Set(),
): NetworkLayer[] {
  let shape = inputShape;
  let before = "x";
  return parts.map(({ name, spec, kind }) => {
    const whole = kind.resolve(spec ?? { type: "unknown" }, shape);
    const resolved = shrunk.has(`${name}.out`) ? smaller(whole) : whole;
    const part = { name, type: spec?.type ?? "unknown", kind };
    const layer = makeLayer(part, resolved, [before], [`grad.${before}`], shrunk.has(`${name}.out`));
    shape = resolved.outputShape;
    before = layer.output;
    return layer;
  });
}

/** The network of a chain, without the layers that aren't known. */
export const specOfChain = (input: ImageShape, parts: readonly ChainPart[]): ModelSpec => ({
  input,
  layers: parts.map(({ spec }) => spec).filter((spec) => spec !== undefined),
});

function makeLayer(
  { name, type, kind }: Pick<NetworkLayer, "name" | "type" | "kind">,
  resolved: ResolvedLayer,
  inputs: readonly string[],
  inputGradients: readonly string[],
  shrunk = false,
): NetworkLayer {
  const named = (all: readonly { readonly name: string; readonly shape: Shape }[]) =>
    all.map((one) => ({ name: `${name}.${one.name}`, shape: one.shape }));
  return {
    name,
    type,
    kind,
    resolved,
    inputs,
    inputGradients,
    output: `${name}.out`,
    shrunk,
    parameters: named(kind.parameters(resolved)),
    state: named(kind.state?.(resolved) ?? []),
    mode: "training",
  };
}

/** The same layers, where those that keep something go by it, as after training. */
export const inEvaluation = (layers: readonly NetworkLayer[]): NetworkLayer[] =>
  layers.map((layer) => (layer.state.length > 0 ? { ...layer, mode: "evaluation" } : layer));

/** What is added to be a gradient, by its name, where several layers take an array: from the last of them first. */
export function sharesOf(layers: readonly NetworkLayer[]): Map<string, string[]> {
  const shares = new Map<string, string[]>();
  for (const { inputs, inputGradients } of [...layers].reverse()) {
    for (const [k, name] of inputGradients.entries()) {
      const whole = `grad.${inputs[k]}`;
      const known = shares.get(whole) ?? [];
      if (name !== whole && !known.includes(name)) shares.set(whole, [...known, name]);
    }
  }
  return shares;
}

/** A layer whose output lacks a row and a column. */
export function smaller(resolved: ResolvedLayer): ResolvedLayer {
  const [channels, height, width] = resolved.outputShape;
  return { ...resolved, outputShape: [channels, height - 1, width - 1] };
}

export interface CheckedBatch {
  readonly images: number;
  readonly labels: Tensor | undefined;
  readonly scale: GradientScale;
  readonly loss: LossReading;
}

/** The arrays of a network and a batch. */
export function makeNetwork(
  spec: ModelSpec,
  layers: readonly NetworkLayer[],
  batch: CheckedBatch,
): CheckedNetwork {
  const { images } = batch;
  const shapes = new Map<string, Shape>();
  const [{ output: scores }] = layers.slice(-1);
  for (const { output, resolved } of layers) shapes.set(output, [images, ...resolved.outputShape]);
  const ofScores = known(shapes.get(scores));
  shapes.set("probs", ofScores).set("loss", []);
  for (const { output, parameters, resolved } of [...layers].reverse()) {
    shapes.set(`grad.${output}`, [images, ...resolved.outputShape]);
    for (const { name, shape } of parameters) shapes.set(`grad.${name}`, shape);
  }
  shapes.set("grad.x", [images, ...spec.input]);
  for (const { parameters } of layers) {
    for (const { name, shape } of parameters) shapes.set(`new.${name}`, shape);
  }
  return { spec, layers, scores, classes: ofScores[1], shapes, ...batch };
}

/** Everything that the layers have besides what goes through them: parameters, and what they keep without learning it. */
export const parameterNamesOf = ({ layers }: Pick<CheckedNetwork, "layers">): string[] =>
  layers.flatMap(({ parameters, state }) => [...parameters, ...state].map(({ name }) => name));

/** Whether a layer writes the numbers of an image in one row, so that their order is a choice: flatten. */
export function writesOneRow({ resolved: { inputShape, outputShape } }: NetworkLayer): boolean {
  return inputShape.length === 3 && outputShape.length === 1 && sizeOf(inputShape) === outputShape[0];
}

/**
 * The arrays whose second dimension is in the order of a flatten layer, with the image that it takes apart: from it to the
 * next layer with weights, and these.
 */
export function flattenedArrays(layers: readonly NetworkLayer[]): Map<string, ImageShape> {
  const images = new Map<string, ImageShape>();
  for (const layer of layers) {
    const { inputs, output, parameters, resolved } = layer;
    const before = inputs.map((input) => images.get(input)).find((image) => image !== undefined);
    const image = writesOneRow(layer) ? (resolved.inputShape as ImageShape) : before;
    if (!image) continue;
    const [weight] = parameters;
    for (const prefix of ["", "grad.", "new."]) images.set(`${prefix}${weight?.name ?? output}`, image);
  }
  return images;
}
