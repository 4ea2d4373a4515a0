import { crc32 } from "./crc32.js";

/*
 * PNG files, written without compression: the pictures here are small, and a byte a pixel is little.
 * Format: W3C, Portable Network Graphics (Third Edition); RFC 1950 for the stream in it.
 */

/** Red, green, blue: 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Pixels, row-major: with a palette 0 where nothing is and k + 1 for its colour k; without one red, green and blue, 0 to
 * 255.
 */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`, without a palette `[height, width, 3]` */
  readonly data: Uint8Array;
}

/**
 * The bytes of a PNG file, written without compression.
 * @param pixels their width and height in pixels, and a byte for each pixel with a palette, else three
 * @param palette at most 255 colours: pixel k + 1 has colour k, and pixel 0 is transparent
 */
export function encodePng({ width, height, data }: Pixels, palette?: readonly Colour[]): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, palette ? 3 : 2], 8); // 8 bits a sample; 3: colours of a palette, 2: red, green, blue
  const length = palette ? width : 3 * width;
  const lines = new Uint8Array(height * (length + 1)); // before each line a 0: no filter
  for (let y = 0; y < height; y++) {
    lines.set(data.subarray(y * length, (y + 1) * length), y * (length + 1) + 1);
  }
  return concatenated([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...(palette
      ? [chunk("PLTE", Uint8Array.from([[0, 0, 0], ...palette].flat())), chunk("tRNS", Uint8Array.of(0))]
      : []),
    chunk("IDAT", stored(lines)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let k = 0; k < 4; k++) bytes[4 + k] = type.charCodeAt(k);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** A zlib stream of blocks that are stored as they are. */
function stored(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let from = 0; from < data.length; from += LONGEST_BLOCK) {
    const block = data.subarray(from, from + LONGEST_BLOCK);
    const last = from + LONGEST_BLOCK >= data.length ? 1 : 0;
    const { length } = block;
    parts.push(Uint8Array.of(last, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255), block);
  }
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, adler32(data));
  return concatenated([...parts, sum]);
}

const LONGEST_BLOCK = 65_535;

function adler32(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
