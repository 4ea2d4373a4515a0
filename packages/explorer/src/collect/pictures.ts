import { type Picture, type PixelData, resizePicture } from "unravel-cnn";
import { PICTURE_BYTES, SIDE } from "./collection.js";

/* Pictures as they are kept: the middle of what a camera, a file or the pad gave, 64 x 64 pixels, red, green and blue of each. */

const PLANE = SIDE * SIDE;

/**
 * Bytes `[64, 64, 3]` of a picture's middle.
 * @throws InputError if the picture is broken
 */
export function keptPixels(picture: Picture | PixelData): Uint8Array {
  const planes = resizePicture(picture, [3, SIDE, SIDE], "cover");
  return Uint8Array.from({ length: PICTURE_BYTES }, (_, k) => planes[(k % 3) * PLANE + Math.floor(k / 3)]);
}

/** A kept picture as one that networks take. */
export function pictureOf(pixels: Uint8Array): Picture {
  return { width: SIDE, height: SIDE, channels: 3, depth: 8, data: pixels };
}

/** A kept picture as a canvas draws it. */
export function imageDataOf(pixels: Uint8Array): ImageData {
  const image = new ImageData(SIDE, SIDE);
  for (let k = 0; k < PLANE; k++) {
    image.data.set(pixels.subarray(3 * k, 3 * k + 3), 4 * k);
    image.data[4 * k + 3] = 255;
  }
  return image;
}

const greys = new WeakMap<Uint8Array, boolean>();

/** Whether a kept picture has no colours. Looked at once for each. */
export function isGrey(pixels: Uint8Array): boolean {
  const found = greys.get(pixels);
  if (found !== undefined) return found;
  let grey = true;
  for (let k = 0; k < pixels.length && grey; k += 3)
    grey = pixels[k] === pixels[k + 1] && pixels[k] === pixels[k + 2];
  greys.set(pixels, grey);
  return grey;
}
