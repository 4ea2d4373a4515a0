import startModule from "@jsquash/webp/codec/dec/webp_dec.js";
import { checkPictureSize, type Picture } from "unravel-cnn";
import { upright } from "../pictures/exif.js";
import { damagedWebp, readWebpHeader } from "../pictures/webpHeader.js";
import { LazyCodec } from "./codec.js";

/* WebP by libwebp, compiled to WebAssembly and packaged as @jsquash/webp (Apache-2.0, looked after). */

interface Module {
  decode(bytes: Uint8Array): ImageData | null;
}

const codec = new LazyCodec<Module>(
  "@jsquash/webp/codec/dec/webp_dec.wasm",
  startModule as unknown as (options: object) => Promise<Module>,
);

/**
 * @param bytes a file that begins as a WebP
 * @throws InputError if it is damaged, too large, or an animation
 */
export async function decodeWebp(bytes: Uint8Array): Promise<Picture> {
  const { width, height, orientation } = readWebpHeader(bytes);
  checkPictureSize(width, height);
  const { module } = await codec.get();
  let picture: ImageData | null;
  try {
    picture = module.decode(bytes);
  } catch {
    codec.discard();
    throw damagedWebp("it can't be decoded");
  }
  if (picture === null) throw damagedWebp("it can't be decoded");
  const { data } = picture;
  return upright({ width: picture.width, height: picture.height, channels: 4, depth: 8, data }, orientation);
}
