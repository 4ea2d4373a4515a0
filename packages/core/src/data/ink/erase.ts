import type { Line } from "./line.js";
import { type Mask, type Plane, transposed } from "./plane.js";

/** Ink of this strength above and below a line is a stroke that crosses it. */
const STROKE = 0.35;

/**
 * Takes lines out of the ink. Where ink lies on both sides of a line, a stroke goes through: that stays.
 * @returns the ink without the lines, and which pixels were theirs
 */
export function withoutLines(
  ink: Plane,
  lines: readonly Line[],
): { readonly ink: Plane; readonly taken: Mask } {
  const { width, height } = ink;
  const level = eraseLevel(
    ink,
    lines.filter((line) => !line.upright),
  );
  const turned = { width: height, height: width, data: transposed(level.ink.data, width) };
  const upright = eraseLevel(
    turned,
    lines.filter((line) => line.upright),
  );
  const uprightTaken = transposed(upright.taken, height);
  return {
    ink: { width, height, data: transposed(upright.ink.data, height) },
    taken: level.taken.map((value, k) => value | uprightTaken[k]),
  };
}

function eraseLevel(ink: Plane, lines: readonly Line[]): { ink: Plane; taken: Mask } {
  const data = ink.data.slice();
  const taken = new Uint8Array(data.length);
  for (const line of lines) erase({ ...ink, data }, line, taken);
  return { ink: { ...ink, data }, taken };
}

/** Of one line, in place. */
function erase({ width, height, data }: Plane, { from, to, middle, width: wide }: Line, taken: Mask): void {
  // half of the line and the grey of its edge
  const reach = wide / 2 + 1;
  const start = Math.max(0, from - 2);
  const end = Math.min(width, to + 2);
  const at = (x: number) => middle[Math.max(0, Math.min(middle.length - 1, x - from))];
  const top = (x: number) => Math.floor(at(x) - reach);
  const bottom = (x: number) => Math.ceil(at(x) + reach);
  const inked = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x] : 0;
  // how far a stroke moves to the side while it crosses
  const lean = Math.ceil(1.2 * (2 * reach)) + 1;
  const kept = new Map<number, number>();
  for (let x = start; x < end; x++) {
    const [above, below] = [top(x) - 1, bottom(x)];
    for (let d = -lean; d <= lean; d++) {
      const [upper, lower] = [inked(x + d, above), inked(x - d, below)];
      if (upper < STROKE || lower < STROKE) continue;
      for (let y = above + 1; y < below; y++) {
        const column = Math.round(x + d * (1 - (2 * (y - above)) / (below - above)));
        const k = y * width + column;
        if (y < 0 || y >= height || column < 0 || column >= width) continue;
        kept.set(k, Math.max(kept.get(k) ?? 0, Math.min(upper, lower)));
      }
    }
  }
  for (let x = start; x < end; x++) {
    for (let y = Math.max(0, top(x)); y < Math.min(height, bottom(x)); y++) {
      const k = y * width + x;
      data[k] = kept.get(k) ?? 0;
      taken[k] = 1;
    }
  }
}
