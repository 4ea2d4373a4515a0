import type { Model } from "unravel-cnn";
import type { Shown } from "../state/shown.svelte.js";
import { paint, type Theme } from "./colours.js";
import { gridOf, startOf } from "./grids.js";

/** What a channel of a colour picture is called, and the colour of its light. */
export const channelNames = ["red", "green", "blue"] as const;

/** Whether a network takes colours: three channels. */
export const hasColours = ({ inputShape }: Model) => inputShape[0] === 3;

/**
 * Paints one picture of the batch as it is seen: a colour picture in its colours, one of one channel on the scale of `x`.
 * @param canvas as many pixels as the picture has
 */
export function paintInput(
  canvas: HTMLCanvasElement,
  shown: Pick<Shown, "network" | "tensor" | "scaleOf"> & { readonly theme: Theme },
  image: number,
): void {
  const { model } = shown.network;
  const { shape, data } = shown.tensor("x");
  const grid = gridOf(model, "x", shape);
  const { rows, columns, cells } = grid;
  const plane = (channel: number) => {
    const start = startOf(grid, image, channel);
    return data.subarray(start, start + cells);
  };
  const picture = hasColours(model)
    ? inColours(model, [0, 1, 2].map(plane), rows, columns)
    : paint(plane(0), rows, columns, shown.scaleOf("x"), shown.theme);
  canvas.getContext("2d", { willReadFrequently: true })?.putImageData(picture, 0, 0);
}

/** Red, green and blue together: what was subtracted and divided by before the network is undone. */
function inColours(
  { normalize }: Model,
  channels: readonly ArrayLike<number>[],
  rows: number,
  columns: number,
): ImageData {
  const image = new ImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    for (const [c, values] of channels.entries()) {
      image.data[4 * k + c] = Math.round(255 * lightOf(normalize, values[k], c));
    }
    image.data[4 * k + 3] = 255;
  }
  return image;
}

/** From 0, no light, to 1. */
function lightOf({ mean, std }: Model["normalize"], value: number, channel: number): number {
  const light = value * std[channel] + mean[channel];
  return Math.min(1, Math.max(0, light));
}

/** One channel of a colour picture in the colour of its light, from black. */
export function paintChannel(
  { normalize }: Model,
  values: ArrayLike<number>,
  channel: number,
  rows: number,
  columns: number,
): ImageData {
  const image = new ImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    const light = lightOf(normalize, values[k], channel);
    // a little of the other colours where it is bright, as blue alone is hardly lighter than black
    for (let c = 0; c < 3; c++)
      image.data[4 * k + c] = Math.round(255 * (c === channel ? light : 0.45 * light * light));
    image.data[4 * k + 3] = 255;
  }
  return image;
}
