import { winogradPays } from "../../src/compiler/kernels/winograd/scratch.js";
import type { ModelLayer } from "../../src/graph/model.js";
import type { Conv2d } from "../../src/layers/conv2d.js";
import { type NamedTensors, sizeOf, type Tensor, zeros } from "../../src/tensor.js";

/*
 * What the roundings of a convolution that is computed by tiles are relative to. A tile's sums have all its pixels in them,
 * also those that cancel out in the end, so no cell is more exact than the largest of its plane.
 */

/** Twice what was seen on a thousand random networks. */
const GROWTH = 4;

export function isTiled({ spec, resolved }: ModelLayer): boolean {
  return spec.type === "conv2d" && winogradPays(resolved as Conv2d);
}

/** All tensors hold absolute values. Sizes of the output, `[N, O, I, J]`. */
export function tiledOutputSizes(
  { resolved }: ModelLayer,
  x: Tensor,
  { weight, bias }: NamedTensors,
): Tensor {
  const layer = resolved as Conv2d;
  const largest = planes(x, Math.max);
  const weights = planes(weight, add);
  return fillPlanes([x.shape[0], ...layer.outputShape], (n, o) => {
    let size = bias ? bias.data[o] : 0;
    for (let c = 0; c < x.shape[1]; c++) size += GROWTH * largest(n, c) * weights(o, c);
    return size;
  });
}

/** Sizes of the input's gradient, `[N, C, H, W]`. */
export function tiledInputGradientSizes(
  { resolved }: ModelLayer,
  { weight }: NamedTensors,
  outputGradient: Tensor,
): Tensor {
  const [N, O] = outputGradient.shape;
  const largest = planes(outputGradient, Math.max);
  const weights = planes(weight, add);
  return fillPlanes([N, ...(resolved as Conv2d).inputShape], (n, c) => {
    let size = 0;
    for (let o = 0; o < O; o++) size += GROWTH * largest(n, o) * weights(o, c);
    return size;
  });
}

/** Sizes of the gradients of the weights, `[O, C, U, V]`. */
export function tiledWeightGradientSizes(
  { resolved }: ModelLayer,
  x: Tensor,
  outputGradient: Tensor,
): Tensor {
  const { inputShape, outputShape, kernel } = resolved as Conv2d;
  const largest = planes(x, Math.max);
  const gradients = planes(outputGradient, add);
  return fillPlanes([outputShape[0], inputShape[0], ...kernel], (o, c) => {
    let size = 0;
    for (let n = 0; n < x.shape[0]; n++) size += GROWTH * largest(n, c) * gradients(n, o);
    return size;
  });
}

const add = (a: number, b: number) => a + b;

/** Each plane of `[A, B, ...]` reduced to one number. */
function planes({ shape, data }: Tensor, reduce: (a: number, b: number) => number) {
  const size = sizeOf(shape.slice(2));
  const values = Float64Array.from({ length: data.length / size }, (_, k) =>
    Float64Array.from(data.subarray(k * size, (k + 1) * size)).reduce((a, b) => reduce(a, b), 0),
  );
  return (a: number, b: number) => values[a * shape[1] + b];
}

/** `[A, B, ...]` with the same number everywhere in a plane. */
function fillPlanes(shape: readonly number[], sizeFor: (a: number, b: number) => number): Tensor {
  const filled = zeros(shape, "float64");
  const size = sizeOf(shape.slice(2));
  for (let a = 0; a < shape[0]; a++) {
    for (let b = 0; b < shape[1]; b++) {
      const first = (a * shape[1] + b) * size;
      filled.data.fill(sizeFor(a, b), first, first + size);
    }
  }
  return filled;
}
