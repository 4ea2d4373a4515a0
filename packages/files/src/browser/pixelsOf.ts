import { checkPictureSize, FailureError, InputError, type PixelData } from "unravel-cnn";

/** What a page can have of a picture. */
export type PagePicture = Blob | ImageBitmap | HTMLCanvasElement | OffscreenCanvas | ImageData;

/**
 * A picture's pixels as the browser decodes them, upright as EXIF says, for `preparePicture`: red, green, blue and opacity, 0 to 255
 * each, `[height, width, 4]`. It runs in workers, too.
 * @throws InputError if the browser can't decode it, or it has more than 50 million pixels; FailureError if there is no canvas for it
 */
export async function pixelsOf(picture: PagePicture): Promise<PixelData> {
  if (picture instanceof ImageData) return picture;
  const drawn = picture instanceof Blob ? await decoded(picture) : picture;
  try {
    const { width, height } = drawn;
    checkPictureSize(width, height);
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) {
      throw new FailureError(
        `The browser has no canvas for a picture of ${width}x${height}; make it smaller.`,
      );
    }
    context.drawImage(drawn, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    if (picture instanceof Blob) (drawn as ImageBitmap).close();
  }
}

async function decoded(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob);
  } catch {
    throw new InputError("It is damaged, or no picture that this browser can read.");
  }
}
