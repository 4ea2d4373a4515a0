import { type Piece, piecesOf } from "./pieces.js";
import { atLeast, type Box, boxAround, heightOf, type Plane, widthOf } from "./plane.js";

/** Fainter ink connects nothing. */
const CONNECTED = 0.2;

/** So much of the height lies between characters that stand apart, and each is so tall, compared with the tallest. */
const GAP = 0.1;
const TALL = 0.6;

/** Characters that lean over one another are both tall, and overlap by less than this share of the narrower one. */
const LEANING_TALL = 0.75;
const LEANING_OVERLAP = 0.35;

/**
 * How many characters seem to stand in a picture, side by side or in rows: parts with paper between them, none of which is much
 * smaller than the others. The pieces of one digit lie beside one another, too, but then one is small, or they nearly meet.
 */
export function charactersIn(ink: Plane): number {
  const pieces = piecesOf(ink, atLeast(ink, CONNECTED));
  if (pieces.length < 2) return pieces.length;
  const large = pieces.filter(({ mass }) => mass >= 0.05 * pieces[0].mass);
  const tallest = Math.max(...large.map(heightOf));
  const columns = parted(large, ({ left, right }) => [left, right], GAP * tallest);
  const beside = columns.filter((box) => heightOf(box) >= TALL * tallest).length;
  const rows = parted(large, ({ top, bottom }) => [top, bottom], GAP * tallest);
  const highest = Math.max(...rows.map(heightOf));
  const below = rows.filter((box) => heightOf(box) >= TALL * highest && widthOf(box) >= 0.2 * highest).length;
  return Math.max(1, beside, below, leaning(large, tallest));
}

/** Pieces that are whole characters although none stands apart, as all lean to one side. */
function leaning(pieces: readonly Piece[], tallest: number): number {
  const tall = pieces
    .filter((piece) => heightOf(piece) >= LEANING_TALL * tallest && piece.mass >= 0.35 * pieces[0].mass)
    .sort((a, b) => a.left - b.left);
  if (tall.length < 2) return 1;
  const apart = tall.every((piece, k) => {
    if (k === 0) return true;
    const before = tall[k - 1];
    return before.right - piece.left < LEANING_OVERLAP * Math.min(widthOf(before), widthOf(piece));
  });
  const all = boxAround(tall);
  return apart && widthOf(all) >= 0.9 * heightOf(all) ? tall.length : 1;
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
