import type { Point } from "./lines.js";

/** Colours have names that say what a line means; each stays readable in light and dark. */
export type SeriesColour =
  | "forward"
  | "backward"
  | "plain"
  | "good"
  | "bad"
  /** Where lines are many of a kind, and none means more than another. */
  | "run0"
  | "run1"
  | "run2"
  | "run3"
  | "run4"
  | "run5";

export interface Series {
  readonly name: string;
  readonly colour: SeriesColour;
  /** As in SVG: `6 4`. Tells lines apart without colours. */
  readonly dash?: string | undefined;
  readonly points: readonly Point[];
  /** Whether each point has a mark, and whether a line joins them. Default: a line without marks. */
  readonly marks?: boolean | undefined;
  readonly line?: boolean | undefined;
  /** Whether the picture leaves its name out: it is told by the colour of another. */
  readonly unnamed?: boolean | undefined;
  /** From where to where each point was measured: `[x, lowest, highest]`. */
  readonly spread?: readonly (readonly [x: number, low: number, high: number])[] | undefined;
}
