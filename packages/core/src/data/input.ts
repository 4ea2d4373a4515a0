import type { Model } from "../graph/model.js";
import { type Checks, checkOptions, flag } from "../options.js";
import { digitInkOf } from "./ink.js";
import { type Picture, type PixelData, pictureOf, rawInput, wholeInput } from "./picture.js";
import { normalizeDigit } from "./preprocess.js";

/**
 * A picture of one handwritten character the way MNIST would hold it: light ink on black, in a box of 20x20 with its aspect
 * kept, its centre of mass in the middle. Where the ink is, and whether it is the dark or the light, is found by itself.
 * @returns `[28, 28]`, 0 to 255
 * @throws InputError if the picture is broken, or there is nothing drawn in it
 */
export function digitFromPicture(picture: Picture | PixelData): Uint8Array {
  const { ink } = digitInkOf(picture);
  return normalizeDigit(ink.data, ink.width, ink.height);
}

export interface PictureOptions {
  /** The picture is already just what the model takes: only make bytes of it. */
  readonly raw?: boolean | undefined;
}

const pictureChecks: Checks<PictureOptions> = { raw: flag };

/**
 * A picture as a model takes it; the same numbers in Node and in the browser.
 *
 * - Handwriting (input `[1, 28, 28]`, and each class named by one character): as `digitFromPicture`.
 * - Other models: the whole picture, colours kept, or grey for one channel; aspect kept, the rest filled with the colour of
 *   its border.
 * - `raw`: the picture as it is, grey for one channel. It must have the model's size.
 *
 * @param given a decoded file, or the ImageData of a canvas
 * @returns bytes `[C, H, W]` for `predict`
 * @throws InputError if the picture is broken or empty, or has not the size that `raw` needs; if the model takes neither 1
 *   nor 3 channels
 */
export function inputFromPicture(
  model: Pick<Model, "inputShape" | "classes">,
  given: Picture | PixelData,
  options: PictureOptions = {},
): Uint8Array {
  checkOptions("The picture", options, pictureChecks);
  const picture = pictureOf(given);
  if (options.raw) return rawInput(picture, model.inputShape);
  return readsHandwriting(model) ? digitFromPicture(picture) : wholeInput(picture, model.inputShape);
}

/** Whether a model reads single characters in MNIST's format. */
export function readsHandwriting({ inputShape, classes }: Pick<Model, "inputShape" | "classes">): boolean {
  const [channels, height, width] = inputShape;
  return channels === 1 && height === 28 && width === 28 && classes.every((name) => [...name].length === 1);
}
