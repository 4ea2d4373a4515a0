import type { Axis } from "./axis.js";

/* Series of points as paths of an SVG. */

export type Point = readonly [x: number, y: number];

/** Places in pixels; what is not a number, or has no place on its axis, breaks the line. */
export function piecesOf(
  points: readonly Point[],
  x: Axis,
  y: Axis,
  width: number,
  height: number,
): Point[][] {
  const pieces: Point[][] = [[]];
  for (const [a, b] of points) {
    const place = [width * x.share(a), height * (1 - y.share(b))] as const;
    if (place.every(Number.isFinite)) pieces[pieces.length - 1].push(place);
    else if (pieces[pieces.length - 1].length > 0) pieces.push([]);
  }
  return pieces.filter(({ length }) => length > 0).map((piece) => thinned(piece));
}

/** More places than a screen has columns are not drawn one by one: of each column the highest and the lowest stay. */
function thinned(places: Point[]): Point[] {
  const [from, to] = [places[0][0], places[places.length - 1][0]];
  if (places.length <= 4 * (Math.abs(to - from) + 1)) return places;
  const kept: Point[] = [];
  let column: Point[] = [];
  const close = () => {
    if (column.length === 0) return;
    const highest = column.reduce((a, b) => (b[1] < a[1] ? b : a));
    const lowest = column.reduce((a, b) => (b[1] > a[1] ? b : a));
    const both = column.indexOf(highest) < column.indexOf(lowest) ? [highest, lowest] : [lowest, highest];
    kept.push(column[0], ...both, column[column.length - 1]);
    column = [];
  };
  for (const place of places) {
    if (column.length > 0 && Math.floor(place[0]) !== Math.floor(column[0][0])) close();
    column.push(place);
  }
  close();
  return kept;
}

/** `M10 20L30 40` */
export function pathOf(places: readonly Point[]): string {
  return `M${places.map(([x, y]) => `${round(x)} ${round(y)}`).join("L")}`;
}

const round = (value: number) => +Math.max(-1e4, Math.min(1e4, value)).toFixed(1);

/**
 * Moves labels apart that would overlap: each keeps its order, and all stay between 0 and `most`, if there is room.
 * @param heights of each label; it stands in the middle of what it needs
 */
export function spreadOut(wanted: readonly number[], heights: readonly number[], most: number): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
  const places = order.map((k) => Math.max(0, Math.min(most, wanted[k])));
  const between = (k: number) => (heights[order[k]] + heights[order[k + 1]]) / 2;
  for (let k = 1; k < places.length; k++) places[k] = Math.max(places[k], places[k - 1] + between(k - 1));
  for (let k = places.length - 1, limit = most; k >= 0; k--, limit = places[k + 1] - between(k)) {
    places[k] = Math.min(places[k], limit);
  }
  const result: number[] = [];
  for (const [k, index] of order.entries()) result[index] = places[k];
  return result;
}

/** A name in lines of so many letters, broken between words; a longer word has a line of its own. */
export function inLines(name: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of name.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= letters)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
