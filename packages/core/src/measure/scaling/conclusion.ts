import { exponentialThrough, fitLine, fitPower, largestError, type Point } from "./fits.js";
import type { ScalingPoint, Sweep } from "./sweep.js";

/* What the measured points say: a line, a power, and what an exponential would have said. */

/** How time grows with what was changed. */
export interface ScalingConclusion {
  /**
   * The line through all points: `seconds = offset + slope * x`. Filters and images are x themselves. A kernel has
   * value * value weights, so there x is the square. Each batch is one update, and threads share the work, so there x is
   * 1 / value.
   */
  readonly line: {
    readonly offset: number;
    readonly slope: number;
    readonly over: "value" | "square" | "reciprocal";
    /** Where it is furthest off, as a share of what was measured. */
    readonly largestError: number;
  };
  /** `seconds = factor * value ** exponent`, through the points of the larger values, where what is fixed counts for little. */
  readonly power: {
    readonly factor: number;
    readonly exponent: number;
    /** The values of the first and the last of these points. */
    readonly from: number;
    readonly to: number;
  };
  /**
   * Through the first two points, and what it predicts for the last. Undefined where more isn't more work, where there are
   * only two points, or where the second is no slower than the first.
   */
  readonly exponential?: {
    /** How many times as long each further one would take. */
    readonly base: number;
    readonly factor: number;
    /** Seconds at the largest value. */
    readonly predicted: number;
  };
}

const overOf = {
  filters: "value",
  kernel: "square",
  "batch-size": "reciprocal",
  images: "value",
  threads: "reciprocal",
} as const satisfies Record<Sweep, string>;

/** Where on the line's own axis a value lies. */
const alongLine = {
  value: (value: number) => value,
  square: (value: number) => value * value,
  reciprocal: (value: number) => 1 / value,
};

/** The power is fitted from this share of the largest value on, but to three points at least. */
const LARGER = 1 / 8;

/**
 * Fits the curves to what was measured.
 * @throws InputError unless there are two points at least
 */
export function concludeScaling(sweep: Sweep, points: readonly ScalingPoint[]): ScalingConclusion {
  const over = overOf[sweep];
  const measured: Point[] = points.map(({ value, secondsPerEpoch }) => ({ x: value, y: secondsPerEpoch }));
  const onLine = measured.map(({ x, y }) => ({ x: alongLine[over](x), y }));
  const line = fitLine(onLine);
  const last = measured[measured.length - 1];
  const larger = measured.filter(({ x }, k) => x >= LARGER * last.x || k >= measured.length - 3);
  const conclusion: ScalingConclusion = {
    line: { ...line, over, largestError: largestError(onLine, (x) => line.offset + line.slope * x) },
    power: { ...fitPower(larger), from: larger[0].x, to: last.x },
  };
  if (over === "reciprocal" || measured.length < 3) return conclusion;
  const exponential = exponentialThrough(measured[0], measured[1]);
  if (exponential.base <= 1) return conclusion;
  const predicted = exponential.factor * exponential.base ** last.x;
  return { ...conclusion, exponential: { ...exponential, predicted } };
}

/** Seconds of an epoch on the fitted line. */
export function onLine({ line }: ScalingConclusion, value: number): number {
  return line.offset + line.slope * alongLine[line.over](value);
}
