import { type Colours, median } from "../picture.js";
import { fullInk } from "./level.js";
import { evenedLook, isUneven } from "./light.js";
import { subtractPaper } from "./paper.js";
import type { Mask, Plane } from "./plane.js";
import { projectOnInk } from "./projection.js";
import { shrunk } from "./windows.js";

/** What of a picture is looked at. */
export interface Region {
  /** `[height, width]` */
  readonly mask: Mask;
  /** Whether that is all of the picture. */
  readonly whole: boolean;
}

/** What one look at a picture tells. */
export interface Look {
  /** 0 is paper, 1 is full ink; 0 where nothing is looked at. */
  readonly ink: Plane;
  /** The same before it is cut off at 0 and 1: negative on the other side of the paper. */
  readonly along: Float32Array;
  /** What is fainter is paper: a share of the full ink. */
  readonly least: number;
  readonly evened: boolean;
}

/** Ink that differs from the paper by less (of 255) is none: a scanner's white is never quite even. */
const LEAST_CONTRAST = 8;

/** What is fainter than this share of the full ink is paper: halos that JPEG draws around strokes. */
const FAINTEST = 0.1;

/**
 * The ink of a picture: what differs from the paper, which is what the region's border shows; or, where that is uneven,
 * what is around each place.
 * @param ignored pixels that say nothing about the ink's colour, as they are known to be something else
 * @returns undefined if nothing differs from the paper
 */
export function look(colours: Colours, region: Region, ignored: Mask): Look | undefined {
  const { width, height } = colours;
  const thickness = ringThickness(width, height);
  const inner = region.whole ? undefined : shrunk(region.mask, width, thickness);
  const seen = flatLook(colours, region, inner, (difference) =>
    blank(difference, colours.channels, region.mask, ignored),
  );
  if (seen === undefined || !isUneven({ width, height, data: seen.along }, region.mask)) return seen?.look;
  const evened = evenedLook(colours, region.mask, ignored);
  // where evening leaves nothing, what differs at the border is what is drawn: a broad stroke from edge to edge
  return (evened && inkIn(evened.along, evened.noise, true)) ?? seen.look;
}

/**
 * The ink of a picture on which the light is even.
 * @param inner what of the region isn't its border, unless it is the whole picture
 * @param forget makes nothing of differences that say nothing about the ink's colour
 * @returns undefined if nothing differs from the paper; `look` is undefined if it differs too little to be ink
 */
export function flatLook(
  colours: Colours,
  region: Region,
  inner?: Mask,
  forget?: (difference: Float32Array) => void,
): { readonly look: Look | undefined; readonly along: Float32Array } | undefined {
  const { width, height } = colours;
  const ring = ringOf(region.mask, inner, width, height);
  const difference = subtractPaper(colours, ring, region.whole);
  forget?.(difference);
  const along = projectOnInk(difference, colours.channels);
  if (along === undefined) return undefined;
  // The spread of the paper around its own colour; the median of the distances isn't changed by ink that touches the border.
  const spread = 1.4826 * median(Float32Array.from(ring, (k) => Math.abs(along[k])));
  return { look: inkIn({ width, height, data: along }, 4 * spread, false), along };
}

function inkIn({ width, height, data }: Plane, noise: number, evened: boolean): Look | undefined {
  const level = fullInk(data, noise);
  if (level < Math.max(LEAST_CONTRAST, 1.5 * noise)) return undefined;
  const cut = Math.max(noise, FAINTEST * level);
  const ink = data.map((value) => (value < cut ? 0 : Math.min(1, value / level)));
  const along = data.map((value) => value / level);
  return { ink: { width, height, data: ink }, along, least: cut / level, evened };
}

/** Nothing differs where nothing is looked at. */
function blank(difference: Float32Array, channels: number, seen: Mask, ignored: Mask): void {
  for (let k = 0; k < seen.length; k++) {
    if (seen[k] && !ignored[k]) continue;
    for (let c = 0; c < channels; c++) difference[k * channels + c] = 0;
  }
}

/** How far the border reaches into the picture. */
function ringThickness(width: number, height: number): number {
  return Math.max(1, Math.round(0.02 * Math.min(width, height)));
}

/** Indices of the pixels near the region's border. */
function ringOf(mask: Mask, inner: Mask | undefined, width: number, height: number): Uint32Array {
  const thickness = ringThickness(width, height);
  const ring: number[] = [];
  for (let y = 0; y < height; y++) {
    const isSide = y < thickness || y >= height - thickness;
    for (let x = 0; x < width; x++) {
      const k = y * width + x;
      const outer = isSide || x < thickness || x >= width - thickness;
      if (mask[k] && (outer || inner?.[k] === 0)) ring.push(k);
    }
  }
  return Uint32Array.from(ring);
}
