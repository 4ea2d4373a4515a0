import { InputError, show } from "./errors.js";
import { kindOf } from "./options.js";

/** Sizes of the dimensions, outermost first. `[]` is a single number. */
export type Shape = readonly number[];

/** The shape of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** The numbers of a tensor, row-major. */
export type FloatArray = Float32Array | Float64Array;

/** How precise a tensor's numbers are. */
export type DType = "float32" | "float64";

/** The precisions that there are. */
export const dtypes: readonly DType[] = ["float32", "float64"];

/** Numbers in row-major order: the last dimension is contiguous. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: FloatArray;
}

/** Tensors under their contract names: `conv1.weight`, `fc1.bias`, `grad.conv1.out`, ... */
export type NamedTensors = Record<string, Tensor>;

/** How many numbers a shape holds. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  const size = sizeOf(shape);
  return { shape, data: dtype === "float64" ? new Float64Array(size) : new Float32Array(size) };
}

/**
 * A tensor that holds a copy of `values`.
 * @throws InputError if the number of values is not what the shape holds.
 */
export function tensor(shape: Shape, values: ArrayLike<number>, dtype: DType = "float32"): Tensor {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new InputError(
      `The shape of a tensor must be a list of whole numbers like [2, 3], not ${show(shape)}.`,
    );
  }
  if (values.length !== sizeOf(shape)) {
    throw new InputError(
      `A tensor of shape ${formatShape(shape)} holds ${sizeOf(shape)} numbers, but ${values.length} were given.`,
    );
  }
  return { shape, data: dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values) };
}

/**
 * Looks whether something is a tensor.
 * @throws InputError unless it is a tensor whose numbers fill its shape. The message is no sentence yet.
 */
export function checkTensor(t: Tensor): void {
  const { shape, data } = Object(t) as Partial<Tensor>;
  const floats = data instanceof Float32Array || data instanceof Float64Array;
  if (!Array.isArray(shape) || !floats) {
    throw new InputError(
      `it must be a tensor, { shape, data } with its data in a Float32Array or Float64Array, not ${Array.isArray(shape) ? `one with ${kindOf(data)}` : kindOf(t)}`,
    );
  }
  if (data.length !== sizeOf(shape)) {
    throw new InputError(
      `a tensor of shape ${formatShape(shape)} holds ${sizeOf(shape)} numbers, but its data has ${data.length}`,
    );
  }
}

/** Of which precision a tensor's numbers are. */
export function dtypeOf(t: Tensor): DType {
  return t.data instanceof Float64Array ? "float64" : "float32";
}

/** The same numbers in their own memory, in `dtype` (by default unchanged). */
export function copyOf(t: Tensor, dtype: DType = dtypeOf(t)): Tensor {
  return tensor(t.shape, t.data, dtype);
}

/** Copies of all tensors, in `dtype` (by default each unchanged). */
export function copyAll(tensors: NamedTensors, dtype?: DType): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, copyOf(t, dtype ?? dtypeOf(t))]),
  );
}

/** The index of the largest number in each row of `[N, K]`; among equals, the first. */
export function largestInRows(t: Tensor): Uint32Array {
  const [N, K] = t.shape;
  const winners = new Uint32Array(N);
  for (let n = 0; n < N; n++) {
    for (let k = 1; k < K; k++) if (t.data[n * K + k] > t.data[n * K + winners[n]]) winners[n] = k;
  }
  return winners;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

/** `[1, 28, 28]` */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
