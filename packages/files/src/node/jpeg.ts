import startModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { checkPictureSize, type Picture } from "unravel-cnn";
import { upright } from "../pictures/exif.js";
import { damagedJpeg, readJpegHeader } from "../pictures/jpegHeader.js";
import { LazyCodec } from "./codec.js";

/*
 * JPEG by MozJPEG, compiled to WebAssembly and packaged as @jsquash/jpeg (Apache-2.0, looked after, no dependencies). It knows
 * progressive files, and says when a file is cut short or damaged. jpeg-js would be plain JavaScript, but has had no release
 * since 2022, and takes five times as long and twice the memory for a photo of 12 megapixels (1.4 s and 0.3 s, 306 and 152 MB),
 * and four times as long for pictures of 32x32 (0.22 ms and 0.054 ms).
 */

interface Module {
  decode(bytes: Uint8Array, preserveOrientation: boolean): ImageData | null;
}

const codec = new LazyCodec<Module>(
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  startModule as unknown as (options: object) => Promise<Module>,
);

/** Superfluous bytes between parts, and numbers that it doesn't need. */
const HARMLESS =
  /extraneous bytes|unknown JFIF revision|Unknown Adobe color transform|Invalid SOS parameters/;

/** With the mark of a file's end, which some programs forget: if pixels are missing before it, the decoder says so all the same. */
function ended(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9) return bytes;
  const whole = new Uint8Array(bytes.length + 2);
  whole.set(bytes);
  whole.set([0xff, 0xd9], bytes.length);
  return whole;
}

/**
 * @param bytes a file that begins as a JPEG
 * @throws InputError if it is damaged, too large, or of a sort that can't be read
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  const { width, height, orientation, isProgressive } = readJpegHeader(bytes);
  checkPictureSize(width, height);
  // The emptiest block of 8x8 pixels takes a bit.
  if (bytes.length * 8 * 64 < width * height) throw damagedJpeg("it has too little data for its size");
  const { module, messages } = await codec.get();
  // from here on nothing is waited for, so what it says is about this file
  messages.length = 0;
  let picture: ImageData | null;
  try {
    // of a progressive file, scans might be missing before the end
    picture = module.decode(isProgressive ? bytes : ended(bytes), false);
  } catch {
    codec.discard();
    throw damagedJpeg(messages[0] ?? "it can't be decoded");
  }
  // The decoder goes on after damage and fills what is missing with grey.
  const damage = messages.find((message) => !HARMLESS.test(message));
  if (damage !== undefined) throw damagedJpeg(damage);
  if (picture === null) throw damagedJpeg("it can't be decoded");
  const { data } = picture;
  return upright({ width: picture.width, height: picture.height, channels: 4, depth: 8, data }, orientation);
}
