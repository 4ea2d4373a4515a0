import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import startModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { checkPictureSize, InputError, type Picture } from "unravel-cnn";

/*
 * JPEG by MozJPEG, compiled to WebAssembly and packaged as @jsquash/jpeg (Apache-2.0, looked after, no dependencies). It runs
 * the same in Node and in browsers, so pixels are the same bytes everywhere; it knows progressive files and the camera's
 * orientation; it says when a file is cut short or damaged. jpeg-js would be plain JavaScript, but has had no release since
 * 2022, and takes five times as long and twice the memory for a photo of 12 megapixels (1.4 s and 0.3 s, 306 and 152 MB).
 */

/**
 * @param bytes a file that begins as a JPEG
 * @throws InputError if it is damaged, too large, or of a sort that can't be read
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  const { width, height } = readSize(bytes);
  checkPictureSize(width, height);
  // The emptiest block of 8x8 pixels takes a bit.
  if (bytes.length * 8 * 64 < width * height) throw damaged("it has too little data for its size");
  decoder ??= startDecoder();
  const { module, messages } = await decoder;
  // from here on nothing is waited for, so what it says is about this file
  messages.length = 0;
  try {
    const picture = module.decode(bytes, true);
    // The decoder goes on after damage and fills what is missing with grey. Superfluous bytes between parts do no harm.
    const damage = messages.find((message) => !message.includes("extraneous bytes"));
    if (damage !== undefined) throw damaged(damage);
    if (picture === null) throw damaged("it can't be decoded");
    return { width: picture.width, height: picture.height, channels: 4, depth: 8, data: picture.data };
  } catch (error) {
    decoder = undefined; // after an error it has ended, with memory not given back
    if (error instanceof InputError) throw error;
    throw damaged(messages[0] ?? "it can't be decoded");
  }
}

interface Decoder {
  readonly module: {
    decode(bytes: Uint8Array, preserveOrientation: boolean): ImageData | null;
  };
  /** What it has said about the present file. */
  readonly messages: string[];
}

let decoder: Promise<Decoder> | undefined;

/**
 * Starts from the bytes of the module that is installed beside this package: nothing is fetched. A decoder of its own, not the
 * one that @jsquash/jpeg has for all who use it: its messages would go to whoever asked last.
 */
async function startDecoder(): Promise<Decoder> {
  const path = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
  const wasmBinary = await readFile(path);
  const messages: string[] = [];
  const options = { wasmBinary, printErr: (message: string) => messages.push(message), print: () => {} };
  const start = startModule as unknown as (options: object) => Promise<Decoder["module"]>;
  return { module: await start({ noInitialRun: true, ...options }), messages };
}

const CMYK =
  "The JPEG has the four colours of a printer (CMYK), which can't be shown here without its ink profile; open it in an image program and save it as PNG or as an RGB JPEG.";

/** Size from the frame header, before anything is decoded. */
function readSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) {
      at++; // superfluous bytes, which decoders skip
      continue;
    }
    const marker = bytes[at + 1];
    if (marker === 0xff || marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2; // filling, or a marker without a length
    } else if (marker === 0xd9 || marker === 0xda) {
      break; // the end, or pixel data, before any header
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (bytes[at + 9] === 4) throw new InputError(CMYK);
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    } else {
      at += 2 + view.getUint16(at + 2);
    }
  }
  throw damaged("it is cut short, or has no header");
}

function damaged(why: string): InputError {
  const reason = why.trim().replace(/\s+/g, " ").replace(/\.$/, "");
  // The decoder says so of rare processes.
  const problem = reason.startsWith("Unsupported") ? "can't be read" : "is damaged";
  return new InputError(`The JPEG ${problem}: ${reason}.`);
}
