import { atLeast, type Box, inverse, type Mask, type Plane } from "./plane.js";

/** Pixels that hang together, also over corners. */
export interface Piece extends Box {
  /** Their indices. */
  readonly pixels: Int32Array;
  /** The sum of their values. */
  readonly mass: number;
}

/** The pieces of what is marked, the one with most mass first. */
export function piecesOf({ width, height, data }: Plane, marked: Mask): Piece[] {
  const pieces: Piece[] = [];
  const seen = inverse(marked);
  const queue = new Int32Array(data.length);
  for (let start = 0; start < data.length; start++) {
    if (seen[start]) continue;
    seen[start] = 1;
    queue[0] = start;
    let length = 1;
    let mass = 0;
    let left = width;
    let right = 0;
    let top = height;
    let bottom = 0;
    for (let next = 0; next < length; next++) {
      const k = queue[next];
      mass += data[k];
      const x = k % width;
      const y = (k - x) / width;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
      const firstColumn = x > 0 ? x - 1 : 0;
      const lastColumn = x < width - 1 ? x + 1 : x;
      const lastRow = y < height - 1 ? y + 1 : y;
      for (let ny = y > 0 ? y - 1 : 0; ny <= lastRow; ny++) {
        for (let nx = firstColumn; nx <= lastColumn; nx++) {
          const neighbour = ny * width + nx;
          if (seen[neighbour]) continue;
          seen[neighbour] = 1;
          queue[length++] = neighbour;
        }
      }
    }
    pieces.push({ pixels: queue.slice(0, length), mass, left, right, top, bottom });
  }
  return pieces.sort((a, b) => b.mass - a.mass);
}

/** Marks the pixels of pieces in a picture of `length` pixels. */
export function maskOf(pieces: readonly Piece[], length: number): Mask {
  const mask = new Uint8Array(length);
  for (const { pixels } of pieces) for (let n = 0; n < pixels.length; n++) mask[pixels[n]] = 1;
  return mask;
}

/** What is marked with its holes: all that can't be reached from the border without crossing it. */
export function withoutHoles(mask: Mask, width: number): Mask {
  const height = mask.length / width;
  const filled = new Uint8Array(mask.length).fill(1);
  const queue = new Int32Array(mask.length);
  let length = 0;
  const reach = (k: number) => {
    if (mask[k] || filled[k] === 0) return;
    filled[k] = 0;
    queue[length++] = k;
  };
  for (let x = 0; x < width; x++) {
    reach(x);
    reach((height - 1) * width + x);
  }
  for (let y = 0; y < height; y++) {
    reach(y * width);
    reach(y * width + width - 1);
  }
  for (let next = 0; next < length; next++) {
    const k = queue[next];
    const x = k % width;
    if (x > 0) reach(k - 1);
    if (x < width - 1) reach(k + 1);
    if (k >= width) reach(k - width);
    if (k < mask.length - width) reach(k + width);
  }
  return filled;
}

/** Spots with less than this share of the ink of the largest piece are dirt. */
const SMALLEST_PIECE = 0.02;

/** The ink without pieces that have very little of it. */
export function withoutSpots(ink: Plane): Plane {
  const pieces = piecesOf(ink, atLeast(ink, Number.MIN_VALUE));
  const data = ink.data.slice();
  for (const { pixels, mass } of pieces) {
    if (mass < SMALLEST_PIECE * pieces[0].mass) for (let n = 0; n < pixels.length; n++) data[pixels[n]] = 0;
  }
  return { ...ink, data };
}
