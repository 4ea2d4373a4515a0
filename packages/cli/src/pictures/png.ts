import { convertIndexedToRgb, type DecodedPng, decode } from "fast-png";
import { Unzlib } from "fflate";
import { checkPictureSize, InputError, type Picture } from "unravel-cnn";

/*
 * PNG by fast-png, which is plain JavaScript: the same in Node and in browsers. Before it sees a file, what it doesn't check
 * is checked here: that the sizes are bearable and that the pixel data unpack to just as many bytes as the sizes say. So a
 * small file can't make it take a lot of memory, and a file that is cut short is never filled up with zeros.
 */

/**
 * @param bytes a file that begins as a PNG
 * @throws InputError if it is damaged, too large, or of a sort that can't be read
 */
export function decodePng(bytes: Uint8Array): Picture {
  const chunks = readChunks(bytes);
  const header = readHeader(chunks);
  if (header.colour === INDEXED && !chunks.some(({ type }) => type === "PLTE"))
    throw damaged("it has no palette");
  checkPixelData(chunks, header);
  try {
    return pictureOf(decode(withoutExtras(bytes, chunks), { checkCrc: true }), header);
  } catch (error) {
    throw damaged(whatFailed(error));
  }
}

/** What an error of the decoder means, in words for a person. */
function whatFailed(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const [, part] = /^CRC mismatch for chunk (\w+)/.exec(message) ?? [];
  if (part !== undefined) return `the checksum of its part ${part} is wrong`;
  if (/palette/i.test(message)) return "a colour is not in its palette";
  return /filter/i.test(message) ? "its pixel data make no sense" : "its parts don't fit each other";
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

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

const INDEXED = 3;

/** Values for each pixel, and the depths allowed, by the type of colour. */
const colourTypes: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
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
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

/** How many bytes the pixels take, each row beginning with the number of its filter. */
function unpackedLength({ width, height, depth, colour, interlaced }: Header): number {
  const bits = colourTypes[colour].channels * depth;
  const pass = (columns: number, rows: number) =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * bits) / 8)) : 0;
  if (!interlaced) return pass(width, height);
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  return passes.reduce(
    (sum, [x, y, right, down]) => sum + pass(Math.ceil((width - x) / right), Math.ceil((height - y) / down)),
    0,
  );
}

/** Unpacks the pixel data piece by piece, keeping nothing, only to count. */
function checkPixelData(chunks: readonly Chunk[], header: Header): void {
  const expected = unpackedLength(header);
  const packed = chunks.filter(({ type }) => type === "IDAT");
  const packedLength = packed.reduce((sum, { data }) => sum + data.length, 0);
  // Deflate packs at most 1032 to 1.
  if (packedLength * 1032 < expected) throw damaged("it has too little pixel data for its size");
  let unpacked = 0;
  let complete = false;
  const unpacker = new Unzlib((piece, final) => {
    unpacked += piece.length;
    complete ||= final;
    if (unpacked > expected) throw damaged("it has more pixel data than its size says");
  });
  try {
    for (const { data } of packed) {
      for (let from = 0; from < data.length; from += PIECE) {
        unpacker.push(data.subarray(from, from + PIECE));
      }
    }
    unpacker.push(new Uint8Array(0), true);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw damaged("its pixel data can't be unpacked");
  }
  if (!complete || unpacked !== expected) throw damaged("its pixel data end too early");
}

/** Bytes that are unpacked at once: they give at most 1032 times as many. */
const PIECE = 8192;

/** The file without what doesn't change the pixels: texts and profiles may be damaged, or unpack to any length. */
function withoutExtras(bytes: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  const kept = chunks.filter(({ type }) => ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(type));
  const length = kept.reduce((sum, { start, end }) => sum + end - start, SIGNATURE_LENGTH);
  const file = new Uint8Array(length);
  file.set(bytes.subarray(0, SIGNATURE_LENGTH));
  let to = SIGNATURE_LENGTH;
  for (const { start, end } of kept) {
    file.set(bytes.subarray(start, end), to);
    to += end - start;
  }
  return file;
}

/** Resolves the palette, the transparent colour and depths below 8. */
function pictureOf(decoded: DecodedPng, { width, height, depth, colour }: Header): Picture {
  if (colour === INDEXED) {
    const data = convertIndexedToRgb(decoded);
    return { width, height, channels: decoded.palette?.[0].length === 4 ? 4 : 3, depth: 8, data };
  }
  const channels = colourTypes[colour].channels as 1 | 2 | 3 | 4;
  const values = depth < 8 ? unpackBits(decoded.data, width, height, depth) : decoded.data;
  const { transparency } = decoded;
  const largest = 2 ** depth - 1;
  const wide = depth === 16;
  if (transparency === undefined && depth >= 8)
    return { width, height, channels, depth: wide ? 16 : 8, data: values };

  // One colour is transparent: it becomes an alpha channel. Depths below 8 are stretched to it.
  const stretch = depth < 8 ? 255 / largest : 1;
  const stride = transparency === undefined ? channels : channels + 1;
  const data = new (wide ? Uint16Array : Uint8Array)(width * height * stride);
  for (let k = 0; k < width * height; k++) {
    let clear = transparency !== undefined;
    for (let c = 0; c < channels; c++) {
      const value = values[k * channels + c];
      data[k * stride + c] = value * stretch;
      clear &&= value === transparency?.[c];
    }
    if (stride > channels) data[k * stride + channels] = clear ? 0 : wide ? 65535 : 255;
  }
  return { width, height, channels: stride as 1 | 2 | 4, depth: wide ? 16 : 8, data };
}

/** One byte for each pixel of a grey picture with several pixels in a byte; each row begins with a new byte. */
function unpackBits(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const values = new Uint8Array(width * height);
  const rowLength = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowLength + (bit >> 3)];
      values[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return values;
}

function damaged(why: string): InputError {
  return new InputError(`The PNG is damaged: ${why}.`);
}
