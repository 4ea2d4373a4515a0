/** Pixels from the top of a column to its maps, and for a pager below them, at the usual size of type. */
const HEAD = 100;
const PAGER = 48;
/** From map to map, and below the last. */
const GAP = 5;
const BELOW = 20;
/** Smaller maps can't be read, since those of 28 pixels would have one for each number; larger ones leave no room for others. */
const SMALLEST = 56;
const LARGEST = 104;
/** So few maps below each other are no page. */
const FEWEST = 4;

/** The room that a network's maps share. */
export interface Room {
  readonly width: number;
  /** Pixels for the whole network; undefined: any. */
  readonly height: number | undefined;
  /** Pixels that arcs take above the columns. */
  readonly above: number;
  /** How often pages are turned below the maps. */
  readonly pagers: number;
  /** How large the type is, as a multiple of the usual size. */
  readonly type: number;
}

/** About the side of a feature map, in pixels: larger where there is room for so many rows of them. */
export function sideFor(room: Room & { readonly rows: number }): number {
  const { width, height, rows } = room;
  const byWidth = width > 1060 ? LARGEST : width > 800 ? 72 : SMALLEST;
  const byHeight = height === undefined ? 80 : Math.floor(heightOfMaps(room, height) / rows) - GAP;
  return Math.max(SMALLEST, Math.min(byWidth, byHeight));
}

/** How many maps have room below each other, at most `most`: then nothing has to be scrolled down. */
export function pageFor(room: Room, most: number): number {
  const fit = room.height === undefined ? most : heightOfMaps(room, room.height) / (SMALLEST + GAP);
  return Math.max(FEWEST, Math.min(most, Math.floor(fit)));
}

function heightOfMaps({ above, pagers, type }: Room, height: number): number {
  return height - above - type * (HEAD + pagers * PAGER) - BELOW;
}
