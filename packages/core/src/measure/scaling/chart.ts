import { known } from "../../known.js";
import { onLine, type ScalingConclusion } from "./conclusion.js";
import type { ScalingPoint, Sweep } from "./sweep.js";

/*
 * Where things lie in a picture of time against something, whoever draws it. Places are shares of the picture's width and
 * height: 0 left or at the bottom, 1 right or at the top.
 */

/** What a picture of a sweep holds, in shares of its width and height. */
export interface ScalingChart {
  /** Where a value lies: along a scale that begins at 0, or for batches and threads one on which doubling is a step. */
  readonly place: (value: number) => number;
  /** The value that lies there. */
  readonly valueAt: (share: number) => number;
  /** How high so many seconds are: above 1 they are outside. */
  readonly height: (seconds: number) => number;
  /** What the labels count: `seconds`, for short times `milliseconds`, for long ones `hours`. */
  readonly unit: string;
  /** Seconds at round numbers of the unit, from 0 to the top. */
  readonly ticks: readonly { readonly seconds: number; readonly label: string }[];
  /** What the fitted line is called: over the square or 1 / value it is bent here. */
  readonly lineName: string;
  /** Seconds on the fitted line. */
  readonly line: (value: number) => number;
  /** Seconds on the exponential through the first two points, where there is one. */
  readonly exponential?: (value: number) => number;
}

const lineNames: Readonly<Record<Sweep, string>> = {
  filters: "straight line",
  kernel: "a + b x size²",
  "batch-size": "a + b / batch",
  images: "straight line",
  threads: "a + b / threads",
};

/** A repetition that took longer than this many times the longest median sticks out of the picture. */
const MOST_OVER = 1.4;

/** Where the points, the line and the exponential of a sweep lie in a picture. */
export function chartOf(
  sweep: Sweep,
  points: readonly ScalingPoint[],
  conclusion: ScalingConclusion,
): ScalingChart {
  const first = points[0].value;
  const last = points[points.length - 1].value;
  const longest = Math.max(...points.map(({ secondsPerEpoch }) => secondsPerEpoch));
  const slowest = Math.max(...points.map((point) => point.slowest));
  const [unit, length] = unitFor(longest);
  const highest = Math.max(1.05 * longest, Math.min(slowest, MOST_OVER * longest));
  const ticks = ticksTo(highest / length).map(({ count, label }) => ({ seconds: count * length, label }));
  const top = ticks[ticks.length - 1].seconds;
  const doubling = sweep === "batch-size" || sweep === "threads";
  const { exponential } = conclusion;
  return {
    place: doubling ? (value) => Math.log(value / first) / Math.log(last / first) : (value) => value / last,
    valueAt: doubling ? (share) => first * (last / first) ** share : (share) => share * last,
    height: (seconds) => seconds / top,
    unit,
    ticks,
    lineName: lineNames[sweep],
    line: (value) => onLine(conclusion, value),
    ...(exponential && { exponential: (value) => exponential.factor * exponential.base ** value }),
  };
}

/** The unit for times up to this one, and how many seconds it has. */
function unitFor(seconds: number): [string, number] {
  if (seconds < 0.01) return ["milliseconds", 0.001];
  return seconds < 3 * 3600 ? ["seconds", 1] : ["hours", 3600];
}

/** Round numbers from 0 on, four to seven, the last of them not below `most`. */
function ticksTo(most: number): { count: number; label: string }[] {
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const step = known([0.2, 0.25, 0.5, 1, 2].map((k) => k * magnitude).find((k) => most / k <= 6));
  // 1e-9: a number that is a multiple but for its rounding
  const steps = Math.ceil(most / step - 1e-9);
  const decimals = Math.max(decimalsOf(step), decimalsOf(2 * step));
  return Array.from({ length: steps + 1 }, (_, k) => ({
    count: k * step,
    label: (k * step).toFixed(decimals),
  }));
}

/** How many decimals a round number has. */
function decimalsOf(value: number): number {
  return (
    [...Array(12).keys()].find((k) => Math.abs(value * 10 ** k - Math.round(value * 10 ** k)) < 1e-6) ?? 12
  );
}

/** Of the values, from the largest on, those whose labels have room: each at least `gap` from the one after it. */
export function labelledValues(
  { place }: ScalingChart,
  points: readonly ScalingPoint[],
  gap: number,
): number[] {
  const kept: number[] = [];
  for (const { value } of [...points].reverse()) {
    if (kept.length === 0 || place(kept[0]) - place(value) >= gap) kept.unshift(value);
  }
  return kept;
}
