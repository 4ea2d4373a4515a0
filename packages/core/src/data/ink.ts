import { InputError } from "../errors.js";
import { type Colours, coloursOf, median, type Picture, type PixelData, pictureOf } from "./picture.js";

/*
 * What is drawn in a picture. The paper is what the border shows; the ink is what differs from the paper, in the direction
 * (of colour) in which most of it differs. So dark ink on light paper, light ink on dark paper, and red ink on green paper
 * are one case, and nobody has to say which it is.
 *
 * Only + - * / and square roots: the same bits in every JavaScript engine.
 */

/** Ink on paper: 0 is paper, 1 is full ink. */
export interface Ink {
  readonly width: number;
  readonly height: number;
  /** `[height, width]` */
  readonly data: Float32Array;
}

/** Pictures are averaged down until their longer side has at most so many pixels: cheaper, and less noise. */
const LONGEST_SIDE = 1024;

/** Ink that differs from the paper by less (of 255) is none: a scanner's white is never quite even. */
const LEAST_CONTRAST = 8;

/** What is fainter than this share of the full ink is paper: halos that JPEG draws around strokes. */
const FAINTEST = 0.1;

/**
 * The edge of a stroke. Where a picture was made larger or is out of focus, ink fades out over some pixels, and the edge is
 * where it is half; a little less, so that little is lost of small pictures, where one pixel can be all of a stroke's width.
 */
const EDGE = 0.4;

/** Spots with less than this share of the ink of the largest connected piece are dirt. */
const SMALLEST_PIECE = 0.02;

/**
 * Finds the ink of a drawing, a scan or a photo. What is transparent is paper.
 * @throws InputError if the picture is broken, or there is nothing drawn in it
 */
export function inkOf(given: Picture | PixelData): Ink {
  const picture = pictureOf(given);
  const step = Math.ceil(Math.max(picture.width, picture.height) / LONGEST_SIDE);
  // White ink on a transparent background can't be seen on white.
  const backgrounds = picture.channels % 2 === 0 ? [255, 0] : [255];
  for (const background of backgrounds) {
    const ink = findInk(coloursOf(picture, background, step));
    if (ink !== undefined) return ink;
  }
  throw new InputError("Nothing is drawn in the picture: all of it looks like its border.");
}

/**
 * The part of the picture that the strokes reach, up to their edges.
 * @throws as `inkOf`
 */
export function croppedInkOf(picture: Picture | PixelData): Ink {
  const { width, height, data } = inkOf(picture);
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] < EDGE) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  const cropped = new Float32Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) {
    cropped.set(data.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { width: right - left, height: bottom - top, data: cropped };
}

function findInk(colours: Colours): Ink | undefined {
  const { width, height } = colours;
  const ring = ringOf(width, height);
  const difference = subtractPaper(colours, ring);
  const along = projectOnInk(difference, colours.channels);
  if (along === undefined) return undefined;

  // The spread of the paper around its own colour; the median of the distances isn't changed by ink that touches the border.
  const spread = 1.4826 * median(Float32Array.from(ring, (k) => Math.abs(along[k])));
  const noise = 4 * spread;
  const level = fullInk(along, noise);
  if (level < Math.max(LEAST_CONTRAST, 1.5 * noise)) return undefined;

  const least = Math.max(noise, FAINTEST * level);
  const data = along.map((value) => (value < least ? 0 : Math.min(1, value / level)));
  removeSpots(data, width, height);
  return { width, height, data };
}

/** Indices of the pixels near the border. */
function ringOf(width: number, height: number): Uint32Array {
  const thickness = Math.max(1, Math.round(0.02 * Math.min(width, height)));
  const ring: number[] = [];
  for (let y = 0; y < height; y++) {
    const whole = y < thickness || y >= height - thickness;
    for (let x = 0; x < width; x++) {
      if (whole || x < thickness || x >= width - thickness) ring.push(y * width + x);
    }
  }
  return Uint32Array.from(ring);
}

/** Colours minus the paper's colour at the same place. */
function subtractPaper({ width, height, channels, data }: Colours, ring: Uint32Array): Float32Array {
  const difference = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    const paper = paperOf((k) => data[k * channels + c], ring, width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const k = (y * width + x) * channels + c;
        difference[k] = data[k] - (paper.level + paper.perColumn * x + paper.perRow * y);
      }
    }
  }
  return difference;
}

interface Paper {
  readonly level: number;
  readonly perColumn: number;
  readonly perRow: number;
}

/**
 * The paper's brightness in one channel: a constant, or a slope where the light comes from one side. All from medians, which
 * don't mind ink on less than half of the border.
 */
function paperOf(at: (k: number) => number, ring: Uint32Array, width: number, height: number): Paper {
  const column = (k: number) => k % width;
  const row = (k: number) => Math.floor(k / width);
  const medianWhere = (within: (k: number) => boolean) => median(Float32Array.from(ring.filter(within), at));
  const flat = { level: median(Float32Array.from(ring, at)), perColumn: 0, perRow: 0 };
  if (width < 3 || height < 3) return flat;
  const perColumn =
    (medianWhere((k) => column(k) === width - 1) - medianWhere((k) => column(k) === 0)) / (width - 1);
  const perRow =
    (medianWhere((k) => row(k) === height - 1) - medianWhere((k) => row(k) === 0)) / (height - 1);
  if (perColumn === 0 && perRow === 0) return flat;
  const slope = (k: number) => perColumn * column(k) + perRow * row(k);
  const sloped = { level: median(Float32Array.from(ring, (k) => at(k) - slope(k))), perColumn, perRow };
  // A stroke along one edge looks like a slope too, but a slope explains the other edges better than a constant does.
  const misfit = ({ level, perColumn, perRow }: Paper) =>
    ring.reduce((sum, k) => sum + Math.abs(at(k) - level - perColumn * column(k) - perRow * row(k)), 0);
  return misfit(sloped) < 0.7 * misfit(flat) ? sloped : flat;
}

/**
 * How far each pixel lies in the direction of the ink, in grey levels: negative on the other side of the paper. The direction
 * is the mean of all differences, the large ones counting most, so that noise on both sides of the paper cancels out.
 * Undefined where nothing differs.
 */
function projectOnInk(difference: Float32Array, channels: number): Float32Array | undefined {
  const direction = new Float64Array(channels);
  const pixels = difference.length / channels;
  for (let k = 0; k < pixels; k++) {
    let square = 0;
    for (let c = 0; c < channels; c++) square += difference[k * channels + c] * difference[k * channels + c];
    for (let c = 0; c < channels; c++) direction[c] += difference[k * channels + c] * square;
  }
  let length = 0;
  for (const part of direction) length += part * part;
  if (length === 0) return undefined;
  // Divided by the root of the channels too, so that a grey picture gives the same as one with three equal channels.
  const scale = 1 / (Math.sqrt(length) * Math.sqrt(channels));
  const along = new Float32Array(pixels);
  for (let k = 0; k < pixels; k++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += difference[k * channels + c] * direction[c];
    along[k] = sum * scale;
  }
  return along;
}

/** What full ink is: the value that a tenth of the ink exceeds. Ink is what Otsu's method parts from the fainter rest. */
function fullInk(along: Float32Array, noise: number): number {
  const candidates = along.filter((value) => value > noise);
  if (candidates.length === 0) return 0;
  candidates.sort();
  const first = otsu(candidates);
  return candidates[first + Math.floor(0.9 * (candidates.length - 1 - first))];
}

/** The index that parts sorted values into two groups whose means differ most, weighted by their sizes (N. Otsu, 1979). */
function otsu(sorted: Float32Array): number {
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let below = 0;
  let best = 0;
  let split = 0;
  for (let k = 1; k < sorted.length; k++) {
    below += sorted[k - 1];
    const gap = (total - below) / (sorted.length - k) - below / k;
    const between = k * (sorted.length - k) * gap * gap;
    if (between > best) {
      best = between;
      split = k;
    }
  }
  return split;
}

/** Sets connected pieces (also over corners) with very little ink to paper. */
function removeSpots(ink: Float32Array, width: number, height: number): void {
  const pieces: { readonly pixels: number[]; readonly mass: number }[] = [];
  const seen = new Uint8Array(ink.length);
  for (let start = 0; start < ink.length; start++) {
    if (seen[start] || ink[start] === 0) continue;
    const pixels = [start];
    seen[start] = 1;
    let mass = 0;
    for (let next = 0; next < pixels.length; next++) {
      const k = pixels[next];
      mass += ink[k];
      const x = k % width;
      const y = Math.floor(k / width);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const neighbour = ny * width + nx;
          if (seen[neighbour] || ink[neighbour] === 0) continue;
          seen[neighbour] = 1;
          pixels.push(neighbour);
        }
      }
    }
    pieces.push({ pixels, mass });
  }
  const largest = pieces.reduce((most, { mass }) => Math.max(most, mass), 0);
  for (const { pixels, mass } of pieces) {
    if (mass < SMALLEST_PIECE * largest) for (const k of pixels) ink[k] = 0;
  }
}
