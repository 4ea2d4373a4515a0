import { InputError } from "../errors.js";
import { formatShape, type Tensor } from "../tensor.js";

/** How a window (a kernel, a pool) moves over a padded image. Pairs are `[vertical, horizontal]`. */
export interface Window {
  /** Rows and columns of the window. */
  readonly kernel: readonly [number, number];
  /** How far the window moves from one output to the next. */
  readonly stride: readonly [number, number];
  /** How far apart the window's own cells are. */
  readonly dilation: readonly [number, number];
  /** `[top, right, bottom, left]` */
  readonly padding: readonly [number, number, number, number];
}

/** From the window's first cell to its last: a 3x3 kernel with dilation 2 reaches over 5x5. */
export function reachOf(kernel: readonly number[], dilation: readonly number[]): [number, number] {
  return [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1];
}

/**
 * `[rows, columns]` of the output: how often the window fits into the padded image. What is left over at the bottom and
 * on the right is dropped.
 * @throws InputError if it doesn't fit once.
 */
export function outputSize(inputSize: readonly [number, number], window: Window): [number, number] {
  const [top, right, bottom, left] = window.padding;
  const padded = [inputSize[0] + top + bottom, inputSize[1] + left + right];
  const reach = reachOf(window.kernel, window.dilation);
  if (reach[0] > padded[0] || reach[1] > padded[1]) {
    throw new InputError(
      `its window reaches over ${reach[0]}x${reach[1]} cells, but its input is ${inputSize[0]}x${inputSize[1]}` +
        `${padded[0] + padded[1] > inputSize[0] + inputSize[1] ? ` (${padded[0]}x${padded[1]} with padding ${formatShape(window.padding)})` : ""}` +
        `; use a smaller window, more padding, or fewer layers that shrink the image before it`,
    );
  }
  return [
    Math.floor((padded[0] - reach[0]) / window.stride[0]) + 1,
    Math.floor((padded[1] - reach[1]) / window.stride[1]) + 1,
  ];
}

/**
 * Output number k meets pixel k*stride + offset of a line: for k in [first, end) it lies in the line, for the others in
 * the padding.
 */
export function outputsInside(
  pixels: number,
  outputs: number,
  stride: number,
  offset: number,
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const end = Math.min(outputs, Math.floor((pixels - 1 - offset) / stride) + 1);
  return { first, end };
}

/** The pixel that the window's cell (u, v) lies on where the window makes output (i, j). It may be in the padding. */
export function pixelUnder(
  { stride, dilation, padding: [top, , , left] }: Window,
  [i, j]: readonly [number, number],
  [u, v]: readonly [number, number],
): [p: number, q: number] {
  return [i * stride[0] - top + u * dilation[0], j * stride[1] - left + v * dilation[1]];
}

/** A cell (u, v) of a window and the output (i, j) that the window makes. */
export interface Meeting {
  readonly window: readonly [u: number, v: number];
  readonly output: readonly [i: number, j: number];
}

/** The inverse of `pixelUnder`: where pixel (p, q) lies under a window, by the window's cells in row-major order. */
export function meetingsOf(
  layer: Window & { readonly outputShape: readonly [number, number, number] },
  [p, q]: readonly [number, number],
): Meeting[] {
  const [, I, J] = layer.outputShape;
  const meetings: Meeting[] = [];
  for (let u = 0; u < layer.kernel[0]; u++) {
    for (let v = 0; v < layer.kernel[1]; v++) {
      const [dy, dx] = pixelUnder(layer, [0, 0], [u, v]);
      const [i, j] = [(p - dy) / layer.stride[0], (q - dx) / layer.stride[1]];
      const isOutput = Number.isInteger(i) && Number.isInteger(j) && i >= 0 && i < I && j >= 0 && j < J;
      if (isOutput) meetings.push({ window: [u, v], output: [i, j] });
    }
  }
  return meetings;
}

/**
 * Where in `x` the largest pixel under the window of output (i, j) lies, in the channel that begins at `plane`: the first
 * among equals. NaN counts as the largest, so that it stays visible.
 */
export function winnerOf(
  layer: Window & { readonly inputShape: readonly [number, number, number] },
  { data }: Tensor,
  plane: number,
  i: number,
  j: number,
): number {
  const [, H, W] = layer.inputShape;
  const [U, V] = layer.kernel;
  const [top, left] = [i * layer.stride[0] - layer.padding[0], j * layer.stride[1] - layer.padding[3]];
  const rows = { first: Math.max(0, top), end: Math.min(H, top + U) };
  const columns = { first: Math.max(0, left), end: Math.min(W, left + V) };
  let winner = plane + rows.first * W + columns.first;
  for (let p = rows.first; p < rows.end; p++) {
    for (let q = columns.first; q < columns.end; q++) {
      const k = plane + p * W + q;
      if (data[k] > data[winner] || (Number.isNaN(data[k]) && !Number.isNaN(data[winner]))) winner = k;
    }
  }
  return winner;
}
