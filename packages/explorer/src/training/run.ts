import type { CurvePoints } from "./saved.js";
import type { Settings } from "./settings.js";

/** A training whose curves are shown: the present one, or one of before. */
export interface Run {
  readonly settings: Settings;
  /** Tells the visitor's own files from others; empty for other data. */
  readonly files: string;
  /** Its line's, one of `COLOURS` (runs.svelte.ts), counted from 0: it keeps it when others go. */
  readonly colour: number;
  /** So many were done, of so many. */
  readonly steps: number;
  readonly total: number;
  readonly curves: CurvePoints;
}
