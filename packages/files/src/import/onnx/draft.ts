import { InputError, type ModelSpec, type NamedTensors, textbook } from "unravel-cnn";
import { known } from "../../known.js";
import type { OnnxNode } from "../../onnx/schema.js";
import { flattenedOrder, isImages, isRow, wideAxes } from "./axes.js";
import {
  type Activation,
  type Affine,
  type Axis,
  type ImagesDraft,
  type LayerDraft,
  type ParameterDraft,
  refusal,
  type Source,
} from "./values.js";

/* The network as it grows, layer by layer. */

/** More than any network has. */
const MOST_LAYERS = 10_000;

const IMAGES: readonly Axis[] = ["N", "C", "H", "W"];
const ROW: readonly Axis[] = ["N", "K"];

/** What of a kind of layer is used here, whatever its options are. */
interface AnyKind {
  readonly prefix: string;
  readonly takesSeveral?: true;
  resolve(spec: object, ...shapes: (readonly number[])[]): { readonly outputShape: readonly number[] };
}
const kinds = textbook as unknown as Readonly<Record<string, AnyKind>>;

/** A layer to be added. */
export interface NewLayer {
  readonly type: string;
  /** Those that aren't as usual. */
  readonly options?: Record<string, unknown>;
  readonly parameters?: Record<string, ParameterDraft>;
}

export class NetworkDraft {
  readonly images: ImagesDraft;
  private layers: LayerDraft[] = [];
  private affine: Affine | undefined;
  private isImagesTaken = false;
  private readonly flattened = new Map<Source, LayerDraft>();

  constructor(shape: readonly number[]) {
    this.images = { type: "images", shape };
  }

  /** What is computed of the images before the first layer; undefined: nothing. */
  get normalization(): Affine | undefined {
    return this.affine;
  }

  /**
   * Adds a layer and returns what it gives, laid out as pictures or as a row.
   * @param order the place of its node in the file
   * @throws InputError that names the node, if the layer can't take these inputs
   */
  add(node: OnnxNode, order: number, inputs: readonly Activation[], layer: NewLayer): Activation {
    for (const input of inputs) this.take(node, input);
    const { type, options = {}, parameters = {} } = layer;
    const shapes = inputs.map(({ source }) => source.shape);
    let shape: readonly number[];
    try {
      shape = kinds[type].resolve({ type, ...options }, ...shapes).outputShape;
    } catch (error) {
      if (error instanceof InputError) throw refusal(node, `as the layer ${type}, ${error.message}`);
      throw error;
    }
    if (this.layers.length === MOST_LAYERS) {
      throw refusal(
        node,
        `the network has more than ${MOST_LAYERS.toLocaleString("en-US")} layers; make it smaller`,
      );
    }
    const sources = inputs.map(({ source }) => source);
    const source: LayerDraft = { type, options, inputs: sources, parameters, shape, order };
    this.layers.push(source);
    return { kind: "activation", source, axes: shape.length === 3 ? IMAGES : ROW };
  }

  /** Pictures, [images, channels, rows, columns] in the file. @throws InputError that names the node if it is something else */
  pictures(node: OnnxNode, value: Activation): Activation {
    if (isImages(value)) return value;
    throw refusal(
      node,
      value.source.shape.length === 3
        ? `it takes its input as [batch, channels, rows, columns], but it is laid out as [${value.axes.map(nameOf).join(", ")}]; a Transpose is missing`
        : "it takes pictures, but its input is a row of numbers, and there is no layer that makes pictures of rows",
    );
  }

  /**
   * A row of numbers, [images, numbers] in the file. Pictures of one pixel, or of one row of pixels in one channel, are flattened.
   * @throws InputError that names the node, if it is something else
   */
  row(node: OnnxNode, order: number, value: Activation): Activation {
    if (isRow(value)) return value;
    const { source, axes } = value;
    if (source.shape.length === 3 && axes[0] === "N" && wideAxes(value).length <= 1) {
      const wide = wideAxes(value)[0] ?? axes[1];
      const place = axes.indexOf(wide);
      const row = this.flatten(node, order, value);
      const rowAxes: Axis[] = axes.map((axis) => (axis === "N" ? "N" : axis === wide ? "K" : "1"));
      if (place === 1) return { ...row, axes: rowAxes };
    }
    throw refusal(
      node,
      `it takes a row of numbers for each image, but its input is laid out as [${axes.map(nameOf).join(", ")}]; a Flatten is missing`,
    );
  }

  /** The numbers of pictures in one row, in the order of the file. */
  flatten(node: OnnxNode, order: number, value: Activation): Activation {
    this.checkBorder(node, value);
    const known = this.flattened.get(value.source);
    const row: Activation = known
      ? { kind: "activation", source: known, axes: ROW }
      : this.add(node, order, [value], { type: "flatten" });
    // the images may come scaled and not, which adding a layer looks at
    if (value.source !== this.images) this.flattened.set(value.source, row.source as LayerDraft);
    const places = flattenedOrder(value);
    return { ...row, ...(places && { order: places }) };
  }

  private checkBorder(node: OnnxNode, { border }: Activation): void {
    if (border === undefined) return;
    throw refusal(node, "zeros are put around its input (Pad), which only convolutions and pools can take");
  }

  /** @throws InputError if this is a form of the images that no single normalisation gives */
  private take(node: OnnxNode, value: Activation): void {
    this.checkBorder(node, value);
    if (value.source !== this.images) return;
    if (this.isImagesTaken && !sameAffine(this.affine, value.affine)) {
      throw refusal(
        node,
        "it takes the images scaled otherwise than another node does, but there is one normalisation",
      );
    }
    this.isImagesTaken = true;
    this.affine = value.affine;
  }

  /**
   * The spec and the parameters of all layers that the scores come from, in the order of the file.
   * @param scores what the last layer gives
   */
  finish(scores: LayerDraft): {
    readonly layers: readonly { readonly name: string; readonly draft: LayerDraft }[];
    readonly spec: Pick<ModelSpec, "input" | "layers">;
    readonly parameters: NamedTensors;
  } {
    const isUsed = new Set<Source>([scores]);
    const sorted = this.layers.map((draft, made) => ({ draft, made }));
    for (const { draft } of sorted.toReversed()) {
      if (isUsed.has(draft)) for (const input of draft.inputs) isUsed.add(input);
    }
    const kept = sorted
      .filter(({ draft }) => isUsed.has(draft))
      .sort((a, b) => a.draft.order - b.draft.order || a.made - b.made);
    const counts: Record<string, number> = {};
    const layers = kept.map(({ draft }) => {
      const { prefix } = kinds[draft.type];
      counts[prefix] = (counts[prefix] ?? 0) + 1;
      return { name: `${prefix}${counts[prefix]}`, draft };
    });
    const names = new Map<Source, string>([[this.images, "x"]]);
    for (const { name, draft } of layers) names.set(draft, name);
    const specs = layers.map(({ draft }, k) => {
      const from = draft.inputs.map((input) => known(names.get(input)));
      const before = k === 0 ? this.images : layers[k - 1].draft;
      const followsOn = from.length === 1 && draft.inputs[0] === before;
      return {
        type: draft.type,
        ...draft.options,
        ...(!followsOn && { from: from.length === 1 ? from[0] : from }),
      };
    });
    const parameters: NamedTensors = {};
    for (const { name, draft } of layers) {
      for (const [own, { shape, data }] of Object.entries(draft.parameters)) {
        parameters[`${name}.${own}`] = { shape, data };
      }
    }
    const spec = { input: this.images.shape, layers: specs } as unknown as Pick<
      ModelSpec,
      "input" | "layers"
    >;
    return { layers, spec, parameters };
  }
}

function sameAffine(a: Affine | undefined, b: Affine | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const AXIS_NAMES: Record<Axis, string> = {
  N: "batch",
  C: "channels",
  H: "rows",
  W: "columns",
  K: "numbers",
  "1": "1",
};

const nameOf = (axis: Axis) => AXIS_NAMES[axis];
