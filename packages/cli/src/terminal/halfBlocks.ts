import { scaleFor, strength } from "unravel-cnn";
import { ESCAPE } from "./output.js";

/*
 * Pictures in a terminal: a character shows two pixels, one above the other. With colours each has its own; without, a pixel
 * is ink or paper.
 */

/** Numbers in rows. */
export interface Cells {
  readonly height: number;
  readonly width: number;
  /** Row-major. */
  readonly values: ArrayLike<number>;
}

/** The colours of a terminal's 256 that run from black to blue and to orange, and from black to white. */
const BLUES = [16, 17, 18, 19, 20, 26, 32, 39, 75];
const ORANGES = [16, 52, 94, 130, 166, 172, 208, 214, 220];
const GREYS = [16, ...Array.from({ length: 24 }, (_, k) => 232 + k), 231];

/**
 * A picture as lines of text, `width` characters wide. What is never negative is grey; with a sign, below zero is blue and
 * above orange. The strongest colour is that of the largest number.
 */
export function halfBlocks({ height, width, values }: Cells, coloured: boolean): string[] {
  const scale = scaleFor([values]);
  const signed = scale.kind === "diverging";
  const at = (row: number, column: number) =>
    row < height ? strength(scale, values[row * width + column]) : 0;
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    const pairs = Array.from({ length: width }, (_, column) => [
      at(2 * line, column),
      at(2 * line + 1, column),
    ]);
    if (!coloured) return pairs.map(([above, below]) => inkOrPaper(above, below)).join("");
    const text = pairs.map(
      ([above, below]) => `${ESCAPE}[38;5;${colour(above, signed)};48;5;${colour(below, signed)}m▀`,
    );
    return `${text.join("")}${ESCAPE}[0m`;
  });
}

function inkOrPaper(above: number, below: number): string {
  const [up, down] = [Math.abs(above) >= 0.4, Math.abs(below) >= 0.4];
  return up ? (down ? "█" : "▀") : down ? "▄" : " ";
}

function colour(value: number, signed: boolean): number {
  const ramp = signed ? (value < 0 ? BLUES : ORANGES) : GREYS;
  return ramp[Math.round(Math.abs(value) * (ramp.length - 1))];
}
