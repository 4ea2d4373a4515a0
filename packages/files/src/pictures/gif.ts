import { checkPictureSize, InputError, type Picture } from "unravel-cnn";
import { unpackLzw } from "./gifLzw.js";

/*
 * The first picture of a GIF, laid on its screen: what lies beside it, and its transparent colour, stay clear. (GIF89a)
 */

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  /** Red, green and blue of each colour. */
  readonly palette: Uint8Array;
  /** Undefined: none is. */
  readonly transparent: number | undefined;
  /** Indices of colours, packed. */
  readonly packed: Uint8Array;
  readonly codeBits: number;
}

/** The screen's size, which is the picture's. @throws InputError if the file is cut short */
export function gifSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const reader = new Reader(bytes, 6);
  return { width: reader.short(), height: reader.short() };
}

/**
 * The first picture of a GIF.
 * @param bytes a file that begins as a GIF
 * @throws InputError if it is damaged or too large
 */
export function decodeGif(bytes: Uint8Array): Picture {
  const screen = gifSize(bytes);
  const frame = readFrame(bytes);
  const width = Math.max(screen.width, frame.left + frame.width);
  const height = Math.max(screen.height, frame.top + frame.height);
  checkPictureSize(width, height);
  const indices = unpackLzw(frame.packed, frame.codeBits, frame.width * frame.height);
  if (indices === undefined) throw damaged("its pixel data end too early, or make no sense");
  const whole = frame.width === width && frame.height === height && frame.transparent === undefined;
  const channels = whole ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  const order = frame.interlaced ? interlacedRows(frame.height) : undefined;
  for (let row = 0; row < frame.height; row++) {
    const y = frame.top + (order ? order[row] : row);
    for (let x = 0; x < frame.width; x++) {
      const index = indices[row * frame.width + x];
      if (3 * index >= frame.palette.length) throw damaged("a colour is not in its palette");
      if (index === frame.transparent) continue;
      const to = (y * width + frame.left + x) * channels;
      for (let c = 0; c < 3; c++) data[to + c] = frame.palette[3 * index + c];
      if (channels === 4) data[to + 3] = 255;
    }
  }
  return { width, height, channels, depth: 8, data };
}

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;

function readFrame(bytes: Uint8Array): Frame {
  const reader = new Reader(bytes, 10);
  const global = reader.paletteAfter(2);
  let transparent: number | undefined;
  for (;;) {
    const block = reader.byte();
    if (block === EXTENSION) {
      const label = reader.byte();
      const data = reader.subBlocks();
      if (label === GRAPHIC_CONTROL) transparent = data[0] & 1 ? data[3] : undefined;
    } else if (block === IMAGE) {
      const [left, top, width, height] = [reader.short(), reader.short(), reader.short(), reader.short()];
      const interlaced = (reader.peek() & 0x40) !== 0;
      const palette = reader.paletteAfter(0) ?? global;
      if (palette === undefined) throw damaged("it has no palette");
      checkPictureSize(width, height);
      const codeBits = reader.byte();
      if (codeBits < 1 || codeBits > 8) throw damaged("its pixel data make no sense");
      return {
        left,
        top,
        width,
        height,
        interlaced,
        palette,
        transparent,
        codeBits,
        packed: reader.subBlocks(),
      };
    } else {
      throw damaged(block === 0x3b ? "there is no picture in it" : "its parts don't follow each other");
    }
  }
}

/** Reads one thing after the other. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  peek(): number {
    if (this.#at >= this.#bytes.length) throw damaged("it is cut short");
    return this.#bytes[this.#at];
  }

  byte(): number {
    const value = this.peek();
    this.#at += 1;
    return value;
  }

  short(): number {
    return this.byte() | (this.byte() << 8);
  }

  /** The palette that a byte of flags announces, `skipped` bytes after it; undefined if none is there. */
  paletteAfter(skipped: number): Uint8Array | undefined {
    const flags = this.byte();
    this.#at += skipped;
    return flags & 0x80 ? this.#take(3 * 2 ** ((flags & 7) + 1)) : undefined;
  }

  /** Pieces of up to 255 bytes, each after its length, up to one of length 0, put together. */
  subBlocks(): Uint8Array {
    const pieces: Uint8Array[] = [];
    let total = 0;
    for (let length = this.byte(); length > 0; length = this.byte()) {
      pieces.push(this.#take(length));
      total += length;
    }
    const all = new Uint8Array(total);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    if (taken.length < length) throw damaged("it is cut short");
    this.#at += length;
    return taken;
  }
}

/** In which order the rows of an interlaced picture come. */
function interlacedRows(height: number): number[] {
  const rows: number[] = [];
  for (const [first, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ]) {
    for (let row = first; row < height; row += step) rows.push(row);
  }
  return rows;
}

function damaged(why: string): InputError {
  return new InputError(`The GIF is damaged: ${why}.`);
}
