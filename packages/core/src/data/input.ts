import type { Model } from "../graph/model.js";
import { type Checks, checkOptions, flag } from "../options.js";
import { cleanInkOf, digitInkOf } from "./ink.js";
import { type Picture, type PixelData, pictureOf, rawInput, wholeInput } from "./picture.js";
import { normalizeDigit, normalizedInk } from "./preprocess.js";
import { resizePicture } from "./resize.js";

/**
 * A picture of one handwritten character the way MNIST would hold it: light ink on black, in a box of 20x20 with its aspect
 * kept, its centre of mass in the middle. Where the ink is, and whether it is the dark or the light, is found by itself.
 * @returns `[28, 28]`, 0 to 255
 * @throws InputError if the picture is broken, or there is nothing drawn in it, or several characters are
 */
export function digitFromPicture(picture: Picture | PixelData): Uint8Array {
  return preparedDigit(picture).input;
}

/**
 * As `digitFromPicture` for a character drawn or written on paper that is clean and evenly lit: the same bytes there, in a third of
 * the code. Shadows, lines, frames and what lies around a sheet are taken for ink; several characters are not refused.
 * @param picture one that is as `checkPicture` wants it: it isn't checked again
 * @returns `[28, 28]`, 0 to 255; undefined if there is nothing drawn in it
 */
export function digitFromCleanPicture(picture: Picture): Uint8Array | undefined {
  const ink = cleanInkOf(picture);
  return ink && normalizedInk(ink.data, ink.width, ink.height);
}

/** A model's input, and how it came out of a picture. */
export interface PreparedPicture {
  /** Bytes `[C, H, W]` for `predict`. */
  readonly input: Uint8Array;
  /** What was done to the picture besides cutting out, scaling and making grey: "the light was evened out". */
  readonly done: readonly string[];
  /** Why this may not be what the model takes: "what is drawn is much wider than a digit". */
  readonly doubts: readonly string[];
}

function preparedDigit(picture: Picture | PixelData): PreparedPicture {
  const { ink, done, doubts } = digitInkOf(picture);
  return { input: normalizeDigit(ink.data, ink.width, ink.height), done, doubts };
}

/** What is looked at of a model. */
export type PictureTaker = Pick<Model, "inputShape" | "classes"> & Partial<Pick<Model, "pictures">>;

/** How a picture becomes a model's input, where that is not as usual. */
export interface PictureOptions {
  /** The picture is already just what the model takes: only make bytes of it. */
  readonly raw?: boolean | undefined;
}

const pictureChecks: Checks<PictureOptions> = { raw: flag };

/**
 * A picture as a model takes it; the same numbers in Node and in the browser.
 *
 * - A model that says how (`pictures` in its spec, which training on pictures writes): as `resizePicture`.
 * - Handwriting (input `[1, 28, 28]`, and each class named by one character): as `digitFromPicture`.
 * - Other models: the whole picture, colours kept, or grey for one channel; aspect kept, the rest filled with the colour of
 *   its border.
 * - `raw`: the picture as it is, grey for one channel. It must have the model's size.
 *
 * @param given a decoded file, or the ImageData of a canvas
 * @returns bytes `[C, H, W]` for `predict`
 * @throws InputError if the picture is broken or empty, or several characters are in it, or it has not the size that `raw`
 *   needs; if the model takes neither 1 nor 3 channels
 */
export function inputFromPicture(
  model: PictureTaker,
  given: Picture | PixelData,
  options: PictureOptions = {},
): Uint8Array {
  return preparePicture(model, given, options).input;
}

/**
 * As `inputFromPicture`, with what was done to the picture and what is doubtful about it.
 * @throws as `inputFromPicture`
 */
export function preparePicture(
  model: PictureTaker,
  given: Picture | PixelData,
  options: PictureOptions = {},
): PreparedPicture {
  checkOptions("The picture", options, pictureChecks);
  const picture = pictureOf(given);
  if (!options.raw && model.pictures) {
    return { input: resizePicture(picture, model.inputShape, model.pictures.fit), done: [], doubts: [] };
  }
  if (!options.raw && readsHandwriting(model)) return preparedDigit(picture);
  const input = (options.raw ? rawInput : wholeInput)(picture, model.inputShape);
  return { input, done: [], doubts: [] };
}

/** Whether a model reads single characters in MNIST's format. */
export function readsHandwriting({ inputShape, classes, pictures }: PictureTaker): boolean {
  const [channels, height, width] = inputShape;
  if (pictures !== undefined) return false;
  return channels === 1 && height === 28 && width === 28 && classes.every((name) => [...name].length === 1);
}
