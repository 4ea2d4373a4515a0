import type { Picture } from "../../src/index.js";

/** A pen's way: x0, y0, x1, y1, ... in pixels. */
export type Chain = readonly number[];

/** A sheet of grey levels, 0 to 255, that is drawn on step by step. */
export class Sheet {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;

  constructor(width: number, height: number, paper = 240) {
    this.width = width;
    this.height = height;
    this.data = new Float32Array(width * height).fill(paper);
  }

  /** Lines with round ends and grey edges. */
  stroke(chains: readonly Chain[], pen: number, ink = 20): this {
    return this.change((level, x, y) => {
      let nearest = Infinity;
      for (const chain of chains) {
        for (let k = 2; k < chain.length; k += 2) nearest = Math.min(nearest, distance(chain, k, x, y));
      }
      return level + Math.min(1, pen, Math.max(0, pen / 2 + 0.5 - nearest)) * (ink - level);
    });
  }

  /** A new level for each pixel, of its level and the place of its middle. */
  change(level: (level: number, x: number, y: number) => number): this {
    for (let k = 0; k < this.data.length; k++) {
      const x = k % this.width;
      this.data[k] = level(this.data[k], x + 0.5, (k - x) / this.width + 0.5);
    }
    return this;
  }

  picture(): Picture {
    const { width, height } = this;
    return { width, height, channels: 1, depth: 8, data: Uint8ClampedArray.from(this.data) };
  }
}

function distance(chain: Chain, k: number, x: number, y: number): number {
  const [ax, ay] = [chain[k - 2], chain[k - 1]];
  const [dx, dy] = [chain[k] - ax, chain[k + 1] - ay];
  const share = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
  const t = Math.max(0, Math.min(1, share));
  return Math.sqrt((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2);
}

/** Chains moved by (left, top) after they were made `size` times as large. */
export function placed(chains: readonly Chain[], size: number, left: number, top: number): Chain[] {
  return chains.map((chain) => chain.map((value, k) => size * value + (k % 2 ? top : left)));
}

const ring = (x: number, y: number, rx: number, ry: number, from = 0, to = 2 * Math.PI): number[] =>
  Array.from({ length: 33 }, (_, k) => from + ((to - from) * k) / 32).flatMap((angle) => [
    x + rx * Math.cos(angle),
    y + ry * Math.sin(angle),
  ]);

/** Digits of height 1. */
export const DIGITS: Readonly<Record<0 | 1 | 2 | 4 | 7 | 8, readonly Chain[]>> = {
  0: [ring(0.3, 0.5, 0.3, 0.5)],
  1: [[0.1, 0, 0.1, 1]],
  2: [[...ring(0.3, 0.3, 0.3, 0.3, -2.8, 0.7), 0.02, 1, 0.62, 0.98]],
  4: [
    [0.42, 0, 0, 0.66, 0.62, 0.66],
    [0.44, 0.3, 0.42, 1],
  ],
  7: [[0, 0, 0.6, 0.02, 0.2, 1]],
  8: [ring(0.3, 0.24, 0.24, 0.24), ring(0.3, 0.73, 0.3, 0.27)],
};
