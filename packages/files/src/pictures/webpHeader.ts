import { InputError } from "unravel-cnn";
import { exchanges, type Orientation, orientationIn } from "./exif.js";

/*
 * What a WebP file says before its pixels: parts with a name and a length, the first of which has the size. (RFC 9649)
 */

export interface WebpHeader {
  /** As it lies in the file. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
}

/** How the first part of each kind says the size; undefined where it makes no sense. */
const SIZES: Readonly<Record<string, (data: Uint8Array) => [width: number, height: number] | undefined>> = {
  "VP8 ": (data) =>
    data[3] === 0x9d && data[4] === 0x01 && data[5] === 0x2a
      ? [(data[6] | (data[7] << 8)) & 0x3fff, (data[8] | (data[9] << 8)) & 0x3fff]
      : undefined,
  VP8L: (data) => {
    if (data[0] !== 0x2f) return undefined;
    const bits = (data[1] | (data[2] << 8) | (data[3] << 16) | (data[4] << 24)) >>> 0;
    return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
  },
  VP8X: (data) => [
    1 + (data[4] | (data[5] << 8) | (data[6] << 16)),
    1 + (data[7] | (data[8] << 8) | (data[9] << 16)),
  ],
};

const ANIMATED = 0x02;

/** @throws InputError if it is cut short, makes no sense, or is an animation */
export function readWebpHeader(bytes: Uint8Array): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length >= 12 ? view.getUint32(4, true) + 8 : Infinity;
  if (end > bytes.length) throw damagedWebp("it is cut short");
  let size: [number, number] | undefined;
  let orientation: Orientation = 1;
  for (let at = 12; at + 8 <= end; ) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (data.length < length) throw damagedWebp("it is cut short");
    if (size === undefined) {
      size = data.length >= 10 || type === "VP8L" ? SIZES[type]?.(data) : undefined;
      if (size === undefined) throw damagedWebp("its header makes no sense");
      if (type === "VP8X" && data[0] & ANIMATED) {
        throw new InputError("It is an animated WebP, which can't be read; save one of its pictures.");
      }
    }
    if (type === "EXIF") orientation = orientationIn(data);
    at += 8 + length + (length % 2);
  }
  if (size === undefined) throw damagedWebp("there is no picture in it");
  return { width: size[0], height: size[1], orientation };
}

/** The size that a person sees. */
export function webpSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const { width, height, orientation } = readWebpHeader(bytes);
  return exchanges(orientation) ? { width: height, height: width } : { width, height };
}

export function damagedWebp(why: string): InputError {
  return new InputError(`The WebP picture is damaged: ${why}.`);
}
