import { InputError } from "unravel-cnn";
import type { OnnxNode } from "../../onnx/schema.js";

/* What the tensors of a graph are while it is read: constants, and what layers give, as the file lays it out. */

/** Numbers that are the same whatever goes into the network. */
export interface Constant {
  readonly kind: "constant";
  readonly shape: readonly number[];
  /** Row-major. Among whole numbers, BATCH stands for the number of images where the file doesn't fix it. */
  readonly data: Float32Array | Float64Array;
  readonly isWhole: boolean;
  /** Its name in the file. */
  readonly from: string;
  /** What was done to it since. */
  readonly how: readonly string[];
}

/** The number of images in a batch: no number is like it, so nothing can be computed with it by mistake. */
export const BATCH = Number.NaN;

/**
 * What a dimension of a tensor in the file is here: images, channels, rows and columns of pictures, the places of a row of
 * numbers, or nothing (a size of 1).
 */
export type Axis = "N" | "C" | "H" | "W" | "K" | "1";

/** Each channel of the images is multiplied by a number, and another is added, before the first layer. */
export interface Affine {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

export interface ParameterDraft {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly from: string;
  readonly how: string;
}

/** A layer as it is found. */
export interface LayerDraft {
  readonly type: string;
  /** The options of its spec. */
  options: Record<string, unknown>;
  readonly inputs: readonly Source[];
  readonly parameters: Record<string, ParameterDraft>;
  /** Of its output, for one image. */
  readonly shape: readonly number[];
  /** The place in the file of the node that gives its output. */
  readonly order: number;
}

/** Where a tensor comes from: a layer, or the images. */
export type Source = LayerDraft | ImagesDraft;

export interface ImagesDraft {
  readonly type: "images";
  readonly shape: readonly number[];
}

/** What a layer gives, or the images, in the order that the file lays it out. */
export interface Activation {
  readonly kind: "activation";
  readonly source: Source;
  /** One for each dimension in the file; a size of 1 may be missing. */
  readonly axes: readonly Axis[];
  /** For rows of numbers in another order: the place here of each place in the file. */
  readonly order?: Int32Array;
  /** Zeros around pictures that the next layer has to add: top, right, bottom, left. */
  readonly border?: readonly [number, number, number, number];
  /** Of the images alone. */
  readonly affine?: Affine;
  /** Whether the layer has no bias and nobody else takes what it gives, so that an addition can become its bias. */
  readonly isOpen?: boolean;
}

/** What is computed number by number, as long as it isn't known which layer that is: ONNX writes GELU as five nodes. */
export interface Expression {
  readonly kind: "expression";
  readonly operator: string;
  readonly node: OnnxNode;
  readonly order: number;
  readonly args: readonly (Activation | Expression | Constant)[];
  /** A constant of the operator: the slope of LeakyRelu. */
  readonly option: number;
  /** Shaped as the first of `args` that isn't constant. */
  readonly axes: readonly Axis[];
  readonly depth: number;
  /** Once it is known. */
  activation?: Activation;
}

/** Probabilities, which are part of the loss here. */
export interface Ending {
  readonly kind: "ending";
  readonly of: Activation | Expression;
  readonly loss: string;
  readonly operator: string;
}

export type Value = Constant | Activation | Expression | Ending;

/** A node that can't be taken, in a sentence. */
export function refusal(node: OnnxNode, why: string): InputError {
  const name = node.name || node.outputs[0] || "";
  return new InputError(
    `The node ${quoted(name)} (${node.operator || "no operator"}): ${why.replace(/\.$/, "")}.`,
  );
}

/** A name of the file, cut where it is long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 79)}…` : name);
}

/** `[batch, 3, 32, 32]` */
export function described(shape: readonly number[]): string {
  const sizes = shape.slice(0, 8).map((size) => (Number.isNaN(size) ? "batch" : String(size)));
  return `[${sizes.join(", ")}${shape.length > 8 ? ", …" : ""}]`;
}

/** The shortest decimal number that is this one in float32: 0.00001, not 0.000009999999747378752. */
export function shortest(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(single.toPrecision(digits));
    if (Math.fround(rounded) === single) return rounded;
  }
  return single;
}
