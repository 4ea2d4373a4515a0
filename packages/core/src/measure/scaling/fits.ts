import { InputError } from "../../errors.js";

/*
 * Curves through measured times. Errors of a measured time grow with the time, so what is made small is the relative error:
 * a point of 0.1 s counts as much as one of 10 s.
 */

/** A measured point: x and y above 0. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `y = offset + slope * x` */
export interface Line {
  readonly offset: number;
  readonly slope: number;
}

/** `y = factor * x ** exponent` */
export interface Power {
  readonly factor: number;
  readonly exponent: number;
}

/** `y = factor * base ** x` */
export interface Exponential {
  readonly factor: number;
  readonly base: number;
}

/**
 * The line with the smallest sum of squared relative errors: least squares with the weights 1 / y^2.
 * @throws InputError unless there are points at two different x, all above 0
 */
export function fitLine(points: readonly Point[]): Line {
  check(points);
  return leastSquares(points, ({ y }) => 1 / (y * y));
}

/**
 * The power with the smallest sum of squares in logarithms: `log y = log factor + exponent * log x`.
 * @throws InputError unless there are points at two different x, all above 0
 */
export function fitPower(points: readonly Point[]): Power {
  check(points);
  const logarithms = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const { offset, slope } = leastSquares(logarithms, () => 1);
  return { factor: Math.exp(offset), exponent: slope };
}

/**
 * The exponential on which two points lie.
 * @throws InputError unless their x differ and all is above 0
 */
export function exponentialThrough(first: Point, second: Point): Exponential {
  check([first, second]);
  const base = (second.y / first.y) ** (1 / (second.x - first.x));
  return { factor: first.y / base ** first.x, base };
}

/** How far a curve is off where it is furthest off, as a share of what was measured. */
export function largestError(points: readonly Point[], curve: (x: number) => number): number {
  return Math.max(...points.map(({ x, y }) => Math.abs(curve(x) / y - 1)));
}

/** The line with the smallest weighted sum of squared errors, about the weighted means. */
function leastSquares(points: readonly Point[], weightOf: (point: Point) => number): Line {
  const sum = (of: (point: Point) => number) =>
    points.reduce((total, point) => total + weightOf(point) * of(point), 0);
  const all = sum(() => 1);
  const x = sum((point) => point.x) / all;
  const y = sum((point) => point.y) / all;
  const slope = sum((p) => (p.x - x) * (p.y - y)) / sum((p) => (p.x - x) ** 2);
  return { offset: y - slope * x, slope };
}

function check(points: readonly Point[]): void {
  if (!points.every(({ x, y }) => x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y))) {
    throw new InputError("Every point that a curve is fitted to must have numbers above 0.");
  }
  if (new Set(points.map(({ x }) => x)).size < 2) {
    throw new InputError("A curve needs points at two different places at least.");
  }
}
