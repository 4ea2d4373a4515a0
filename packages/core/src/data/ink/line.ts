import { median } from "../picture.js";
import type { Plane } from "./plane.js";

/** A thin line from one place to another. Of an upright one, x and y have changed their places. */
export interface Line {
  readonly upright: boolean;
  /** Columns [from, to). */
  readonly from: number;
  readonly to: number;
  /** Where its middle is, at each of these columns. */
  readonly middle: Float32Array;
  /** How wide it is, in pixels. */
  readonly width: number;
  /** The share of its columns in which more ink than its own hangs on it. */
  readonly crossed: number;
}

interface Guess {
  readonly upright: boolean;
  readonly from: number;
  readonly to: number;
  /** About where the line is at a column. */
  readonly place: (x: number) => number;
  /** No line is wider. */
  readonly widest: number;
  /** How many pixels the guess may be off. */
  readonly step: number;
}

/** Fainter ink ends a line. */
const FAINTEST = 0.15;
/** Columns to each side that tell where a line is at a column that doesn't show it. */
const AROUND = 12;

/**
 * A line that was found roughly, column by column: where it alone is inked, its middle and its width.
 * @param ink for upright lines with rows as columns
 * @returns undefined if it is not seen in the picture itself
 */
export function followed(ink: Plane, { upright, from, to, place, widest, step }: Guess): Line | undefined {
  const runs = Array.from({ length: to - from }, (_, k) =>
    runNear(ink, from + k, place(from + k), 1.5 * step + 1),
  );
  const thin = runs
    .filter((run) => run !== undefined)
    .map(({ top, bottom }) => bottom - top)
    .filter((size) => size <= widest + 1);
  if (thin.length < 0.4 * runs.length) return undefined;
  const width = median(thin);
  const isLine = runs.map((run) => run !== undefined && run.bottom - run.top <= 1.6 * width + 1);
  const middle = new Float32Array(runs.length);
  for (let k = 0; k < runs.length; k++) {
    const near: number[] = [];
    for (let around = AROUND; near.length < 5 && around <= 32 * AROUND; around *= 2) {
      near.length = 0;
      for (let j = Math.max(0, k - around); j <= Math.min(runs.length - 1, k + around); j++) {
        const run = runs[j];
        // moved along the guess, which has the line's slope
        if (run && isLine[j]) near.push((run.top + run.bottom) / 2 + place(from + k) - place(from + j));
      }
    }
    middle[k] = near.length > 0 ? median(near) : place(from + k);
  }
  const crossed = runs.filter((run, k) => run !== undefined && !isLine[k]).length / runs.length;
  return { upright, from, to, middle, width, crossed };
}

/** The rows [top, bottom) of the ink that is nearest to a place in a column. */
function runNear({ width, height, data }: Plane, x: number, place: number, reach: number) {
  const inked = (y: number) => y >= 0 && y < height && data[y * width + x] >= FAINTEST;
  const start = Math.floor(place);
  for (let away = 0; away <= reach; away++) {
    for (const y of [start - away, start + away]) {
      if (!inked(y)) continue;
      let top = y;
      while (inked(top - 1)) top--;
      let bottom = y + 1;
      while (inked(bottom)) bottom++;
      return { top, bottom };
    }
  }
  return undefined;
}
