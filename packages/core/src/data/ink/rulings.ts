import { withoutLines } from "./erase.js";
import type { Line } from "./line.js";
import { linesIn } from "./lines.js";
import { piecesOf } from "./pieces.js";
import { atLeast, type Box, boxAround, heightOf, type Mask, type Plane, widthOf } from "./plane.js";

/*
 * Which of the lines in a picture belong to its paper, and not to what is drawn on it. Digits have straight strokes, too: a line
 * is the paper's if it goes from border to border while the rest of the drawing keeps away from these, if four of them make a
 * frame around the rest, or if it is far longer than the rest is large.
 */

/** How near to the border, as a share of a side, counts as reaching it. */
const NEAR = 0.02;

/** The lines of the paper. */
export function rulingsIn(ink: Plane, seen: Mask): Line[] {
  const lines = linesIn(ink);
  // What a line is follows from what is left without it, and what is left from which lines are taken out.
  const crossing = lines.filter((line) => reachesBorders(line, ink, seen));
  const restOfPage = restWithout(crossing, ink, seen);
  const ruled = restOfPage ? crossing.filter((line) => keepsAway(restOfPage, line, ink, seen)) : [];
  const unruled = lines.filter((line) => !ruled.includes(line));
  const framing = frameIn(unruled, ruled, ink, seen);
  const found = [...ruled, ...framing];
  const others = unruled.filter((line) => !framing.includes(line));
  const areLong = (some: readonly Line[]) => {
    const along = some.slice(0, MOST_OTHERS).filter((line) => {
      const rest = restWithout([...found, line], ink, seen);
      return rest !== undefined && isFarLonger(line, rest);
    });
    found.push(...along);
  };
  areLong(others.filter((line) => !line.upright));
  // Alone, an upright line would be the stem of a 4 or a 1; what begins or ends at a line that is the paper's is that, too.
  areLong(
    others.filter((line) => line.upright && found.some((other) => !other.upright && joins(line, other))),
  );
  return found;
}

/** Whether one of a line's ends lies on another, which goes the other way. */
function joins(line: Line, other: Line): boolean {
  const place = other.middle[other.middle.length >> 1];
  return [line.from, line.to].some((end) => Math.abs(end - place) <= 4 + other.width);
}

/** So many lines that neither reach the border nor make a frame are looked at. */
const MOST_OTHERS = 6;

function restWithout(lines: readonly Line[], ink: Plane, seen: Mask): Box | undefined {
  return lines.length === 0 ? undefined : restOf(withoutLines(ink, lines).ink, seen);
}

/** The box of what is left, without what touches the border; undefined if that is next to nothing. */
function restOf(ink: Plane, seen: Mask): Box | undefined {
  const { width, height } = ink;
  const inner = piecesOf(ink, atLeast(ink, 0.35, seen)).filter((piece) => !touches(piece, width, height));
  if (inner.length === 0) return undefined;
  // crumbs of the lines are none
  if (Math.max(widthOf(inner[0]), heightOf(inner[0])) < 0.06 * Math.min(width, height)) return undefined;
  return boxAround(inner.filter(({ mass }) => mass >= 0.1 * inner[0].mass));
}

function touches({ left, right, top, bottom }: Box, width: number, height: number): boolean {
  const near = 1 + NEAR * Math.min(width, height);
  return left < near || top < near || right > width - near || bottom > height - near;
}

/** The box as an upright line sees it, with x and y in each other's place. */
const turned = (box: Box, upright: boolean): Box =>
  upright ? { left: box.top, right: box.bottom, top: box.left, bottom: box.right } : box;

/** Where what is looked at begins and ends along a line. */
function endsOf(
  line: Line,
  { width, height }: Plane,
  seen: Mask,
): { first: number; last: number; near: number } {
  const length = line.upright ? height : width;
  const isSeen = (x: number) => {
    const y = Math.round(line.middle[Math.max(0, Math.min(line.middle.length - 1, x - line.from))]);
    return seen[line.upright ? x * width + y : y * width + x] === 1;
  };
  let first = 0;
  while (first < line.from && !isSeen(first)) first++;
  let last = length;
  while (last > line.to && !isSeen(last - 1)) last--;
  return { first, last, near: 3 + NEAR * length };
}

function reachesBorders(line: Line, ink: Plane, seen: Mask): boolean {
  const { first, last, near } = endsOf(line, ink, seen);
  return line.from - first <= near && last - line.to <= near;
}

/** Whether what is drawn doesn't come near the borders that a line reaches. */
function keepsAway(rest: Box, line: Line, ink: Plane, seen: Mask): boolean {
  const { first, last, near } = endsOf(line, ink, seen);
  const { left, right } = turned(rest, line.upright);
  return left - first > near && last - right > near;
}

function isFarLonger(line: Line, rest: Box): boolean {
  const { left, right } = turned(rest, line.upright);
  const size = Math.max(widthOf(rest), heightOf(rest));
  const apart = line.crossed === 0;
  const slack = apart ? 0.5 * (right - left) : 0;
  const reaches = line.from < left + slack && line.to > right - slack;
  const least = apart ? 1.2 : 1.6;
  return reaches && line.to - line.from >= least * size && size >= 0.15 * (line.to - line.from);
}

/** The sides of frames, each end of each at another's side, around what is left without them. */
function frameIn(lines: readonly Line[], ruled: readonly Line[], ink: Plane, seen: Mask): Line[] {
  const level = lines.filter((line) => !line.upright);
  const upright = lines.filter((line) => line.upright);
  const framing = new Set<Line>();
  for (const [a, b] of pairs(level)) {
    for (const [c, d] of pairs(upright)) {
      const closes = [a, b].every((one) => meets(one, c, d)) && [c, d].every((one) => meets(one, a, b));
      if (!closes) continue;
      const rest = restWithout([...ruled, a, b, c, d], ink, seen);
      if (rest === undefined || ![a, b, c, d].every((side) => goesBeyond(side, rest))) continue;
      for (const side of [a, b, c, d]) framing.add(side);
    }
  }
  return [...framing];
}

function* pairs<T>(list: readonly T[]): Generator<readonly [T, T]> {
  for (const [k, first] of list.entries()) for (const second of list.slice(k + 1)) yield [first, second];
}

/** Whether a line ends, or passes, where two others are: one at each end. */
function meets(line: Line, one: Line, other: Line): boolean {
  const middle = (side: Line) => side.middle[side.middle.length >> 1];
  const [first, second] = [middle(one), middle(other)].sort((a, b) => a - b);
  const near = 4 + 0.05 * (second - first);
  return line.from <= first + near && line.to >= second - near;
}

/** Whether a side of a frame is as long as what stands in it; that may stick out a little, drawn across the frame. */
function goesBeyond(side: Line, rest: Box): boolean {
  const { left, right } = turned(rest, side.upright);
  const slack = 0.2 * (right - left);
  return side.from < left + slack && side.to > right - slack && side.to - side.from >= 0.9 * (right - left);
}
