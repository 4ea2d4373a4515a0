import { InputError } from "../errors.js";
import { formatShape } from "../tensor.js";

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
