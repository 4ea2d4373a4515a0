import type { ModelSpec } from "../graph/model.js";
import { type AnyLayer, type AnyLayerSpec, layerKinds } from "../layers/index.js";
import type { ResolvedLayer } from "../layers/layer.js";
import type { ImageShape, Shape, Tensor } from "../tensor.js";

/** A layer of the network whose arrays are checked. */
export interface NetworkLayer {
  /** `conv1`, `relu1`, ... */
  readonly name: string;
  readonly type: AnyLayerSpec["type"];
  readonly kind: AnyLayer;
  readonly resolved: ResolvedLayer;
  /** The array that goes in: `x`, or the layer before it with `.out`. */
  readonly input: string;
  /** `conv1.out` */
  readonly output: string;
  /** Whether its output lacks a row and a column: a mistake that the shapes alone show. */
  readonly shrunk: boolean;
  /** `conv1.weight` and `conv1.bias`; empty for layers that don't learn. */
  readonly parameters: readonly { readonly name: string; readonly shape: Shape }[];
}

/**
 * How the gradients relate to the mean loss. `mean`: they are its gradients. `sum`: all are those of the summed loss.
 * `parameters`: those of activations belong to the summed loss, those of parameters to the mean.
 */
export type GradientScale = "mean" | "sum" | "parameters";

/** A network with one batch: what there is to compute. */
export interface Network {
  readonly spec: ModelSpec;
  readonly layers: readonly NetworkLayer[];
  readonly images: number;
  readonly classes: number;
  /** The right class of each image as a row of zeros with a one, `[N, K]`, if it is known. */
  readonly labels: Tensor | undefined;
  readonly scale: GradientScale;
  /** The shape of each array that is computed, in the order of the computation. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** A layer with its place. Some mistakes give smaller images: `shrunk` says which layers' outputs lack a row and a column. */
export function resolveChain(
  specs: readonly AnyLayerSpec[],
  inputShape: Shape,
  shrunk: ReadonlySet<number> = new Set(),
): NetworkLayer[] {
  const counts: Record<string, number> = {};
  let shape = inputShape;
  let input = "x";
  return specs.map((spec, index) => {
    const kind: AnyLayer = layerKinds[spec.type] as AnyLayer;
    counts[kind.prefix] = (counts[kind.prefix] ?? 0) + 1;
    const name = `${kind.prefix}${counts[kind.prefix]}`;
    let resolved = kind.resolve(spec, shape);
    if (shrunk.has(index)) {
      const [channels, height, width] = resolved.outputShape;
      resolved = { ...resolved, outputShape: [channels, height - 1, width - 1] };
    }
    const layer = {
      name,
      type: spec.type,
      kind,
      resolved,
      input,
      output: `${name}.out`,
      shrunk: shrunk.has(index),
      parameters: kind
        .parameters(resolved)
        .map((parameter) => ({ name: `${name}.${parameter.name}`, shape: parameter.shape })),
    };
    shape = resolved.outputShape;
    input = layer.output;
    return layer;
  });
}

export interface Batch {
  readonly images: number;
  readonly labels: Tensor | undefined;
  readonly scale: GradientScale;
}

/** The arrays of a network and a batch. */
export function makeNetwork(spec: ModelSpec, layers: readonly NetworkLayer[], batch: Batch): Network {
  const { images } = batch;
  const last = layers[layers.length - 1];
  const shapes = new Map<string, Shape>();
  for (const { output, resolved } of layers) shapes.set(output, [images, ...resolved.outputShape]);
  const scores = shapes.get(last.output) as Shape;
  shapes.set("probs", scores).set("loss", []);
  shapes.set(`grad.${last.output}`, scores);
  for (const { input, parameters, resolved } of [...layers].reverse()) {
    for (const { name, shape } of parameters) shapes.set(`grad.${name}`, shape);
    shapes.set(`grad.${input}`, [images, ...resolved.inputShape]);
  }
  for (const { parameters } of layers) {
    for (const { name, shape } of parameters) shapes.set(`new.${name}`, shape);
  }
  return { spec, layers, classes: scores[1], shapes, ...batch };
}

/** The image's shape where flatten takes it apart, if the network has a flatten layer. */
export function flattenedShape(layers: readonly NetworkLayer[]): ImageShape | undefined {
  const flatten = layers.find(({ type }) => type === "flatten");
  return flatten?.resolved.inputShape as ImageShape | undefined;
}

/** The arrays whose second dimension is in the order of flatten: from it to the next dense layer, and that one's weights. */
export function flattenedArrays(layers: readonly NetworkLayer[]): Set<string> {
  const names = new Set<string>();
  let flat = false;
  for (const { type, name, output } of layers) {
    if (type === "flatten") flat = true;
    if (flat && type === "dense") {
      for (const prefix of ["", "grad.", "new."]) names.add(`${prefix}${name}.weight`);
      break;
    }
    if (flat) names.add(output).add(`grad.${output}`);
  }
  return names;
}
