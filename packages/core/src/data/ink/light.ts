import { type Colours, median } from "../picture.js";
import type { Mask, Plane } from "./plane.js";
import { grown, largestAround, meanAround, shrunk, smallestAround } from "./windows.js";

/*
 * Uneven light: shadows with soft or hard edges, dark corners, a lamp. What is around each place is its paper: the light that
 * remains when everything narrower than a window is taken away (a closing; for light ink an opening).
 */

/** The window, as a share of the longer side: wider than strokes, narrower than shadows. */
const WINDOW = 0.25;

/** How many times darker than most of the paper a shadow may be. */
const MOST_GAIN = 2.6;

/** Windows that strokes disappear in, as shares of the longer side. */
const SMALL_WINDOWS = [1 / 32, 1 / 16, 1 / 8];

/** Areas that contain a square with this share of the longer side are no strokes, if they reach the border. */
const AREA = 0.08;

/** So many pixels a side are enough to see an area. */
const SAMPLES = 200;

/** How far an area lies from the paper: in grey levels, and as a share of what lies furthest from it. */
const LEAST_DIFFERENCE = 10;
const LEAST_SHARE = 0.15;

/** Pictures with a shorter side below are too small to tell a shadow from a stroke. */
const SMALLEST = 48;

/**
 * Whether areas at the border of what is looked at differ from the paper, to whichever side.
 * @param along how far each pixel lies from the paper
 */
export function isUneven(along: Plane, seen: Mask): boolean {
  if (Math.min(along.width, along.height) < SMALLEST) return false;
  const { width, height, data, whole } = samplesOf(along, seen);
  const most = data.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  const least = Math.max(LEAST_DIFFERENCE, LEAST_SHARE * most);
  const radius = Math.max(1, Math.round((AREA / 2) * Math.max(width, height)));
  const inner = withoutBorder(shrunk(whole, width, 1), width);
  return [1, -1].some((sign) => {
    const marked = whole.map((value, k) => (value && sign * data[k] >= least ? 1 : 0));
    const areas = grown(shrunk(marked, width, radius), width, radius + 1);
    let atBorder = 0;
    for (let k = 0; k < marked.length; k++) if (areas[k] && marked[k] && !inner[k]) atBorder++;
    return atBorder > 2 * radius;
  });
}

/** Means of squares of pixels, and which of these are looked at, all of them. */
function samplesOf({ width, height, data }: Plane, seen: Mask): Plane & { readonly whole: Mask } {
  const step = Math.ceil(Math.max(width, height) / SAMPLES);
  const columns = Math.floor(width / step);
  const rows = Math.floor(height / step);
  const means = new Float32Array(columns * rows);
  const whole = new Uint8Array(columns * rows).fill(1);
  for (let y = 0; y < rows * step; y++) {
    const row = Math.floor(y / step) * columns;
    for (let x = 0; x < columns * step; x++) {
      const at = row + Math.floor(x / step);
      means[at] += data[y * width + x] / (step * step);
      whole[at] &= seen[y * width + x];
    }
  }
  return { width: columns, height: rows, data: means, whole };
}

/** Without the pixels at the picture's border. */
function withoutBorder(mask: Mask, width: number): Mask {
  const inner = mask.slice();
  inner.fill(0, 0, width);
  inner.fill(0, mask.length - width);
  for (let k = 0; k < mask.length; k += width) inner[k] = inner[k + width - 1] = 0;
  return inner;
}

/**
 * How far each pixel lies from the paper around it, towards the ink, in grey levels.
 * @returns undefined where nothing differs
 */
export function evenedLook(
  colours: Colours,
  seen: Mask,
  ignored: Mask,
): { readonly along: Plane; readonly noise: number } | undefined {
  const { width, height } = colours;
  const radius = Math.round((WINDOW / 2) * Math.max(width, height));
  const told = seen.map((value, k) => value & (1 - ignored[k]));
  const { grey, isLight } = greyOf(colours, told, radius);
  const smooth = { width, height, data: meanAround({ width, height, data: grey }, 1, seen) };
  const darkInk = isInkDark(smooth, told);
  const paper = (darkInk ? closed : opened)(smooth, radius, told, seen);
  const usual = medianOf(paper, told);
  const data = new Float32Array(grey.length);
  for (let k = 0; k < data.length; k++) {
    if (!told[k]) continue;
    // Where less light falls, ink and paper differ less; colours that are no brightness can't be multiplied.
    const gain = darkInk && isLight ? usual / Math.max(1, paper[k]) : 1;
    // What is much darker is no shadow on the paper, but something else.
    if (gain <= MOST_GAIN) data[k] = (darkInk ? paper[k] - grey[k] : grey[k] - paper[k]) * gain;
  }
  const middle = medianOf(data, told);
  for (let k = 0; k < data.length; k++) if (told[k]) data[k] -= middle;
  const spread = 1.4826 * medianOf(absolute(data), told);
  return { along: { width, height, data }, noise: 4 * spread };
}

/**
 * The picture in the one direction (of colour) in which neighbours differ most.
 */
function greyOf(
  { width, height, channels, data }: Colours,
  seen: Mask,
  radius: number,
): { grey: Float32Array; isLight: boolean } {
  if (channels === 1) return { grey: data, isLight: true };
  const planes = Array.from({ length: channels }, (_, c) => {
    const plane = new Float32Array(seen.length);
    for (let k = 0; k < plane.length; k++) plane[k] = data[k * channels + c];
    return plane;
  });
  const around = planes.map((plane) => meanAround({ width, height, data: plane }, radius, seen));
  const products = planes.map((_, a) =>
    planes.map((_, b) => {
      let sum = 0;
      for (let k = 0; k < seen.length; k++) {
        if (seen[k]) sum += (planes[a][k] - around[a][k]) * (planes[b][k] - around[b][k]);
      }
      return sum;
    }),
  );
  const direction = principal(products);
  const grey = new Float32Array(seen.length);
  for (let c = 0; c < channels; c++) {
    for (let k = 0; k < grey.length; k++) grey[k] += (planes[c][k] * direction[c]) / Math.sqrt(channels);
  }
  return { grey, isLight: direction.every((part) => part > 0.1) };
}

/** The direction that a symmetric matrix stretches most: powers of it turn any vector there. Its sum isn't negative. */
function principal(matrix: readonly number[][]): number[] {
  let vector = matrix.map((_, k) => 1 + 0.01 * k);
  for (let n = 0; n < 30; n++) {
    const next = matrix.map((row) => row.reduce((sum, value, k) => sum + value * vector[k], 0));
    const length = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0));
    if (length === 0) break;
    vector = next.map((value) => value / length);
  }
  const total = vector.reduce((sum, value) => sum + value, 0);
  return total < 0 ? vector.map((value) => -value) : vector;
}

/**
 * Whether ink is darker than its paper. Strokes are narrower than what they enclose: they are what already disappears in small
 * windows, dark ones where the lightest is taken, light ones where the darkest is.
 */
function isInkDark(grey: Plane, seen: Mask): boolean {
  const { width, height, data, whole } = samplesOf(grey, seen);
  let balance = 0;
  for (const share of SMALL_WINDOWS) {
    const radius = Math.max(1, Math.round((share / 2) * Math.max(width, height)));
    const light = closed({ width, height, data }, radius, whole, whole);
    const dark = opened({ width, height, data }, radius, whole, whole);
    for (let k = 0; k < data.length; k++) {
      if (!whole[k]) continue;
      const darker = light[k] - data[k];
      const lighter = data[k] - dark[k];
      // the smaller the window, the surer that only strokes disappear in it
      balance += (darker * darker - lighter * lighter) / share;
    }
  }
  return balance >= 0;
}

/** What remains when everything dark that is narrower than a window is taken away. Only what is `told` counts. */
function closed(plane: Plane, radius: number, told: Mask, seen: Mask): Float32Array {
  const largest = largestAround(hidden(plane, told, -Infinity), radius);
  return smallestAround(hidden({ ...plane, data: largest }, seen, Infinity), radius);
}

/** What remains when everything light that is narrower than a window is taken away. */
function opened(plane: Plane, radius: number, told: Mask, seen: Mask): Float32Array {
  const smallest = smallestAround(hidden(plane, told, Infinity), radius);
  return largestAround(hidden({ ...plane, data: smallest }, seen, -Infinity), radius);
}

function hidden({ width, height, data }: Plane, seen: Mask, outside: number): Plane {
  const shown = data.slice();
  for (let k = 0; k < shown.length; k++) if (!seen[k]) shown[k] = outside;
  return { width, height, data: shown };
}

/** The middle of what is marked; 0 where nothing is. */
function medianOf(data: Float32Array, seen: Mask): number {
  const values = data.filter((_, k) => seen[k] === 1);
  return values.length === 0 ? 0 : median(values);
}

function absolute(data: Float32Array): Float32Array {
  const sizes = new Float32Array(data.length);
  for (let k = 0; k < data.length; k++) sizes[k] = Math.abs(data[k]);
  return sizes;
}
