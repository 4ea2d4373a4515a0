import { InputError } from "unravel-cnn";
import { exchanges, type Orientation, orientationIn } from "./exif.js";

/** What a JPEG says before its pixels. */
export interface JpegHeader {
  /** As it lies in the file. */
  readonly width: number;
  readonly height: number;
  readonly orientation: Orientation;
  /** Whether it becomes sharper from scan to scan; else, as a rule, all its pixels lie in one. */
  readonly isProgressive: boolean;
}

const CMYK =
  "The JPEG has the four colours of a printer (CMYK), which can't be shown here without its ink profile; open it in an image program and save it as PNG or as an RGB JPEG.";

const APP1 = 0xe1;

/** The frame headers of what is read: of sequential files, and of progressive ones. */
const [SEQUENTIAL, PROGRESSIVE] = [[0xc0, 0xc1], 0xc2];

/** What is rare in a frame, and isn't read; undefined: nothing. */
function rarity(marker: number, bits: number): string | undefined {
  if (marker > 0xc8) return "arithmetic coding";
  if (marker !== PROGRESSIVE && !SEQUENTIAL.includes(marker))
    return "a process without loss, or of several sizes";
  return bits === 8 ? undefined : `${bits} bits for each colour`;
}

/**
 * Size and orientation, from the parts before the pixel data.
 * @throws InputError if there is no frame header, or it tells of what isn't read
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let orientation: Orientation = 1;
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
      const rare = rarity(marker, bytes[at + 4]);
      if (rare !== undefined)
        throw new InputError(
          `The JPEG has ${rare}, which isn't read; open it in an image program and save it as PNG or as a usual JPEG.`,
        );
      if (bytes[at + 9] === 4) throw new InputError(CMYK);
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { height, width, orientation, isProgressive: marker === PROGRESSIVE };
    } else {
      const length = view.getUint16(at + 2);
      const isExif = marker === APP1 && String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "Exif";
      if (isExif) orientation = orientationIn(bytes.subarray(at + 4, at + 2 + length));
      at += 2 + length;
    }
  }
  throw damagedJpeg("it is cut short, or has no header");
}

/** The size that a person sees. */
export function jpegSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const { width, height, orientation } = readJpegHeader(bytes);
  return exchanges(orientation) ? { width: height, height: width } : { width, height };
}

export function damagedJpeg(why: string): InputError {
  const reason = why.trim().replace(/\s+/g, " ").replace(/\.$/, "");
  // The decoder says so of rare processes.
  const problem = reason.startsWith("Unsupported") ? "can't be read" : "is damaged";
  return new InputError(`The JPEG ${problem}: ${reason}.`);
}
