import { exp } from "../../math.js";
import type { Dice } from "./dice.js";
import { HAND } from "./hand.js";
import type { Points } from "./shape.js";

/** Bends, widens, slants and turns a digit, in place. */
export function distort(dice: Dice, digit: number, haste: number, strokes: readonly Points[]): void {
  const bendX = bend(dice, haste);
  const bendY = bend(dice, haste);
  const width = HAND.widthMean[digit] * exp(dice.normal(HAND.widthSpread));
  const slant = HAND.slantMean[digit] + dice.normal(HAND.slantSpread);
  // A turn by t as (cos t, sin t) = ((1 - q^2), 2q) / (1 + q^2) with q = tan(t/2): needs no sine.
  const q = dice.normal(HAND.rotationSpread) / 2;
  const cos = (1 - q * q) / (1 + q * q);
  const sin = (2 * q) / (1 + q * q);
  for (const points of strokes) {
    for (let i = 0; i < points.length; i += 2) {
      const u = (points[i] - 45) / 50;
      const v = (points[i + 1] - 50) / 50;
      const y = v + bendBy(bendY, u, v);
      const x = (u + bendBy(bendX, u, v)) * width - y * slant;
      points[i] = 50 * (x * cos - y * sin);
      points[i + 1] = 50 * (x * sin + y * cos);
    }
  }
}

/** Coefficients of u^2, uv, v^2, u^3, u^2 v, u v^2 and v^3. */
function bend(dice: Dice, haste: number): Float64Array {
  const coefficients = new Float64Array(7);
  for (let i = 0; i < 7; i++) coefficients[i] = dice.normal(haste * HAND.bendSpread);
  return coefficients;
}

function bendBy(c: Float64Array, u: number, v: number): number {
  return u * u * (c[0] + c[3] * u + c[4] * v) + u * v * c[1] + v * v * (c[2] + c[5] * u + c[6] * v);
}
