import type { AveragePool2d } from "../../src/layers/averagePool2d.js";
import type { Conv2d } from "../../src/layers/conv2d.js";
import type { MaxPool2d } from "../../src/layers/maxPool2d.js";
import { sizeOf, type Tensor, zeros } from "../../src/tensor.js";

/*
 * The layers once more, cell by cell from their formulas, with no thought of speed and nothing shared with the library
 * but the options.
 */

/** `x[n, c, p, q]`, or `outside` where (p, q) lies in the padding. */
function cellOf({ shape: [, C, H, W], data }: Tensor, outside: number) {
  return (n: number, c: number, p: number, q: number): number =>
    p < 0 || q < 0 || p >= H || q >= W ? outside : data[n * C * H * W + c * H * W + p * W + q];
}

export function convolution(layer: Conv2d, x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const [top, , , left] = layer.padding;
  const y = zeros([x.shape[0], ...layer.outputShape], "float64");
  const pixel = cellOf(x, 0);
  const w = cellOf(weight, Number.NaN);
  let cell = 0;
  for (let n = 0; n < y.shape[0]; n++)
    for (let o = 0; o < y.shape[1]; o++)
      for (let i = 0; i < y.shape[2]; i++)
        for (let j = 0; j < y.shape[3]; j++) {
          let sum = bias ? bias.data[o] : 0;
          // filters and channels in as many equal parts
          const part = Math.floor((o * layer.groups) / y.shape[1]);
          const first = part * weight.shape[1];
          for (let c = 0; c < weight.shape[1]; c++)
            for (let u = 0; u < weight.shape[2]; u++)
              for (let v = 0; v < weight.shape[3]; v++) {
                const p = i * layer.stride[0] - top + u * layer.dilation[0];
                const q = j * layer.stride[1] - left + v * layer.dilation[1];
                sum += w(o, c, u, v) * pixel(n, first + c, p, q);
              }
          y.data[cell++] = sum;
        }
  return y;
}

/** The mean of each window; what lies in the padding counts as 0. */
export function averagePooling(layer: AveragePool2d, x: Tensor): Tensor {
  const [top, , , left] = layer.padding;
  const [U, V] = layer.kernel;
  const y = zeros([x.shape[0], ...layer.outputShape], "float64");
  const pixel = cellOf(x, 0);
  let cell = 0;
  for (let n = 0; n < y.shape[0]; n++)
    for (let c = 0; c < y.shape[1]; c++)
      for (let i = 0; i < y.shape[2]; i++)
        for (let j = 0; j < y.shape[3]; j++) {
          let sum = 0;
          for (let u = 0; u < U; u++)
            for (let v = 0; v < V; v++)
              sum += pixel(n, c, i * layer.stride[0] - top + u, j * layer.stride[1] - left + v);
          y.data[cell++] = sum / (U * V);
        }
  return y;
}

/**
 * A batch whose channels have mean 0 and, but for eps, variance 1, by their own means and variances or by those that are
 * given.
 */
export function normalisation(
  { shape, data }: Tensor,
  eps = 0,
  given?: { readonly mean: ArrayLike<number>; readonly variance: ArrayLike<number> },
): { readonly mean: number[]; readonly variance: number[]; readonly normalised: Float64Array } {
  const [N, C, ...places] = shape;
  const size = sizeOf(places);
  const channel = (k: number) => Math.floor(k / size) % C;
  const channels = Array.from({ length: C }, (_, c) => data.filter((_, k) => channel(k) === c));
  const total = (values: Iterable<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
  const mean = given ? Array.from(given.mean) : channels.map((values) => total(values) / (N * size));
  const variance = given
    ? Array.from(given.variance)
    : channels.map((values, c) => total(values.map((value) => (value - mean[c]) ** 2)) / (N * size));
  const normalised = Float64Array.from(data, (value, k) => {
    const c = channel(k);
    return (value - mean[c]) / Math.sqrt(variance[c] + eps);
  });
  return { mean, variance, normalised };
}

/** The largest value of each window, and where in `x` it lies: the first in row-major order among equals. */
export function maxPooling(layer: MaxPool2d, x: Tensor): { readonly y: Tensor; readonly winners: number[] } {
  const [top, , , left] = layer.padding;
  const [C, H, W] = layer.inputShape;
  const y = zeros([x.shape[0], ...layer.outputShape], "float64");
  const pixel = cellOf(x, Number.NEGATIVE_INFINITY);
  const winners: number[] = [];
  for (let n = 0; n < y.shape[0]; n++)
    for (let c = 0; c < C; c++)
      for (let i = 0; i < y.shape[2]; i++)
        for (let j = 0; j < y.shape[3]; j++) {
          const window: { value: number; at: number }[] = [];
          for (let u = 0; u < layer.kernel[0]; u++)
            for (let v = 0; v < layer.kernel[1]; v++) {
              const p = i * layer.stride[0] - top + u;
              const q = j * layer.stride[1] - left + v;
              window.push({ value: pixel(n, c, p, q), at: ((n * C + c) * H + p) * W + q });
            }
          const largest = Math.max(...window.map(({ value }) => value));
          const winner = window.find(({ value }) => value === largest);
          y.data[winners.length] = largest;
          winners.push(winner?.at ?? -1);
        }
  return { y, winners };
}
