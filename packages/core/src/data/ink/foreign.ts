import { squareDistances } from "./distance.js";
import { maskOf, type Piece, piecesOf, withoutHoles } from "./pieces.js";
import { atLeast, type Box, heightOf, type Mask, type Plane, widthOf } from "./plane.js";
import { grown, shrunk } from "./windows.js";

/*
 * Pieces that are no part of the digit: what comes in from the border (an edge of the desk, a shadow's rest, a neighbour that was
 * cut through), and what goes around another piece (a frame, a ring).
 */

/** Ink of this strength hangs together. */
const CONNECTED = 0.2;

/** Marks what is no part of the digit. */
export function foreignIn(ink: Plane, seen: Mask): Mask | undefined {
  const { width, data } = ink;
  const all = piecesOf(ink, atLeast(ink, CONNECTED, seen));
  const pieces = all.filter(({ mass }) => mass >= 0.02 * all[0].mass);
  if (pieces.length < 2) return undefined;
  const around = pieces.filter((piece) =>
    pieces.some((other) => goesAround(piece, other, width, data.length)),
  );
  const left = pieces.filter((piece) => !around.includes(piece));
  const border = cameIn(left, ink, seen);
  const foreign = [...around, ...border];
  if (foreign.length === 0) return undefined;
  const others = grown(
    maskOf(
      all.filter((piece) => !foreign.includes(piece)),
      data.length,
    ),
    width,
    1,
  );
  // with the grey of their edges
  const near = grown(maskOf(foreign, data.length), width, 3);
  return near.map((value, k) => value & (1 - others[k]));
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

/** Pieces that touch the border, where something better stands within. */
function cameIn(pieces: readonly Piece[], { width, height, data }: Plane, seen: Mask): Piece[] {
  const edge = edgeOf(seen, width, height);
  const contact = (piece: Piece) => piece.pixels.reduce((sum, k) => sum + edge[k], 0);
  const outer = pieces.filter((piece) => contact(piece) > 0);
  if (outer.length === 0 || outer.length === pieces.length) return [];
  const depths = squareDistances(
    maskOf(pieces, data.length).map((value) => 1 - value),
    width,
  );
  const depth = ({ pixels }: Piece) => Math.sqrt(pixels.reduce((most, k) => Math.max(most, depths[k]), 0));
  const inner = pieces.filter((piece) => !outer.includes(piece));
  const tall = inner.reduce((best, piece) => (sizeOf(piece) > sizeOf(best) ? piece : best));
  if (sizeOf(tall) < 0.06 * Math.min(width, height)) return [];
  const side = Math.min(width, height);
  return outer.filter(
    (piece) =>
      sizeOf(tall) >= 0.6 * sizeOf(piece) ||
      depth(piece) >= 2.5 * depth(tall) ||
      (contact(piece) >= 0.35 * side && sizeOf(tall) >= 0.2 * side),
  );
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
