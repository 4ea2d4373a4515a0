import { piecesOf } from "./pieces.js";
import { type Box, boxAround, heightOf, type Mask, type Plane, widthOf } from "./plane.js";

/** Two parts are two characters if so much of the larger one's height lies between them, and each is so tall. */
const GAP = 0.08;
const TALL = 0.55;

/**
 * How many characters seem to stand in a picture, side by side or in rows: parts with paper between them, none of which is much
 * smaller than the others. The pieces of one digit lie beside one another, too, but then one is small, or they nearly meet.
 * @param marked where there is ink
 */
export function charactersIn(ink: Plane, marked: Mask): number {
  const pieces = piecesOf(ink, marked);
  if (pieces.length < 2) return pieces.length;
  const boxes: readonly Box[] = pieces.filter(({ mass }) => mass >= 0.05 * pieces[0].mass);
  const tallest = Math.max(...boxes.map(heightOf));
  const columns = parted(boxes, ({ left, right }) => [left, right], GAP * tallest);
  const beside = columns.filter((box) => heightOf(box) >= TALL * tallest).length;
  const rows = parted(boxes, ({ top, bottom }) => [top, bottom], GAP * tallest);
  const highest = Math.max(...rows.map(heightOf));
  const below = rows.filter((box) => heightOf(box) >= TALL * highest && widthOf(box) >= 0.1 * highest).length;
  return Math.max(1, beside, below > 1 ? below : 0);
}

/** Boxes in groups with a gap of at least `gap` between them, along one direction. */
function parted(boxes: readonly Box[], ends: (box: Box) => [number, number], gap: number): Box[] {
  const sorted = [...boxes].sort((a, b) => ends(a)[0] - ends(b)[0]);
  const groups: Box[][] = [];
  let end = -Infinity;
  for (const box of sorted) {
    const [from, to] = ends(box);
    if (from >= end + gap) groups.push([]);
    groups[groups.length - 1].push(box);
    end = Math.max(end, to);
  }
  return groups.map(boxAround);
}
