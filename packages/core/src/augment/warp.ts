import { cosPi } from "../math.js";
import { between, PLACES, symmetric } from "./dice.js";
import { elasticField } from "./elastic.js";
import type { PassKind } from "./pass.js";

/*
 * What lies between pixels: turned, scaled, slanted, bent. For each pixel of the result the place is computed that it comes from, and
 * the four pixels around that are mixed. Places have 16 binary digits behind the point and weights 10, so all is done in whole
 * numbers: the same everywhere.
 */

const POINT = 16;
const ONE = 2 ** POINT;
const WEIGHT = 10;
const WHOLE = 2 ** WEIGHT;
/** Half of a weight's last digit, so that places are rounded to it. */
const ROUND = 2 ** (POINT - WEIGHT - 1);

/** cos and sin of an angle between -180 and 180 degrees. */
function turn(degrees: number): { readonly cos: number; readonly sin: number } {
  const half = Math.abs(degrees) / 180;
  const sin = half <= 0.5 ? cosPi(0.5 - half) : cosPi(half - 0.5);
  return { cos: cosPi(half), sin: degrees < 0 ? -sin : sin };
}

/** Half of what two weights make of one, so that mixtures are rounded. */
const HALF = 2 ** (2 * WEIGHT - 1);

/** Rotation, scale, shear and bending, and with them the shift; without them moves.ts shifts, which is quicker. */
export const warp: PassKind = (augmentation, [channels, height, width]) => {
  const { shift = 0, rotate = 0, scale = 0, shear = 0, elastic = 0 } = augmentation;
  if (!isWarped(augmentation)) return undefined;
  const field = elastic > 0 ? elasticField(elastic, height, width) : undefined;
  const plane = height * width;
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  /** For each pixel of a row, where it comes from. */
  const [us, vs] = [new Int32Array(width), new Int32Array(width)];
  return (from, to, key) => {
    const { cos, sin } = turn(rotate * symmetric(key, PLACES.rotate));
    const slant = turn(shear * symmetric(key, PLACES.shear));
    const factor = 1 + scale * symmetric(key, PLACES.scale);
    const left = centreX + between(shift, key, PLACES.shiftX);
    const top = centreY + between(shift, key, PLACES.shiftY);
    const tangent = slant.sin / slant.cos;
    // the way back: shifted, turned, slanted and scaled around the middle
    const ux = (cos + tangent * sin) / factor;
    const uy = (sin - tangent * cos) / factor;
    const vx = -sin / factor;
    const vy = cos / factor;
    const [stepU, stepV] = [Math.round(ONE * ux), Math.round(ONE * vx)];
    field?.draw(key);
    for (let y = 0; y < height; y++) {
      let u = Math.round(ONE * (centreX - left * ux + (y - top) * uy)) + ROUND;
      let v = Math.round(ONE * (centreY - left * vx + (y - top) * vy)) + ROUND;
      for (let x = 0; x < width; x++) {
        us[x] = u;
        vs[x] = v;
        u = (u + stepU) | 0;
        v = (v + stepV) | 0;
      }
      field?.bend(y, us, vs, ONE);
      for (let c = 0; c < channels; c++) mixRow(from, to, us, vs, c * plane, y, height);
    }
  };
};

/** Computes a row of the result, of one channel that begins at `start`. */
function mixRow(
  from: Uint8Array,
  to: Uint8Array,
  us: Int32Array,
  vs: Int32Array,
  start: number,
  y: number,
  height: number,
): void {
  const width = us.length;
  const row = start + y * width;
  for (let x = 0; x < width; x++) {
    const u = us[x];
    const v = vs[x];
    const right = (u >> (POINT - WEIGHT)) & (WHOLE - 1);
    const lower = (v >> (POINT - WEIGHT)) & (WHOLE - 1);
    const column = u >> POINT;
    const line = v >> POINT;
    let first = 0;
    let across = 0;
    let down = 0;
    if (column >= 0 && column < width - 1 && line >= 0 && line < height - 1) {
      first = start + line * width + column;
      across = 1;
      down = width;
    } else {
      // the edge goes on for ever
      const x0 = inside(column, width);
      const y0 = inside(line, height);
      first = start + y0 * width + x0;
      across = inside(column + 1, width) - x0;
      down = (inside(line + 1, height) - y0) * width;
    }
    const a = from[first];
    const c = from[first + down];
    const above = (a << WEIGHT) + (from[first + across] - a) * right;
    const below = (c << WEIGHT) + (from[first + down + across] - c) * right;
    to[row + x] = ((above << WEIGHT) + (below - above) * lower + HALF) >> (2 * WEIGHT);
  }
}

/** Whether places between pixels are looked at, so that the shift is done with them. */
export function isWarped({
  rotate = 0,
  scale = 0,
  shear = 0,
  elastic = 0,
}: Parameters<PassKind>[0]): boolean {
  return rotate > 0 || scale > 0 || shear > 0 || elastic > 0;
}

/** The nearest place that there is. */
function inside(place: number, size: number): number {
  return place < 0 ? 0 : place >= size ? size - 1 : place;
}
