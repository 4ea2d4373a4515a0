import { squareDistances } from "./distance.js";
import { maskOf, type Piece, piecesOf, withoutHoles } from "./pieces.js";
import { atLeast, type Box, heightOf, inverse, type Mask, type Plane, widthOf } from "./plane.js";
import { grown, shrunk } from "./windows.js";

/*
 * Pieces that are no part of the digit: what comes in from the border (an edge of the desk, a shadow's rest, a neighbour that was
 * cut through), and what goes around another piece (a frame, a ring).
 */

/** Ink of this strength hangs together. */
const CONNECTED = 0.2;

/** Pieces with less than this share of the largest one's ink are no digit. */
const SMALLEST = 0.02;

/** Marks what is no part of the digit; undefined if nothing is. */
export function foreignIn(ink: Plane, seen: Mask): Mask | undefined {
  const { width, height, data } = ink;
  const pieces = piecesOf(ink, atLeast(ink, CONNECTED, seen));
  const edge = edgeOf(seen, width, height);
  const contacts = new Map(pieces.map((piece) => [piece, contactOf(piece, edge)]));
  const isOuter = (piece: Piece) => (contacts.get(piece) ?? 0) > 0;
  const inner = pieces.filter((piece) => !isOuter(piece));
  const large = inner.filter(({ mass }) => mass >= SMALLEST * inner[0].mass);
  const around = pieces.filter((piece) =>
    large.some((other) => goesAround(piece, other, width, data.length)),
  );
  const within = large.filter((piece) => !around.includes(piece));
  const cameIn = fromOutside(pieces.filter(isOuter), within, contacts, ink);
  const foreign = new Set([...around, ...cameIn]);
  if (foreign.size === 0) return undefined;
  const others = maskOf(
    pieces.filter((piece) => !foreign.has(piece)),
    data.length,
  );
  const spared = grown(others, width, 1);
  // with the grey of their edges
  const near = grown(maskOf([...foreign], data.length), width, 3);
  return near.map((value, k) => value & (1 - spared[k]));
}

/** Whether a piece goes around another, which is large enough not to be a dot in a nought. */
function goesAround(piece: Piece, other: Piece, width: number, length: number): boolean {
  if (piece === other || !contains(piece, other)) return false;
  if (heightOf(other) < 0.25 * heightOf(piece)) return false;
  return withoutHoles(maskOf([piece], length), width)[other.pixels[0]] === 1;
}

function contains(outer: Box, inner: Box): boolean {
  return (
    outer.left < inner.left &&
    outer.right > inner.right &&
    outer.top < inner.top &&
    outer.bottom > inner.bottom
  );
}

/** Of the pieces that touch the border those that are no digit, where something better stands within. */
function fromOutside(
  outer: readonly Piece[],
  inner: readonly Piece[],
  contacts: ReadonlyMap<Piece, number>,
  { width, height, data }: Plane,
): readonly Piece[] {
  if (outer.length === 0 || inner.length === 0) return [];
  const side = Math.min(width, height);
  const best = inner.reduce((most, piece) => (sizeOf(piece) > sizeOf(most) ? piece : most));
  if (sizeOf(best) < 0.06 * side) return [];
  const paper = inverse(maskOf([...outer, best], data.length));
  const depths = squareDistances(paper, width);
  const depth = ({ pixels }: Piece) => Math.sqrt(pixels.reduce((most, k) => Math.max(most, depths[k]), 0));
  return outer.filter(
    (piece) =>
      sizeOf(best) >= 0.6 * sizeOf(piece) ||
      piece.mass <= 0.2 * best.mass ||
      depth(piece) >= 2.5 * depth(best) ||
      ((contacts.get(piece) ?? 0) >= 0.35 * side && sizeOf(best) >= 0.2 * side),
  );
}

/** How many of a piece's pixels lie on the border. */
function contactOf({ pixels }: Piece, edge: Mask): number {
  let sum = 0;
  for (let n = 0; n < pixels.length; n++) sum += edge[pixels[n]];
  return sum;
}

const sizeOf = (box: Box) => Math.max(widthOf(box), heightOf(box));

/** Marks the pixels along the border of what is looked at. */
function edgeOf(seen: Mask, width: number, height: number): Mask {
  const inner = shrunk(seen, width, 1);
  return seen.map((value, k) => {
    const x = k % width;
    const y = (k - x) / width;
    const outer = x === 0 || y === 0 || x === width - 1 || y === height - 1;
    return value & (outer || inner[k] === 0 ? 1 : 0);
  });
}
