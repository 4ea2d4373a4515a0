import { checkPictureSize, crc32, InputError, type Picture } from "unravel-cnn";
import { exchanges, type Orientation, orientationIn, upright } from "./exif.js";
import { damaged, type PngHeader, readRows } from "./pngRows.js";

/*
 * PNG, as far as it makes a picture: its parts, their checksums, palettes and transparent colours. Plain JavaScript: the same in
 * Node and in browsers. Texts and profiles are passed over: they may be damaged, or unpack to any length.
 */

/**
 * The picture in a PNG of any bit depth, with or without a palette, interlaced or not.
 * @param bytes a file that begins as a PNG
 * @throws InputError if it is damaged, too large, or of a sort that can't be read
 */
export function decodePng(bytes: Uint8Array): Picture {
  const chunks = readChunks(bytes);
  return upright(decodeChunks(bytes, chunks), orientationOf(chunks));
}

/** The size that a person sees. @throws InputError if the file is cut short, or its header makes no sense */
export function pngSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const chunks = readChunks(bytes);
  const { width, height } = readHeader(chunks);
  return exchanges(orientationOf(chunks)) ? { width: height, height: width } : { width, height };
}

function orientationOf(chunks: readonly Chunk[]): Orientation {
  const exif = chunks.find(({ type }) => type === "eXIf");
  return exif ? orientationIn(exif.data) : 1;
}

function decodeChunks(bytes: Uint8Array, chunks: readonly Chunk[]): Picture {
  const header = readHeader(chunks);
  const palette = chunks.find(({ type }) => type === "PLTE")?.data;
  const transparency = chunks.find(({ type }) => type === "tRNS")?.data;
  if (header.colour === INDEXED && palette === undefined) throw damaged("it has no palette");
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const rows = readRows(packed, header);
  checkSums(bytes, chunks);
  if (palette && header.colour === INDEXED)
    return inColours(unpackBits(rows, header), header, palette, transparency);
  const values = header.depth === 16 ? inNativeOrder(rows) : unpackBits(rows, header);
  return transparency ? withTransparency(values, header, transparency) : plain(values, header);
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Where the chunk begins in the file, with its length, and where it ends, with its checksum. */
  readonly start: number;
  readonly end: number;
}

const SIGNATURE_LENGTH = 8;

function readChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let start = SIGNATURE_LENGTH; chunks.at(-1)?.type !== "IEND"; start = chunks[chunks.length - 1].end) {
    const length = start + 12 <= bytes.length ? view.getUint32(start) : Number.POSITIVE_INFINITY;
    const end = start + 12 + length;
    if (end > bytes.length) throw damaged("it is cut short");
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw damaged("its parts don't follow each other");
    chunks.push({ type, data: bytes.subarray(start + 8, end - 4), start, end });
  }
  return chunks;
}

/** What changes the pixels must be what was written. */
function checkSums(bytes: Uint8Array, chunks: readonly Chunk[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { type, start, end } of chunks) {
    if (!["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(type)) continue;
    if (crc32(bytes.subarray(start + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw damaged(`the checksum of its part ${type} is wrong`);
    }
  }
}

interface Header extends PngHeader {
  readonly colour: number;
}

const INDEXED = 3;

/** Values for each pixel, and the depths allowed, by the type of colour. */
const colourTypes: Readonly<Record<number, { channels: 1 | 2 | 3 | 4; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  [INDEXED]: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

function readHeader(chunks: readonly Chunk[]): Header {
  const [{ type, data }] = chunks;
  if (type !== "IHDR" || data.length !== 13 || chunks.filter((chunk) => chunk.type === "IHDR").length > 1) {
    throw damaged("its header is not in its place");
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = data.subarray(8);
  if (!colourTypes[colour]?.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw damaged("its header makes no sense");
  }
  checkPictureSize(width, height);
  if (interlace === 1 && depth < 8) {
    throw new InputError(
      `It is an interlaced PNG with ${depth} bit${depth > 1 ? "s" : ""} a pixel, which can't be read; save it without interlacing.`,
    );
  }
  const { channels } = colourTypes[colour];
  return { width, height, depth, colour, channels, interlaced: interlace === 1 };
}

/** A byte for each value, where several are in a byte. Each row begins with a new byte. */
function unpackBits(rows: Uint8Array, { width, height, depth }: Header): Uint8Array {
  if (depth >= 8) return rows;
  const values = new Uint8Array(width * height);
  const rowLength = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = rows[y * rowLength + (bit >> 3)];
      values[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return values;
}

/** 16-bit values, whose high byte comes first, as this machine has them, in the same memory. */
function inNativeOrder(rows: Uint8Array): Uint16Array {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) {
    for (let k = 0; k < rows.length; k += 2) {
      const high = rows[k];
      rows[k] = rows[k + 1];
      rows[k + 1] = high;
    }
  }
  return new Uint16Array(rows.buffer, rows.byteOffset, rows.length / 2);
}

/** The colours of a palette; alpha where it has a transparent one. */
function inColours(
  indices: Uint8Array,
  { width, height }: Header,
  palette: Uint8Array,
  transparency: Uint8Array | undefined,
): Picture {
  if (palette.length % 3 !== 0) throw damaged("its parts don't fit each other");
  const channels = transparency ? 4 : 3;
  const data = new Uint8Array(indices.length * channels);
  for (let k = 0; k < indices.length; k++) {
    const index = indices[k];
    if (3 * index >= palette.length) throw damaged("a colour is not in its palette");
    for (let c = 0; c < 3; c++) data[k * channels + c] = palette[3 * index + c];
    if (transparency) data[k * channels + 3] = transparency[index] ?? 255;
  }
  return { width, height, channels, depth: 8, data };
}

function plain(values: Uint8Array | Uint16Array, { width, height, depth, channels }: Header): Picture {
  // depths below 8 have one channel, and are stretched where they lie
  if (depth < 8) for (let k = 0; k < values.length; k++) values[k] *= 255 / (2 ** depth - 1);
  return { width, height, channels: channels as 1 | 2 | 3 | 4, depth: depth === 16 ? 16 : 8, data: values };
}

/** One colour is transparent: it becomes an alpha channel. */
function withTransparency(
  values: Uint8Array | Uint16Array,
  { width, height, depth, colour, channels }: Header,
  transparency: Uint8Array,
): Picture {
  if ((colour !== 0 && colour !== 2) || transparency.length !== 2 * channels)
    throw damaged("its parts don't fit each other");
  const clearColour = Array.from(
    { length: channels },
    (_, c) => transparency[2 * c] * 256 + transparency[2 * c + 1],
  );
  const wide = depth === 16;
  const stretch = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const stride = (channels + 1) as 2 | 4;
  const data = new (wide ? Uint16Array : Uint8Array)(width * height * stride);
  for (let k = 0; k < width * height; k++) {
    let clear = true;
    for (let c = 0; c < channels; c++) {
      const value = values[k * channels + c];
      data[k * stride + c] = value * stretch;
      clear &&= value === clearColour[c];
    }
    data[k * stride + channels] = clear ? 0 : wide ? 65535 : 255;
  }
  return { width, height, channels: stride, depth: wide ? 16 : 8, data };
}
