import type { Picture, PixelData } from "unravel-cnn";
import { InputError } from "./wrong.js";

/** Pictures that pages and workers have. */
export type PictureSource =
  | PixelData
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | HTMLImageElement
  | HTMLVideoElement;

/** What stands before the names of a picture's own sizes, which aren't those on the page: `videoWidth`. */
const PREFIXES = ["natural", "video"];

/**
 * The pixels of what a page has, red, green, blue and alpha.
 * @throws InputError if it is no picture, is empty, has not loaded yet, or may not be read, because it comes from
 *   another site
 */
export function pixelsOf(source: PictureSource): Picture {
  const given = Object(source) as Readonly<Record<string, number>> & { readonly data?: Picture["data"] };
  const prefix = PREFIXES.find((prefix) => `${prefix}Width` in given);
  const [width, height] = ["Width", "Height"].map(
    (side) => given[prefix ? prefix + side : side.toLowerCase()],
  );
  if (!(width > 0 && height > 0) || width % 1 !== 0 || height % 1 !== 0)
    throw new InputError(
      `A picture must be an ImageData, canvas, ImageBitmap or { width, height, data }, loaded and not empty, not ${width}x${height}.`,
    );
  const data = given.data ?? drawn(source as CanvasImageSource, width, height);
  if (!/^Uint8(Clamped)?Array$/.test(tagOf(data)) || data.length !== 4 * width * height)
    throw new InputError(
      `The data of a ${width}x${height} picture must be ${4 * width * height} bytes, red, green, blue, alpha, in a Uint8Array or Uint8ClampedArray.`,
    );
  return { width, height, channels: 4, depth: 8, data };
}

/** Of which kind something is, also from another window: `Uint8Array`. */
export const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

function drawn(source: CanvasImageSource, width: number, height: number): Uint8ClampedArray {
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", {
      willReadFrequently: true,
    }) as OffscreenCanvasRenderingContext2D;
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  } catch (error) {
    throw new InputError(`The picture can't be read: ${(error as Error).message}.`, { cause: error });
  }
}
