import { exp } from "../../math.js";
import { flatten } from "./curve.js";
import type { Dice } from "./dice.js";
import { HAND } from "./hand.js";
import { GRAIN, INK_SIDE, SHEET } from "./render.js";
import type { Points } from "./shape.js";

/** A stroke as the pen goes: straight lines between points with the pen's radius at each, in pixels of the sheet. */
export interface Trail {
  readonly x: number[];
  readonly y: number[];
  readonly radius: number[];
}

/** Puts the strokes on the sheet, as large as they fit, with the pen's width at every point. */
export function moveAlong(dice: Dice, digit: number, strokes: readonly Points[]): Trail[] {
  const chains = strokes.map(flatten);
  const width = HAND.penWidth[digit] * exp(dice.normal(HAND.penSpread));
  const radius = (GRAIN / 2) * Math.max(HAND.penLeast, Math.min(HAND.penMost, width));
  const fit = fitTo(chains, INK_SIDE - 2 * radius);
  const total = chains.reduce((sum, chain) => sum + chain.length, 0);
  const start = dice.normal(HAND.pressureSpread);
  const middle = dice.normal(HAND.pressureSpread);
  const finish = dice.normal(HAND.pressureSpread);
  const nib = dice.between(0, HAND.nibMost);
  const nibX = dice.between(-1, 1);
  const nibY = Math.sqrt(1 - nibX * nibX);
  const push = new Float64Array(2);
  let done = 0;
  return chains.map((chain) => {
    const n = chain.length / 2;
    const trail: Trail = { x: new Array(n), y: new Array(n), radius: new Array(n) };
    const startTaper = dice.chance(HAND.taperChance) ? dice.between(HAND.taperLeast, 1) : 1;
    const endTaper = dice.chance(HAND.taperChance) ? dice.between(HAND.taperLeast, 1) : 1;
    let trembleX = 0;
    let trembleY = 0;
    for (let i = 0; i < n; i++) {
      dice.around(GRAIN * HAND.tremble, push);
      trembleX = 0.6 * trembleX + push[0];
      trembleY = 0.6 * trembleY + push[1];
      trail.x[i] = SHEET / 2 + (chain[2 * i] - fit.x) * fit.scale + trembleX;
      trail.y[i] = SHEET / 2 + (chain[2 * i + 1] - fit.y) * fit.scale + trembleY;
      const way = (done + 2 * i) / total;
      const pressure =
        way < 0.5 ? start + (middle - start) * 2 * way : middle + (finish - middle) * (2 * way - 1);
      const j = i === 0 ? 1 : i;
      const dx = chain[2 * j] - chain[2 * j - 2];
      const dy = chain[2 * j + 1] - chain[2 * j - 1];
      const length = Math.sqrt(dx * dx + dy * dy);
      const along = length > 0 ? (dx * nibX + dy * nibY) / length : 0;
      const atStart = Math.min(1, startTaper + (4 * i) / n);
      const atEnd = Math.min(1, endTaper + (4 * (n - 1 - i)) / n);
      trail.radius[i] = radius * (1 + pressure) * (1 + nib * (0.5 - along * along)) * atStart * atEnd;
    }
    done += chain.length;
    return trail;
  });
}

/** The middle of the chains and what their unit must be multiplied by to fit a square of `side`. */
function fitTo(chains: readonly number[][], side: number): { x: number; y: number; scale: number } {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (const chain of chains) {
    for (let i = 0; i < chain.length; i += 2) {
      left = Math.min(left, chain[i]);
      right = Math.max(right, chain[i]);
      top = Math.min(top, chain[i + 1]);
      bottom = Math.max(bottom, chain[i + 1]);
    }
  }
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    scale: side / Math.max(right - left, bottom - top, 1),
  };
}
