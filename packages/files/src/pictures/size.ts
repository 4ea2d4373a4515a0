import { gifSize } from "./gif.js";
import { jpegSize } from "./jpegHeader.js";
import type { KnownKind } from "./kind.js";
import { pngSize } from "./png.js";
import { webpSize } from "./webpHeader.js";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size that a person sees, by a file's first parts: nothing is decoded. @throws InputError if they make no sense */
export const sizeOfKind: Readonly<Record<KnownKind, (bytes: Uint8Array) => Size>> = {
  png: pngSize,
  jpeg: jpegSize,
  webp: webpSize,
  gif: gifSize,
};
