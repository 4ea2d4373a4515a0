import { describe, expect, test } from "vitest";
import { axisFor } from "../src/components/chart/axis.js";
import { inLines, pathOf, piecesOf, spreadOut } from "../src/components/chart/lines.js";

/*
 * Where things stand in a chart.
 */

const labels = (...words: Parameters<typeof axisFor>) => axisFor(...words).ticks.map(({ label }) => label);

describe("an axis", () => {
  test.each([
    [
      [0.1, 0.93],
      ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"],
    ],
    [
      [3, 17],
      ["0", "5", "10", "15", "20"],
    ],
    [[60_000], ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]],
    [
      [-0.02, 0.031],
      ["−0.02", "−0.01", "0.00", "0.01", "0.02", "0.03", "0.04"],
    ],
    [[0], ["0.0", "0.2"]],
    [[], ["0.0", "0.2"]],
    [
      [2.3, Number.NaN, Infinity],
      ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"],
    ],
  ])("over %j has round numbers, and 0", (values, expected) => {
    expect(labels({ label: "loss" }, values)).toEqual(expected);
  });

  test("with given ends goes from one to the other", () => {
    const axis = axisFor({ label: "step", from: 10, to: 35 }, [12]);
    expect([axis.share(10), axis.share(35)]).toEqual([0, 1]);
    expect(axis.ticks.map(({ value }) => value)).toEqual([10, 15, 20, 25, 30, 35]);
  });

  test("can count in powers, where nothing has a place but what is above 0", () => {
    const axis = axisFor({ label: "seconds", scale: "log" }, [0.02, 7, 0, -1]);
    expect(axis.ticks.map(({ value }) => value)).toEqual([0.01, 0.1, 1, 10]);
    expect(axis.share(0.1)).toBeCloseTo(1 / 3, 12);
    expect(axis.share(0)).toBeNaN();
    expect(labels({ label: "s", scale: "log", to: 1e20 }, [1]).length).toBeLessThanOrEqual(7);
    expect(labels({ label: "s", scale: "log", from: 1e-4, to: 1e8 }, [])).toEqual([
      "10⁻⁴",
      "0.01",
      "1",
      "100",
      "10,000",
      "10⁶",
      "10⁸",
    ]);
    expect(labels({ label: "s", scale: "log" }, [2, 30])).toEqual(["1", "2", "5", "10", "20", "50", "100"]);
  });

  test("takes the numbers that it is given", () => {
    const axis = axisFor({ label: "filters", ticks: [1, 2, 64, 128], to: 64 }, [1, 64]);
    expect(axis.ticks.map(({ label }) => label)).toEqual(["1", "2", "64"]);
  });
});

describe("a line", () => {
  const x = axisFor({ label: "x", from: 0, to: 10 }, []);
  const y = axisFor({ label: "y", from: 0, to: 1 }, []);

  test("breaks where there is no number", () => {
    const points = [
      [0, 0],
      [1, 1],
      [2, Number.NaN],
      [10, 0.5],
    ] as const;
    const pieces = piecesOf(points, x, y, 100, 50);
    expect(pieces.map(pathOf)).toEqual(["M0 50L10 0", "M100 25"]);
  });

  test("of very many points keeps the ends and each column's highest and lowest", () => {
    const points = Array.from({ length: 20_000 }, (_, k) => [k / 2000, k % 7 === 3 ? 1 : 0.5] as const);
    const [piece] = piecesOf(points, x, y, 100, 50);
    expect(piece.length).toBeLessThanOrEqual(4 * 101);
    expect(piece[0]).toEqual([0, 25]);
    expect(piece.at(-1)?.[0]).toBeCloseTo(99.995, 9);
    const heights = piece.map(([, height]) => height);
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([0, 25]);
    const columns = piece.map(([column]) => column);
    expect(columns).toEqual([...columns].sort((a, b) => a - b));
  });
});

test.each([[[50, 52, 10]], [[98, 99, 100]], [[0, 0]]])(
  "names at %j do not overlap and stay inside",
  (wanted) => {
    const places = spreadOut(
      wanted,
      wanted.map(() => 16),
      100,
    );
    const sorted = [...places].sort((a, b) => a - b);
    for (let k = 1; k < sorted.length; k++) expect(sorted[k] - sorted[k - 1]).toBeGreaterThanOrEqual(16);
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
    expect(sorted.at(-1)).toBeLessThanOrEqual(100);
    for (const [k, place] of places.entries())
      for (const [other, there] of places.entries())
        if (wanted[k] < wanted[other]) expect(place).toBeLessThan(there);
  },
);

test("a name of several lines has room for all of them", () => {
  const [one, three, other] = spreadOut([40, 45, 50], [16, 48, 16], 200);
  expect(three - one).toBeGreaterThanOrEqual(32);
  expect(other - three).toBeGreaterThanOrEqual(32);
});

test.each([
  ["learning rate 0.05, 16 filters", 14, ["learning rate", "0.05, 16", "filters"]],
  ["learning rate 0.05, 16 filters", 30, ["learning rate 0.05, 16 filters"]],
  ["Gewichtsinitialisierung 0", 10, ["Gewichtsinitialisierung", "0"]],
])("%s in lines of %d letters", (name, letters, lines) => {
  expect(inLines(name, letters)).toEqual(lines);
});
