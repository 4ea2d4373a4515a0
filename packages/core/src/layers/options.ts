import { InputError, show } from "../errors.js";
import { wholeNumber } from "../options.js";
import type { Shape } from "../tensor.js";
import { formatShape } from "../tensor.js";
import type { Window } from "./window.js";

/** One number for both directions, or `[vertical, horizontal]`. */
export type Pair = number | readonly [number, number];

/** Empty rows and columns around an image: the same on all sides, `[top, right, bottom, left]`, or `"same"`. */
export type Padding = number | readonly [number, number, number, number] | "same";

/** The largest number of values that a tensor of one image, or a parameter, may hold: 2^28 (1 GiB in float32). */
const LARGEST_TENSOR = 2 ** 28;

/* Every function here throws an InputError that names the option. Who calls adds the layer's name. */

/** `[vertical, horizontal]`, each a whole number of at least 1. */
export function pair(name: string, value: unknown): [number, number] {
  if (!Array.isArray(value)) {
    const both = wholeNumber(name, value, 1);
    return [both, both];
  }
  if (value.length !== 2) {
    throw new InputError(`${name} must be one number or [vertical, horizontal], not ${show(value)}`);
  }
  const each = `each number of ${name}`;
  return [wholeNumber(each, value[0], 1), wholeNumber(each, value[1], 1)];
}

/**
 * `[top, right, bottom, left]` for a window that moves over a `[height, width]` image.
 * `"same"` gives ceil(size / stride) positions in each direction; an odd rest goes to the bottom and right, as in
 * PyTorch (which knows it for stride 1 only), ONNX (SAME_UPPER) and TensorFlow.
 */
export function paddingOf(
  value: unknown,
  window: { size: readonly number[]; reach: readonly number[]; stride: readonly number[] },
): [number, number, number, number] {
  if (value === "same") {
    const total = window.size.map((size, i) =>
      Math.max(0, (Math.ceil(size / window.stride[i]) - 1) * window.stride[i] + window.reach[i] - size),
    );
    const [top, left] = total.map((t) => Math.floor(t / 2));
    return [top, total[1] - left, total[0] - top, left];
  }
  if (typeof value === "number") {
    const all = wholeNumber("padding", value, 0);
    return [all, all, all, all];
  }
  if (!Array.isArray(value) || value.length !== 4) {
    throw new InputError(
      `padding must be one number, [top, right, bottom, left] or "same", not ${show(value)}${value === "valid" ? '; write 0 for "valid"' : ""}`,
    );
  }
  const [top, right, bottom, left] = value.map((side) => wholeNumber("each number of padding", side, 0));
  return [top, right, bottom, left];
}

/** The three sizes of an image, for a layer that needs one. */
export function imageShape(shape: Shape): [channels: number, height: number, width: number] {
  if (shape.length !== 3) {
    throw new InputError(
      `it needs images of shape [channels, height, width], but its input has shape ${formatShape(shape)}; put it before the flatten layer`,
    );
  }
  return [shape[0], shape[1], shape[2]];
}

/** @throws InputError if the tensor called `what` would not fit into memory. */
export function checkSize(what: string, shape: Shape, fix: string): void {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (size > LARGEST_TENSOR) {
    throw new InputError(
      `its ${what} ${formatShape(shape)} would hold ${size.toLocaleString("en-US")} numbers, more than the limit of ${LARGEST_TENSOR.toLocaleString("en-US")}; ${fix}`,
    );
  }
}

/** `max-pool 2x2 (stride 1)`: what a layer is, and in brackets its options, those that are `false` left out. */
export function inShort(what: string, options: readonly (string | false)[]): string {
  const said = options.filter((option) => option !== false);
  return said.length === 0 ? what : `${what} (${said.join(", ")})`;
}

/** `2x3` */
export const bySides = (sides: readonly number[]) => sides.join("x");

/** A window's options in words, `false` for those that are as usual. */
export function windowOptions(
  { stride, padding, dilation }: Window,
  usualStride: readonly number[],
): (string | false)[] {
  const sides = (each: readonly number[]) => (each[0] === each[1] ? `${each[0]}` : bySides(each));
  const even = padding.every((side) => side === padding[0]);
  return [
    bySides(stride) !== bySides(usualStride) && `stride ${sides(stride)}`,
    Math.max(...padding) > 0 && `padding ${even ? padding[0] : padding.join(",")}`,
    Math.max(...dilation) > 1 && `dilation ${sides(dilation)}`,
  ];
}
