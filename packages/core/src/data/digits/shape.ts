import type { Dice } from "./dice.js";
import type { Glyph } from "./glyph.js";
import { GLYPHS_0_TO_4 } from "./glyphs0to4.js";
import { GLYPHS_5_TO_7 } from "./glyphs5to7.js";
import { GLYPHS_8_TO_9 } from "./glyphs8to9.js";
import { HAND } from "./hand.js";

/** A stroke's points, which may be moved: x0, y0, x1, y1, ... in hundredths of the height. */
export type Points = number[];

const GLYPHS: readonly Glyph[] = [...GLYPHS_0_TO_4, ...GLYPHS_5_TO_7, ...GLYPHS_8_TO_9];
const WAYS = Array.from({ length: 10 }, (_, digit) => GLYPHS.filter((glyph) => glyph.digit === digit));
const WEIGHTS = WAYS.map((glyphs) => glyphs.map((glyph) => glyph.weight));

/** Points nearer than this count as one: a sharp corner. */
const CORNER = 2;

/** Chooses a way to write the digit and something between its poses, with a hand's small inaccuracies. */
export function shapeDigit(dice: Dice, digit: number, haste: number): Points[] {
  const strokes = mixPoses(dice, WAYS[digit][dice.pick(WEIGHTS[digit])]);
  for (const [i, points] of strokes.entries()) {
    jitter(dice, points, i === 0 ? 0 : haste * HAND.strokeSpread, haste * HAND.pointSpread);
    moveEnd(points, 0, 2, end(dice, haste));
    moveEnd(points, points.length - 2, points.length - 4, end(dice, haste));
  }
  return strokes;
}

/** A weighted mean of the poses. Cubed, the weights favour digits that are near to one of them. */
function mixPoses(dice: Dice, glyph: Glyph): Points[] {
  const shares = glyph.poses.map(() => {
    const share = dice.between(0.05, 1);
    return share * share * share;
  });
  const total = shares.reduce((sum, share) => sum + share, 0);
  return glyph.poses[0].map((stroke, s) =>
    stroke.map((_, i) => {
      let sum = 0;
      for (let p = 0; p < shares.length; p++) sum += shares[p] * glyph.poses[p][s][i];
      return sum / total;
    }),
  );
}

/** Moves the stroke as a whole, and each of its points a little; the two points of a corner stay together. */
function jitter(dice: Dice, points: Points, strokeSpread: number, pointSpread: number): void {
  const strokeX = dice.normal(strokeSpread);
  const strokeY = dice.normal(strokeSpread);
  let x = 0;
  let y = 0;
  let offX = 0;
  let offY = 0;
  const fresh = Math.sqrt(1 - HAND.pointMemory * HAND.pointMemory) * pointSpread;
  for (let i = 0; i < points.length; i += 2) {
    const dx = points[i] - x;
    const dy = points[i + 1] - y;
    if (i > 0 && dx * dx + dy * dy < CORNER * CORNER) {
      points[i] = points[i - 2];
      points[i + 1] = points[i - 1];
      continue;
    }
    x = points[i];
    y = points[i + 1];
    offX = HAND.pointMemory * offX + dice.normal(i === 0 ? pointSpread : fresh);
    offY = HAND.pointMemory * offY + dice.normal(i === 0 ? pointSpread : fresh);
    points[i] += strokeX + offX;
    points[i + 1] += strokeY + offY;
  }
}

/** By what share the first or last stretch of a stroke grows. */
function end(dice: Dice, haste: number): number {
  return HAND.endMean + dice.normal(haste * HAND.endSpread);
}

function moveEnd(points: Points, last: number, before: number, share: number): void {
  points[last] += share * (points[last] - points[before]);
  points[last + 1] += share * (points[last + 1] - points[before + 1]);
}
