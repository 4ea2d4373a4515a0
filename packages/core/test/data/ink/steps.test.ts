import { expect, test } from "vitest";
import { squareDistances } from "../../../src/data/ink/distance.js";
import { withoutLines } from "../../../src/data/ink/erase.js";
import { linesIn } from "../../../src/data/ink/lines.js";
import { piecesOf, withoutHoles } from "../../../src/data/ink/pieces.js";
import { atLeast, transposed } from "../../../src/data/ink/plane.js";
import { strokeWidth, thickened } from "../../../src/data/ink/stroke.js";
import { largestAround, meanAround, smallestAround } from "../../../src/data/ink/windows.js";
import { randomStream } from "../../../src/random.js";
import { Sheet } from "../../support/strokes.js";

/* Each step from a picture to its ink, against what it is defined as. */

const WIDTH = 23;
const HEIGHT = 19;
const random = randomStream(11, "planes");
const plane = {
  width: WIDTH,
  height: HEIGHT,
  data: Float32Array.from({ length: WIDTH * HEIGHT }, (_, k) => random.uniform(k)),
};
const places = Array.from(plane.data, (_, k) => [k % WIDTH, Math.floor(k / WIDTH)] as const);

test("the largest, the smallest and the mean around each pixel", () => {
  const seen = atLeast(plane, 0.3);
  for (const radius of [0, 3, 40]) {
    const windows = places.map(([x, y]) =>
      places.flatMap(([u, v], k) => (Math.abs(u - x) <= radius && Math.abs(v - y) <= radius ? [k] : [])),
    );
    const values = windows.map((window) => window.map((k) => plane.data[k]));
    expect([...largestAround(plane, radius)]).toEqual(values.map((window) => Math.max(...window)));
    expect([...smallestAround(plane, radius)]).toEqual(values.map((window) => Math.min(...window)));
    const means = windows.map((window) => {
      const told = window.filter((k) => seen[k]).map((k) => plane.data[k]);
      return told.length === 0 ? 0 : told.reduce((sum, value) => sum + value, 0) / told.length;
    });
    for (const [k, mean] of meanAround(plane, radius, seen).entries()) expect(mean).toBeCloseTo(means[k], 4);
  }
});

test("distances to the nearest marked pixel", () => {
  const mask = atLeast(plane, 0.96);
  const marked = places.filter((_, k) => mask[k]);
  expect(marked.length).toBeGreaterThan(5);
  const expected = places.map(([x, y]) => Math.min(...marked.map(([u, v]) => (u - x) ** 2 + (v - y) ** 2)));
  expect([...squareDistances(mask, WIDTH)]).toEqual(expected);
});

test("rows as columns, and back", () => {
  const turned = transposed(plane.data, WIDTH);
  expect(turned[5 * HEIGHT + 3]).toBe(plane.data[3 * WIDTH + 5]);
  expect(transposed(turned, HEIGHT)).toEqual(plane.data);
});

test("pieces hang together over corners, and holes don't reach the border", () => {
  const rows = ["#....#", ".###..", ".#.#.#", ".###.#", "......"];
  const mask = Uint8Array.from(rows.join(""), (letter) => (letter === "#" ? 1 : 0));
  const pieces = piecesOf({ width: 6, height: 5, data: Float32Array.from(mask) }, mask);
  expect(pieces.map(({ mass }) => mass)).toEqual([9, 2, 1]);
  expect(pieces[0]).toMatchObject({ left: 0, right: 4, top: 0, bottom: 4 });
  const filled = withoutHoles(mask, 6);
  expect(filled.reduce((sum, value, k) => sum + value - mask[k], 0)).toBe(1);
  expect(filled[2 * 6 + 2]).toBe(1);
});

test("the width of strokes, whichever way they go", () => {
  for (const pen of [1, 2, 5, 11]) {
    for (const end of [
      [100, 20],
      [20, 100],
      [85, 85],
      [105, 60],
    ]) {
      const ink = new Sheet(120, 120, 0).stroke([[20, 20, ...end]], pen, 1);
      const width = strokeWidth(ink);
      expect(width).toBeGreaterThan(0.85 * pen - 0.2);
      expect(width).toBeLessThan(1.15 * pen + 1);
    }
  }
});

test("thin strokes grow to an eighth of the digit, wide ones stay", () => {
  const thin = new Sheet(120, 120, 0).stroke([[20, 20, 100, 100]], 2, 1);
  const grown = thickened(thin, 0.4);
  expect(strokeWidth(grown) / grown.height).toBeGreaterThan(0.09);
  expect(strokeWidth(grown) / grown.height).toBeLessThan(0.16);
  const wide = new Sheet(120, 120, 0).stroke([[20, 20, 100, 100]], 20, 1);
  expect(thickened(wide, 0.4)).toBe(wide);
});

test("a line is found, taken out, and a stroke that crosses it stays", () => {
  for (const upright of [false, true]) {
    const line = upright ? [60, -5, 66, 165] : [-5, 60, 165, 66];
    const stroke = upright ? [20, 100, 140, 70] : [100, 20, 70, 140];
    const sheet = () => new Sheet(160, 160, 0);
    const ink = sheet().stroke([line], 2, 1).stroke([stroke], 8, 1);
    const alone = sheet().stroke([stroke], 8, 1);
    const lines = linesIn(ink).filter(({ from, to }) => to - from > 150);
    expect(lines).toHaveLength(1);
    expect(lines[0].upright).toBe(upright);
    const left = withoutLines(ink, lines).ink;
    const off = left.data.reduce((sum, value, k) => sum + Math.abs(value - alone.data[k]), 0);
    expect(off).toBeLessThan(0.04 * alone.data.reduce((sum, value) => sum + value, 0));
  }
});
