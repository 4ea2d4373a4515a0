import type { Points } from "./shape.js";

/** Straight pieces per stretch between two points. */
const PIECES = 4;

/**
 * The curve through a stroke's points as a chain of short straight lines: a centripetal Catmull-Rom spline, which, unlike
 * the uniform one, makes no loops where points are close. At a doubled point it turns sharply.
 *
 * @returns x0, y0, x1, y1, ... in the unit of `points`.
 */
export function flatten(points: Points): number[] {
  const chain: number[] = [points[0], points[1]];
  const last = points.length / 2 - 1;
  for (let i = 0; i < last; i++) {
    const d = knot(points, i);
    if (d === 0) continue;
    const before = i > 0 ? knot(points, i - 1) : 0;
    const after = i < last - 1 ? knot(points, i + 1) : 0;
    for (let t = 1; t <= PIECES; t++) {
      chain.push(
        hermite(points, 2 * i, before, d, after, t / PIECES),
        hermite(points, 2 * i + 1, before, d, after, t / PIECES),
      );
    }
  }
  return chain;
}

/** Square root of the distance from point i to the next: the spline's parameter advances by it. */
function knot(points: Points, i: number): number {
  const dx = points[2 * i + 2] - points[2 * i];
  const dy = points[2 * i + 3] - points[2 * i + 1];
  return Math.sqrt(Math.sqrt(dx * dx + dy * dy));
}

/** One coordinate at `t` in [0, 1] of the stretch that begins at `points[j]`; `before` or `after` is 0 at an end or corner. */
function hermite(points: Points, j: number, before: number, d: number, after: number, t: number): number {
  const p1 = points[j];
  const p2 = points[j + 2];
  let m1 = 0;
  let m2 = 0;
  if (before > 0) {
    const p0 = points[j - 2];
    m1 = d * ((p1 - p0) / before - (p2 - p0) / (before + d)) + (p2 - p1);
  }
  if (after > 0) {
    const p3 = points[j + 4];
    m2 = p2 - p1 + d * ((p3 - p2) / after - (p3 - p1) / (d + after));
  }
  // At a free end the curve runs out without bending (second derivative 0).
  if (before === 0 && after === 0) {
    m1 = p2 - p1;
    m2 = m1;
  } else if (before === 0) {
    m1 = 1.5 * (p2 - p1) - 0.5 * m2;
  } else if (after === 0) {
    m2 = 1.5 * (p2 - p1) - 0.5 * m1;
  }
  const s = 1 - t;
  return s * s * ((1 + 2 * t) * p1 + t * m1) + t * t * ((3 - 2 * t) * p2 - s * m2);
}
