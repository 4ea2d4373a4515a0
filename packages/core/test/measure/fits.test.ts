import { describe, expect, test } from "vitest";
import {
  exponentialThrough,
  fitLine,
  fitPower,
  largestError,
  type Point,
} from "../../src/measure/scaling/fits.js";
import { randomStream } from "../../src/random.js";

/*
 * Curves through points that are known: the curve that made them must come back.
 */

const xs = [1, 2, 4, 8, 16, 32, 64];
const on = (curve: (x: number) => number, at: readonly number[] = xs): Point[] =>
  at.map((x) => ({ x, y: curve(x) }));

/** The same points, each off by a normally distributed share. */
function noisy(points: readonly Point[], share: number, seed: number): Point[] {
  const random = randomStream(seed, "errors");
  return points.map(({ x, y }, k) => ({ x, y: y * (1 + share * random.normal(k)) }));
}

describe("a line", () => {
  test.each([
    [0, 3],
    [0.25, 0.031],
    [100, 1e-6],
    [5, -0.05],
  ])("%f + %f x comes back from its points", (offset, slope) => {
    const line = fitLine(on((x) => offset + slope * x));
    expect(line.offset).toBeCloseTo(offset, 9);
    expect(line.slope).toBeCloseTo(slope, 12);
  });

  test("through two points passes both", () => {
    const line = fitLine([
      { x: 2, y: 5 },
      { x: 6, y: 3 },
    ]);
    expect(line.offset).toBeCloseTo(6, 12);
    expect(line.slope).toBeCloseTo(-0.5, 12);
  });

  test("makes relative errors small: a disturbed long time doesn't spoil the short ones", () => {
    const points = on((x) => 1 + x);
    const disturbed = points.map(({ x, y }) => ({ x, y: x === 64 ? 1.5 * y : y }));
    const line = fitLine(disturbed);
    expect(line.offset).toBeGreaterThan(0.7);
    expect(line.slope).toBeLessThan(1.25);
    expect(largestError(points.slice(0, 3), (x) => line.offset + line.slope * x)).toBeLessThan(0.1);
  });

  test("is the best of its neighbours", () => {
    const points = noisy(
      on((x) => 0.5 + 0.1 * x),
      0.1,
      1,
    );
    const { offset, slope } = fitLine(points);
    const error = (a: number, b: number) =>
      points.reduce((sum, { x, y }) => sum + ((a + b * x) / y - 1) ** 2, 0);
    for (const [a, b] of [
      [0.01, 0],
      [-0.01, 0],
      [0, 0.001],
      [0, -0.001],
    ]) {
      expect(error(offset + a, slope + b)).toBeGreaterThan(error(offset, slope));
    }
  });
});

describe("a power", () => {
  test.each([
    [0.02, 1],
    [3, 2],
    [1e-9, 0.5],
    [7, -1],
    [4, 0],
  ])("%f x^%f comes back from its points", (factor, exponent) => {
    const power = fitPower(on((x) => factor * x ** exponent));
    expect(power.factor / factor).toBeCloseTo(1, 9);
    expect(power.exponent).toBeCloseTo(exponent, 9);
  });

  test("with errors of 5% comes back nearly, whatever the errors are", () => {
    for (let seed = 0; seed < 50; seed++) {
      const points = noisy(
        on((x) => 0.3 * x ** 1.02),
        0.05,
        seed,
      );
      expect(Math.abs(fitPower(points).exponent - 1.02)).toBeLessThan(0.06); // 4 standard deviations
    }
  });

  test("of a line with an offset is flatter than 1, and steeper where the offset counts for less", () => {
    const points = on((x) => 4 + x);
    const all = fitPower(points).exponent;
    const larger = fitPower(points.slice(3)).exponent;
    expect(all).toBeLessThan(larger);
    expect(larger).toBeLessThan(1);
  });
});

describe("an exponential", () => {
  test.each([
    [1, 2],
    [0.1, 1.3],
    [50, 0.5],
  ])("%f * %f^x comes back from two points, however far apart", (factor, base) => {
    for (const [first, second] of [
      [1, 2],
      [2, 7],
    ]) {
      const [a, b] = on((x) => factor * base ** x, [first, second]);
      const exponential = exponentialThrough(a, b);
      expect(exponential.factor).toBeCloseTo(factor, 9);
      expect(exponential.base).toBeCloseTo(base, 9);
    }
  });
});

test("the largest error is that of the worst point, as a share of what was measured", () => {
  const points = [
    { x: 1, y: 10 },
    { x: 2, y: 4 },
  ];
  expect(largestError(points, (x) => 3 * x + 6)).toBe(2);
});

describe("no curve", () => {
  test.each([
    ["through no point", []],
    ["through one point", [{ x: 1, y: 1 }]],
    [
      "through points at one place",
      [
        { x: 2, y: 1 },
        { x: 2, y: 3 },
      ],
    ],
  ])("%s", (_, points) => {
    expect(() => fitLine(points)).toThrow("two different places");
    expect(() => fitPower(points)).toThrow("two different places");
  });

  test.each([0, -1, Number.NaN, Infinity])("through a point at %f", (bad) => {
    const good = { x: 1, y: 1 };
    for (const point of [
      { x: 2, y: bad },
      { x: bad, y: 2 },
    ]) {
      expect(() => fitLine([good, point])).toThrow("above 0");
      expect(() => fitPower([good, point])).toThrow("above 0");
      expect(() => exponentialThrough(good, point)).toThrow("above 0");
    }
  });
});
