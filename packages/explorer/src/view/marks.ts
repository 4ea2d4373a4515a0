import type { Cell } from "unravel-cnn";
import type { Place } from "./grids.js";

/** An outline on a picture. */
export interface Mark {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly kind: MarkKind;
}

/**
 * The selected cell; what it was made from; the place of what it was made from, where only its gradient can be seen; what it
 * goes into; what the pointer rests on in the cell panel.
 */
export type MarkKind = "selected" | "source" | "counterpart" | "target" | "hint";

/** The name of a picture on the page. */
export const pictureKey = (tensor: string, plane: number) => `${tensor}/${plane}`;

/** More single cells than this are outlined as one area. */
const MOST_SINGLE = 40;

/**
 * Outlines of cells, by picture. Cells that fill a rectangle get one outline together.
 * @param placeOf where a cell lies; undefined if it can't be seen now
 */
export function marksOf(
  cells: readonly Cell[],
  kind: MarkKind,
  placeOf: (cell: Cell) => Place | undefined,
): Map<string, Mark[]> {
  const places = new Map<string, Map<string, Place>>();
  for (const cell of cells) {
    const place = placeOf(cell);
    if (!place) continue;
    const key = pictureKey(cell.tensor, place.plane);
    const inPicture = places.get(key) ?? new Map<string, Place>();
    inPicture.set(`${place.row} ${place.column}`, place);
    places.set(key, inPicture);
  }
  return new Map([...places].map(([key, inPicture]) => [key, rectangles([...inPicture.values()], kind)]));
}

function rectangles(places: readonly Place[], kind: MarkKind): Mark[] {
  const rows = places.map(({ row }) => row);
  const columns = places.map(({ column }) => column);
  const row = Math.min(...rows);
  const column = Math.min(...columns);
  const all = {
    row,
    column,
    rows: Math.max(...rows) - row + 1,
    columns: Math.max(...columns) - column + 1,
    kind,
  };
  if (all.rows * all.columns === places.length || places.length > MOST_SINGLE) return [all];
  return places.map((place) => ({ row: place.row, column: place.column, rows: 1, columns: 1, kind }));
}

/** Adds the marks of `more` to those of `marks`. */
export function merged(...all: readonly Map<string, Mark[]>[]): Map<string, Mark[]> {
  const marks = new Map<string, Mark[]>();
  for (const one of all) for (const [key, list] of one) marks.set(key, [...(marks.get(key) ?? []), ...list]);
  return marks;
}
