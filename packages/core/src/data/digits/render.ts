import type { Trail } from "./pen.js";

/** Pixels of the sheet per pixel of the finished picture. */
export const GRAIN = 2;
/** Side of the square that the ink fills. */
export const INK_SIDE = 20 * GRAIN;
/** Side of the sheet: the ink and a margin for what overshoots. */
export const SHEET = INK_SIDE + 6;

/**
 * Inks the trails onto the sheet, `[SHEET, SHEET]`, which is wiped first: 0 is paper, 1 is ink. A pixel's value comes
 * from the distance between its centre and the nearest edge, over a grey rim `blur` pixels wide; where strokes
 * overlap the darker one counts.
 */
export function ink(trails: readonly Trail[], blur: number, sheet: Float32Array): void {
  sheet.fill(0);
  for (const { x, y, radius } of trails) {
    for (let i = 1; i < x.length; i++) {
      inkLine(x[i - 1], y[i - 1], radius[i - 1], x[i], y[i], radius[i], blur, sheet);
    }
  }
}

/** A line with round ends whose radius goes evenly from r0 to r1. */
function inkLine(
  x0: number,
  y0: number,
  r0: number,
  x1: number,
  y1: number,
  r1: number,
  blur: number,
  sheet: Float32Array,
): void {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const inverse = 1 / Math.max(dx * dx + dy * dy, 1e-9);
  const reach = Math.max(r0, r1) + blur / 2;
  const leftmost = Math.min(x0, x1);
  const rightmost = Math.max(x0, x1);
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
  const bottom = Math.min(SHEET - 1, Math.floor(Math.max(y0, y1) + reach));
  const outer0 = r0 + blur / 2;
  const slope = r1 - r0;
  const steepness = 1 / blur;
  for (let y = top; y <= bottom; y++) {
    const py = y + 0.5 - y0;
    // The round ends leave the corners of the line's bounding box blank.
    const beyond = Math.max(0, Math.min(y0, y1) - y - 0.5, y + 0.5 - Math.max(y0, y1));
    const half = Math.sqrt(Math.max(0, reach * reach - beyond * beyond));
    const left = Math.max(0, Math.floor(leftmost - half + 0.5));
    const right = Math.min(SHEET - 1, Math.floor(rightmost + half - 0.5));
    for (let x = left; x <= right; x++) {
      const pixel = y * SHEET + x;
      const value = sheet[pixel];
      if (value === 1) continue;
      const px = x + 0.5 - x0;
      let t = (px * dx + py * dy) * inverse; // how far along the line, 0 to 1, the nearest point lies
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      const ex = px - t * dx;
      const ey = py - t * dy;
      const square = ex * ex + ey * ey;
      const outer = outer0 + t * slope;
      if (square >= outer * outer) continue;
      const depth = (outer - Math.sqrt(square)) * steepness;
      if (depth > value) sheet[pixel] = depth < 1 ? depth : 1;
    }
  }
}
