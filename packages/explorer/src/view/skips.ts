import type { Model } from "unravel-cnn";
import { layerNameOf } from "./grids.js";

/** A way past layers: into a column that doesn't stand right behind the one where it begins. */
export interface Skip {
  /** Names of layers, or `x`. */
  readonly from: string;
  readonly to: string;
  /** How far above the columns it runs: ways that pass over the same column run in lanes of their own. */
  readonly lane: number;
}

/** Pixels from lane to lane, and from the lowest to the columns. */
const LANE = 10;
const ROOM = 14;

/** The ways that a network goes past layers, short ones in the lowest lanes. */
export function skipsOf(model: Model): Skip[] {
  const columns = ["x", ...model.layers.map(({ name }) => name)];
  const ways = model.layers
    .flatMap(({ inputs }, k) => [...new Set(inputs.map(layerNameOf))].map((from) => ({ from, to: k + 1 })))
    .map((way) => ({ ...way, from: columns.indexOf(way.from) }))
    .filter(({ from, to }) => from < to - 1)
    .sort((a, b) => a.to - a.from - (b.to - b.from));
  const lanes: (typeof ways)[] = [];
  return ways.map((way) => {
    const isFree = (others: typeof ways) => others.every(({ from, to }) => way.to < from || to < way.from);
    const free = lanes.findIndex(isFree);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = [...(lanes[lane] ?? []), way];
    return { from: columns[way.from], to: columns[way.to], lane };
  });
}

/** How much room above the columns the lanes take. */
export function roomFor(skips: readonly Skip[]): number {
  return skips.length === 0 ? 0 : ROOM + LANE * Math.max(...skips.map(({ lane }) => lane + 1));
}

/**
 * An arc over the columns, from the left edge of the one to that of the other, with an arrow's head at its end.
 * @param bottom where the columns begin
 */
export function arcOf({ lane }: Skip, from: number, to: number, bottom: number, isBackward: boolean): string {
  const [start, end] = [from + 44, to + 16]; // none begins where another one ends
  const height = ROOM + LANE * lane;
  const tip = isBackward ? start : end;
  return `M ${start} ${bottom} v ${6 - height} q 0 -6 6 -6 H ${end - 6} q 6 0 6 6 V ${bottom} M ${tip - 4} ${bottom - 5} L ${tip} ${bottom} L ${tip + 4} ${bottom - 5}`;
}
