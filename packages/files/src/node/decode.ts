import { InputError, type Picture } from "unravel-cnn";
import { KNOWN_KINDS, type KnownKind, kindOf } from "../pictures/kind.js";

/** Decoders, loaded when the first picture of their kind comes. */
const decoders: Readonly<
  Record<KnownKind, () => Promise<(bytes: Uint8Array) => Picture | Promise<Picture>>>
> = {
  png: async () => (await import("../pictures/png.js")).decodePng,
  jpeg: async () => (await import("./jpeg.js")).decodeJpeg,
  webp: async () => (await import("./webp.js")).decodeWebp,
  gif: async () => (await import("../pictures/gif.js")).decodeGif,
};

/**
 * The picture in a PNG, JPEG, WebP or GIF (its first frame), upright as its EXIF says; which of them it is, its bytes tell.
 * @throws InputError if these are not the bytes of a picture that can be read
 */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  return (await decoders[knownKind(bytes)]())(bytes);
}

/** @throws InputError that says what it is, if it is none of the kinds that are read */
export function knownKind(bytes: Uint8Array): KnownKind {
  if (bytes.length === 0) throw new InputError("It is empty, so there is no picture in it.");
  const kind = kindOf(bytes);
  if (typeof kind === "string") return kind;
  throw new InputError(`It is ${kind.other}, but only ${KNOWN_KINDS} can be read; save it as one of these.`);
}
