import { InputError } from "../errors.js";
import { checkKeys } from "../options.js";
import { formatShape, type Shape } from "../tensor.js";
import type { LayerSpec, ResolvedLayer } from "./layer.js";
import {
  bySides,
  checkSize,
  imageShape,
  inShort,
  type Padding,
  type Pair,
  paddingOf,
  pair,
  windowOptions,
} from "./options.js";
import { outputSize, type Window } from "./window.js";

/* What all pools have in common: a window that moves over each channel by itself. */

export interface Pool2dSpec extends LayerSpec {
  readonly size: Pair;
  /** Default: `size`, so that windows lie side by side. */
  readonly stride?: Pair;
  /** Default 0. */
  readonly padding?: Padding;
}

export interface Pool2d extends ResolvedLayer, Window {
  readonly inputShape: readonly [channels: number, height: number, width: number];
  readonly outputShape: readonly [channels: number, height: number, width: number];
}

/** @throws InputError as `Layer.resolve` */
export function resolvePool2d(spec: Pool2dSpec, inputShape: Shape): Pool2d {
  checkKeys(spec, ["type", "size", "stride", "padding"]);
  const [channels, height, width] = imageShape(inputShape);
  const kernel = pair("size", spec.size);
  const stride = pair("stride", spec.stride ?? kernel);
  const padding = paddingOf(spec.padding ?? 0, { size: [height, width], reach: kernel, stride });
  const [top, right, bottom, left] = padding;
  if (Math.max(top, bottom) >= kernel[0] || Math.max(left, right) >= kernel[1]) {
    throw new InputError(
      `padding ${formatShape(padding)} must be smaller than the window ${kernel[0]}x${kernel[1]}, or a window could lie on padding alone`,
    );
  }
  const [rows, columns] = outputSize([height, width], { kernel, stride, dilation: [1, 1], padding });
  checkSize("output", [channels, rows, columns], "use less padding");
  return {
    inputShape: [channels, height, width],
    outputShape: [channels, rows, columns],
    kernel,
    stride,
    dilation: [1, 1],
    padding,
  };
}

/** `max-pool 2x2 (stride 1)` */
export function poolInShort(what: string, layer: Pool2d): string {
  return inShort(`${what} ${bySides(layer.kernel)}`, windowOptions(layer, layer.kernel));
}
