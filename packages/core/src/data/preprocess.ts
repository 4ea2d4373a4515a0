import { InputError } from "../errors.js";

/** Side of a normalised digit's picture. */
const SIDE = 28;
/** Side of the box that the ink is scaled to. */
const BOX = 20;

/**
 * MNIST's own normalisation: the ink's bounding box is scaled to fit 20x20 with its aspect kept, each new pixel being the
 * mean of the area it covers, and is then moved by whole pixels so that its centre of mass lies in the middle of 28x28.
 *
 * In MNIST the centre of mass is within half a pixel of the centre of pixel (14, 14), counted from 0, in both directions,
 * and the ink's longer side is 20 pixels; this does the same.
 *
 * @param grey `[height, width]`, row-major. Ink is high, paper is 0, on any scale.
 * @returns `[28, 28]`, 0 to 255, the darkest ink being 255; all 0 where there is no ink.
 * @throws InputError if the sizes are not whole numbers of at least 1, or `grey` does not hold width * height numbers.
 */
export function normalizeDigit(grey: Float32Array | Uint8Array, width: number, height: number): Uint8Array {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new InputError(
      `The picture's width and height must be whole numbers of at least 1, not ${width} and ${height}.`,
    );
  }
  if (grey.length !== width * height) {
    throw new InputError(
      `A picture of ${width}x${height} holds ${width * height} pixels, but ${grey.length} were given.`,
    );
  }
  return normalizedInk(grey, width, height);
}

/** As `normalizeDigit`, of sizes that are known to be right. */
export function normalizedInk(grey: Float32Array | Uint8Array, width: number, height: number): Uint8Array {
  const digit = new Uint8Array(SIDE * SIDE);
  const ink = findInk(grey, width, height);
  if (ink === undefined) return digit;
  const box = scaleToBox(grey, width, ink);
  place(box, 255 / ink.darkest, digit);
  return digit;
}

/** Where the ink is: columns [left, right), rows [top, bottom). */
interface Ink {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** The highest value. */
  readonly darkest: number;
}

function findInk(grey: Float32Array | Uint8Array, width: number, height: number): Ink | undefined {
  let darkest = 0;
  for (let i = 0; i < grey.length; i++) if (grey[i] > darkest) darkest = grey[i];
  if (darkest === 0) return undefined;
  // A pixel that is hardly grey (a blurred edge's rim) would make the digit smaller than it looks.
  const least = darkest * 0.1;
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let first = 0;
    while (first < width && grey[row + first] < least) first++;
    if (first === width) continue;
    let last = width - 1;
    while (grey[row + last] < least) last--;
    if (first < left) left = first;
    if (last >= right) right = last + 1;
    if (y < top) top = y;
    bottom = y + 1;
  }
  return { left, right, top, bottom, darkest };
}

/** The ink, scaled to `[20, 20]`, in the middle of the box in its shorter direction. */
function scaleToBox(grey: Float32Array | Uint8Array, width: number, ink: Ink): Float32Array {
  const inkWidth = ink.right - ink.left;
  const inkHeight = ink.bottom - ink.top;
  // Paper is added on both sides of the shorter direction, in whole pixels, to make a square.
  const side = Math.max(inkWidth, inkHeight);
  // How many pixels of the picture, in each direction, go into one pixel of the box.
  const step = side / BOX;
  const rows = new Float32Array(BOX * inkWidth);
  const firstRow = -Math.floor((side - inkHeight) / 2);
  for (let y = 0; y < BOX; y++) {
    const from = firstRow + y * step;
    const start = Math.max(0, Math.floor(from));
    for (let sy = start; sy < inkHeight && sy < from + step; sy++) {
      const share = (Math.min(sy + 1, from + step) - Math.max(sy, from)) / step;
      const source = (ink.top + sy) * width + ink.left;
      for (let x = 0; x < inkWidth; x++) rows[y * inkWidth + x] += share * grey[source + x];
    }
  }
  const box = new Float32Array(BOX * BOX);
  const firstColumn = -Math.floor((side - inkWidth) / 2);
  for (let x = 0; x < BOX; x++) {
    const from = firstColumn + x * step;
    const start = Math.max(0, Math.floor(from));
    for (let sx = start; sx < inkWidth && sx < from + step; sx++) {
      const share = (Math.min(sx + 1, from + step) - Math.max(sx, from)) / step;
      for (let y = 0; y < BOX; y++) box[y * BOX + x] += share * rows[y * inkWidth + sx];
    }
  }
  return box;
}

/** Puts the box, its values multiplied by `gain`, where its centre of mass falls on the middle pixel. */
function place(box: Float32Array, gain: number, digit: Uint8Array): void {
  let mass = 0;
  let massX = 0;
  let massY = 0;
  for (let y = 0; y < BOX; y++) {
    for (let x = 0; x < BOX; x++) {
      const value = box[y * BOX + x];
      mass += value;
      massX += value * x;
      massY += value * y;
    }
  }
  const left = Math.round(SIDE / 2 - massX / mass);
  const top = Math.round(SIDE / 2 - massY / mass);
  for (let y = 0; y < BOX; y++) {
    for (let x = 0; x < BOX; x++) {
      // A digit with all its ink at one edge would reach out of the picture: what sticks out is cut off.
      if (x + left < 0 || x + left >= SIDE || y + top < 0 || y + top >= SIDE) continue;
      digit[(y + top) * SIDE + x + left] = Math.min(255, Math.floor(box[y * BOX + x] * gain + 0.5));
    }
  }
}
