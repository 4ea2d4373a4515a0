/*
 * GIFs written by hand: what a decoder must read, and what no program writes.
 */

export interface GifOptions {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each of 2, 4, ... 256 colours. */
  readonly palette: Uint8Array;
  /** Which colour each pixel has. */
  readonly indices: ArrayLike<number>;
}

/** A GIF of one picture. */
export function gifOf({ width, height, palette, indices }: GifOptions): Uint8Array {
  const bits = Math.log2(palette.length / 3);
  const short = (value: number) => [value & 255, value >> 8];
  const codeBits = Math.max(2, bits);
  return Uint8Array.from([
    ...Buffer.from("GIF89a"),
    ...[...short(width), ...short(height), 0x80 | (bits - 1), 0, 0],
    ...palette,
    ...[0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, codeBits],
    ...inBlocks(packLzw(indices, codeBits)),
    0x3b,
  ]);
}

function inBlocks(bytes: readonly number[]): number[] {
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.slice(at, at + 255);
    blocks.push(block.length, ...block);
  }
  return [...blocks, 0];
}

/** Codes for the longest rows of values that were seen before; a full table is begun anew. */
function packLzw(values: ArrayLike<number>, bits: number): number[] {
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const bytes: number[] = [];
  let [pending, pendingBits, codeBits, next] = [0, 0, bits + 1, end + 1];
  let codes = new Map<string, number>();
  const write = (code: number) => {
    pending |= code << pendingBits;
    for (pendingBits += codeBits; pendingBits >= 8; pendingBits -= 8) {
      bytes.push(pending & 255);
      pending >>>= 8;
    }
  };
  const codeOf = (row: string) => codes.get(row) ?? Number(row);
  write(clear);
  let row = "";
  for (let k = 0; k < values.length; k++) {
    const longer = row === "" ? String(values[k]) : `${row},${values[k]}`;
    if (row === "" || codes.has(longer)) {
      row = longer;
      continue;
    }
    write(codeOf(row));
    if (next < 4096) {
      codes.set(longer, next++);
      if (next > 1 << codeBits && codeBits < 12) codeBits += 1;
    } else {
      write(clear);
      codes = new Map();
      [codeBits, next] = [bits + 1, end + 1];
    }
    row = String(values[k]);
  }
  write(codeOf(row));
  if (next === 1 << codeBits && codeBits < 12) codeBits += 1; // the reader makes one more
  write(end);
  return pendingBits > 0 ? [...bytes, pending & 255] : bytes;
}
