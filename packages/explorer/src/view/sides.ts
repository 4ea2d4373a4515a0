/** Pixels from the top of a column to its maps (at the usual size of type), from map to map, and below the last. */
const HEAD = 100;
const GAP = 5;
const BELOW = 20;
const PAGERS = 60;
/** Smaller maps can't be read; larger ones leave no room for others. */
const SMALLEST = 54;
const LARGEST = 104;

/**
 * About the side of a feature map, in pixels: larger where there is room.
 * @param height pixels for the whole network; undefined: any
 * @param rows of maps
 * @param above pixels that arcs take above the columns
 * @param pagers whether pages are turned below the maps
 * @param type how large the type is, as a multiple of the usual size
 */
export function sideFor({
  width,
  height,
  rows,
  above,
  pagers,
  type,
}: {
  readonly width: number;
  readonly height: number | undefined;
  readonly rows: number;
  readonly above: number;
  readonly pagers: boolean;
  readonly type: number;
}): number {
  const byWidth = width > 1060 ? LARGEST : width > 800 ? 72 : 56;
  const byHeight =
    height === undefined
      ? 80
      : Math.floor((height - above - type * HEAD - BELOW - (pagers ? PAGERS : 0)) / rows) - GAP;
  return Math.max(SMALLEST, Math.min(byWidth, byHeight));
}
