import { followed, type Line } from "./line.js";
import { atLeast, type Mask, type Plane, transposed } from "./plane.js";

/*
 * Long straight lines that are nearly level or nearly upright: ruled lines, margins, frames, edges. They are looked for in a
 * smaller picture, by counting the ink along all lines that cross it (P. Hough, 1962), and then followed in the picture itself.
 */

/** Longer sides are made smaller to at most so many cells before lines are counted. */
const CELLS = 256;
/** How far a line may rise or fall, as a share of its length. */
const STEEPEST = 0.25;
/** A line is at least this share of the picture's side long. */
const SHORTEST = 0.3;
/** How much of a line must be seen. */
const LEAST_SEEN = 0.7;
/** So many cells in turn may be without ink. */
const LONGEST_GAP = 3;
/** Strokes are wider than lines: a line's width is at most this share of the longer side. */
const WIDEST = 0.025;
/** No picture has more lines in one direction. */
const MOST = 60;
/** Fainter ink makes no line. */
const FAINTEST = 0.15;

/** All lines in a picture, level ones first. */
export function linesIn(ink: Plane): Line[] {
  const { width, height, data } = ink;
  const upright = { width: height, height: width, data: transposed(data, width) };
  return [...levelLines(ink, false), ...levelLines(upright, true)];
}

function levelLines(ink: Plane, upright: boolean): Line[] {
  const longer = Math.max(ink.width, ink.height);
  const step = Math.ceil(longer / CELLS);
  const widest = Math.max(2, WIDEST * longer);
  const cells = cellsOf(ink, step);
  const { width, height } = cells;
  const kinds = thinOrWide(cells, Math.ceil(widest / step) + 1);
  return candidates(kinds, width, height)
    .flatMap((candidate) => {
      // what an accepted line has taken can't be counted for another
      const seen = best(kinds, width, height, candidate);
      if (seen === undefined || seen.score < 0.8 * candidate.score) return [];
      take(kinds, width, height, seen);
      const place = (x: number) => (seen.start + seen.slope * (x / step - width / 2)) * step + step / 2;
      return [
        followed(ink, {
          upright,
          from: seen.from * step,
          to: Math.min(ink.width, seen.to * step),
          place,
          widest,
          step,
        }),
      ];
    })
    .filter((line) => line !== undefined)
    .slice(0, MOST);
}

/** Cells of `step` x `step` pixels, each marked if there is ink in it. */
function cellsOf(ink: Plane, step: number): { width: number; height: number; mask: Mask } {
  const width = Math.ceil(ink.width / step);
  const height = Math.ceil(ink.height / step);
  const mask = new Uint8Array(width * height);
  const marked = atLeast(ink, FAINTEST);
  for (let y = 0; y < ink.height; y++) {
    const row = Math.floor(y / step) * width;
    for (let x = 0; x < ink.width; x++) if (marked[y * ink.width + x]) mask[row + Math.floor(x / step)] = 1;
  }
  return { width, height, mask };
}

const NONE = 0;
const THIN = 1;
const WIDE = 2;

/** Tells ink that is at most `widest` cells high from ink that is higher, and so no level line but may hide one. */
function thinOrWide(
  { width, height, mask }: { width: number; height: number; mask: Mask },
  widest: number,
): Uint8Array {
  const kinds = new Uint8Array(mask.length);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (!mask[y * width + x]) continue;
      let end = y;
      while (end < height && mask[end * width + x]) end++;
      for (let k = y; k < end; k++) kinds[k * width + x] = end - y <= widest ? THIN : WIDE;
      y = end;
    }
  }
  return kinds;
}

interface Candidate {
  /** Row at the middle column. */
  readonly start: number;
  /** Rows per column. */
  readonly slope: number;
  /** Cells with thin ink on the best stretch. */
  readonly score: number;
}

/** Lines with enough ink on one stretch, the best first. */
function candidates(kinds: Uint8Array, width: number, height: number): Candidate[] {
  const list: Candidate[] = [];
  const steps = Math.ceil(STEEPEST * width);
  // how many cells with thin ink lie above each row: a line can't have more than the rows that it crosses
  const above = new Uint32Array(height + 1);
  for (let y = 0; y < height; y++) {
    let sum = above[y];
    for (let x = 0; x < width; x++) if (kinds[y * width + x] === THIN) sum++;
    above[y + 1] = sum;
  }
  for (let s = -steps; s <= steps; s++) {
    const slope = s / width;
    const reach = Math.ceil((Math.abs(slope) * width) / 2) + 1;
    for (let start = 0; start < height; start++) {
      const crossed = above[Math.min(height, start + reach + 1)] - above[Math.max(0, start - reach)];
      if (crossed < 0.5 * SHORTEST * width) continue;
      const stretch = best(kinds, width, height, { start, slope });
      if (stretch !== undefined) list.push({ start, slope, score: stretch.score });
    }
  }
  return list.sort((a, b) => b.score - a.score || Math.abs(a.slope) - Math.abs(b.slope));
}

interface Stretch extends Candidate {
  readonly from: number;
  readonly to: number;
}

/** The stretch of a line with most ink, if that is enough for a line. */
function best(
  kinds: Uint8Array,
  width: number,
  height: number,
  { start, slope }: Omit<Candidate, "score">,
): Stretch | undefined {
  let from = 0;
  let to = 0;
  let score = 0;
  let begin = -1;
  let last = 0;
  let hits = 0;
  let gap = 0;
  let wide = 0;
  const shift = start - (slope * width) / 2 + 0.5;
  for (let x = 0; x <= width; x++) {
    const y = Math.floor(shift + slope * x);
    const kind = x < width && y >= 0 && y < height ? kinds[y * width + x] : NONE;
    if (kind === THIN) {
      if (begin < 0) {
        begin = x;
        hits = 0;
        wide = 0;
      }
      hits++;
      last = x + 1;
      gap = 0;
    } else if (kind === WIDE && begin >= 0) {
      wide++;
    } else if (begin >= 0 && (++gap > LONGEST_GAP || x === width)) {
      const enough = hits >= LEAST_SEEN * (last - begin - wide) && hits >= 0.5 * (last - begin);
      if (enough && hits > score) {
        from = begin;
        to = last;
        score = hits;
      }
      begin = -1;
      gap = 0;
    }
  }
  return to - from >= SHORTEST * width ? { start, slope, score, from, to } : undefined;
}

/** Takes the line's ink away, with what lies beside it. */
function take(kinds: Uint8Array, width: number, height: number, { start, slope, from, to }: Stretch): void {
  for (let x = from; x < to; x++) {
    const middle = Math.floor(start + slope * (x - width / 2) + 0.5);
    for (let y = Math.max(0, middle - 2); y <= Math.min(height - 1, middle + 2); y++) {
      if (kinds[y * width + x] === THIN) kinds[y * width + x] = NONE;
    }
  }
}
