import { squareDistances } from "./distance.js";
import { atLeast, type Plane } from "./plane.js";

/** Strokes thinner than this, in pixels of a digit 20 high, are hardly ever seen in MNIST. */
const THINNEST = 1.6;
/** What they are made: the middle of MNIST's. */
const USUAL = 2.5;
/** Side of the box that a digit is scaled to. */
const BOX = 20;

/**
 * How wide the strokes are, in pixels: the ink's area, divided by half of its outline.
 *
 * The outline is how much the ink goes up and down between neighbours, along rows, columns and both diagonals, each of which
 * sees lines of other directions shorter than they are; the mean over all directions makes up for it.
 */
export function strokeWidth({ width, height, data }: Plane): number {
  // as paper or ink what is nearly that: grain would count as outline
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height
      ? 0
      : Math.min(1, Math.max(0, (data[y * width + x] - 0.15) / 0.7));
  let area = 0;
  let straight = 0;
  let diagonal = 0;
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const here = at(x, y);
      area += here;
      straight += Math.abs(at(x + 1, y) - here) + Math.abs(at(x, y + 1) - here);
      diagonal += Math.abs(at(x + 1, y + 1) - here) + Math.abs(at(x, y + 1) - at(x + 1, y));
    }
  }
  // Crofton's formula for four directions: pi/8 of the sum, each weighted by the distance of its lines.
  const outline = (Math.PI / 8) * (straight + diagonal / Math.SQRT2);
  return outline > 0 ? (2 * area) / outline : 0;
}

/**
 * Ink whose strokes are as wide as MNIST's are at least, for its size: thinner ones grow on all sides.
 * @param edge where the ink's edge is, 0 to 1
 * @returns the same ink if its strokes are wide enough, else one with a margin for what they grew
 */
export function thickened(ink: Plane, edge: number): Plane {
  const side = Math.max(ink.width, ink.height);
  // what isn't made smaller is as MNIST has it
  if (side <= BOX) return ink;
  const width = strokeWidth(ink);
  const scaled = (width * BOX) / side;
  if (scaled >= THINNEST || scaled === 0) return ink;
  // The digit gets larger by what its strokes grow: (width + 2 r) / (side + 2 r) = USUAL / BOX.
  const share = USUAL / BOX;
  const radius = (share * side - width) / (2 * (1 - share));
  const margin = Math.ceil(radius + 1);
  const padded = { width: ink.width + 2 * margin, height: ink.height + 2 * margin };
  const data = new Float32Array(padded.width * padded.height);
  for (let y = 0; y < ink.height; y++) {
    data.set(ink.data.subarray(y * ink.width, (y + 1) * ink.width), (y + margin) * padded.width + margin);
  }
  const squares = squareDistances(atLeast({ ...padded, data }, edge), padded.width);
  for (let k = 0; k < data.length; k++) {
    // pixels whose centre lies just within are half covered
    data[k] = Math.max(data[k], Math.min(1, Math.max(0, radius + 1 - Math.sqrt(squares[k]))));
  }
  return { ...padded, data };
}
