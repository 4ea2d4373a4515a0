import type { ImageShape } from "unravel-cnn";

/** Whether all channels of an image, `[C, H, W]`, are equal. */
export function isGrey(image: Uint8Array, channels: number): boolean {
  const plane = image.length / channels;
  for (let k = plane; k < image.length; k++) if (image[k] !== image[k - plane]) return false;
  return true;
}

/** The first channel of each image. The bytes that were given are changed. @param images `[N, C, H, W]` */
export function firstChannel(images: Uint8Array, [channels, height, width]: ImageShape): Uint8Array {
  const plane = height * width;
  const count = images.length / (channels * plane);
  for (let k = 0; k < count; k++)
    images.copyWithin(k * plane, channels * k * plane, (channels * k + 1) * plane);
  return images.slice(0, count * plane);
}
