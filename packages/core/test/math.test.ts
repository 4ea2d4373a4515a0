import { describe, expect, test } from "vitest";
import { cosPi, erfc, exp, log, log1p, power, tanh } from "../src/math.js";
import { randomStream } from "../src/random.js";

/*
 * The library's own exp, log, log1p, tanh, cos and power against those of JavaScript's engine, which are within 1 unit in the last
 * place (ulp) of the true value; erfc, which engines don't have, against a table.
 */

/** The distance of two numbers in units in the last place of the second. */
function ulps(actual: number, expected: number): number {
  if (Object.is(actual, expected)) return 0;
  const exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(expected))));
  return Math.abs(actual - expected) / 2 ** (exponent - 52);
}

const random = randomStream(1, "math");

/** `count` numbers that are spread evenly between two. */
function between(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => from + (to - from) * random.uniform(k));
}

function expectNear(
  own: (x: number) => number,
  reference: (x: number) => number,
  numbers: readonly number[],
  most: number,
): void {
  for (const x of numbers) {
    const distance = ulps(own(x), reference(x));
    if (!(distance <= most)) expect.fail(`at ${x}: ${own(x)} is ${distance} ulps from ${reference(x)}`);
  }
}

describe("exp", () => {
  test.each([
    ["around 0", -1, 1],
    ["for scores", -40, 40],
    ["everywhere", -708, 709.7],
  ])("%s", (_, from, to) => {
    expectNear(exp, Math.exp, between(from, to, 20_000), 3);
  });

  test("for tiny numbers, also where only 1 + x is left", () => {
    expectNear(exp, Math.exp, [1e-3, -1e-3, 1e-8, 1e-15, 1e-16, 1e-300, -1e-300, Number.MIN_VALUE], 1);
  });

  test("where results are subnormal, to one unit of the smallest number", () => {
    // A subnormal result has few digits, and the last multiplication rounds them: at most one unit off.
    expectNear(exp, Math.exp, between(-745.13, -708.4, 5_000), 1);
  });

  test("special values", () => {
    expect(exp(0)).toBe(1);
    expect(exp(-0)).toBe(1);
    expect(exp(1)).toBeCloseTo(Math.E, 15);
    expect(exp(Infinity)).toBe(Infinity);
    expect(exp(-Infinity)).toBe(0);
    expect(exp(NaN)).toBeNaN();
    expect(exp(710)).toBe(Infinity);
    expect(exp(-746)).toBe(0);
    expect(exp(709.782712893384)).toBeLessThan(Infinity); // the largest x for which e^x is a number
    expect(exp(709.782712893384)).toBeGreaterThan(1.797e308);
    expect(exp(709.7827128933841)).toBe(Infinity);
    expect(exp(-745.1332191019411)).toBe(Number.MIN_VALUE);
  });
});

describe("log", () => {
  test.each([
    ["in (0, 1), where random numbers are", 0, 1],
    ["around 1, where it is almost 0", 0.999, 1.001],
    ["for sums of exponentials", 1, 1000],
    ["for large numbers", 1e300, 1e308],
    ["for small numbers", 1e-308, 1e-300],
    ["for subnormal numbers", 5e-324, 2e-308],
  ])("%s", (_, from, to) => {
    expectNear(
      log,
      Math.log,
      between(from, to, 20_000).filter((x) => x > 0),
      3,
    );
  });

  test("of powers of two and their neighbours", () => {
    for (let k = -1074; k <= 1023; k++) {
      const x = 2 ** k;
      const around = k < -1021 ? [x] : [x, x * (1 + 2 ** -52), x * (1 - 2 ** -53)];
      expectNear(log, Math.log, around, 3);
    }
  });

  test("special values", () => {
    expect(log(1)).toBe(0);
    expect(log(0)).toBe(-Infinity);
    expect(log(-0)).toBe(-Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(-Infinity)).toBeNaN();
    expect(log(NaN)).toBeNaN();
    expect(log(Infinity)).toBe(Infinity);
    expect(log(Number.MAX_VALUE)).toBeCloseTo(709.782712893384, 11);
    expect(log(Number.MIN_VALUE)).toBeCloseTo(-744.4400719213812, 11);
  });

  test("undoes exp", () => {
    const off = between(-700, 700, 2_000).map((x) => Math.abs(log(exp(x)) - x));
    expect(Math.max(...off)).toBeLessThan(3e-13);
  });
});

describe("tanh", () => {
  test.each([
    ["where it is almost x", -0.01, 0.01],
    ["where one formula follows the other", 0.4, 0.6],
    ["around 0", -1, 1],
    ["everywhere", -25, 25],
  ])("%s", (_, from, to) => {
    expectNear(tanh, Math.tanh, between(from, to, 20_000), 3);
  });

  test("special values", () => {
    for (const x of [0, -0, 1e-300, -1e-20, 5e-324]) expect(tanh(x)).toBe(x);
    for (const x of [20, 1000, 1e308, Infinity]) expect([tanh(x), tanh(-x)]).toEqual([1, -1]);
    expect(tanh(NaN)).toBeNaN();
  });
});

/** Made with mpmath 1.3.0: `mp.dps = 40; [float(erfc(mpf(x))) for x in ...]` */
const erfcs = [
  [-6, 2.0],
  [-2.5, 1.999593047982555],
  [-1, 1.8427007929497148],
  [-0.25, 1.276326390168237],
  [-1e-10, 1.000000000112838],
  [0, 1.0],
  [1e-300, 1.0],
  [0.001, 0.9988716212090307],
  [0.1, 0.887537083981715],
  [0.3, 0.6713732405408726],
  [0.5, 0.4795001221869535],
  [0.75, 0.28884436634648486],
  [1, 0.15729920705028513],
  [1.3, 0.06599205505934755],
  [1.7, 0.01620954140922544],
  [2, 0.004677734981047266],
  [2.5, 0.0004069520174449589],
  [3.1, 1.1648657367199589e-5],
  [4, 1.541725790028002e-8],
  [5.5, 7.357847917974398e-15],
  [7.3, 5.502573750691923e-25],
  [10, 2.088487583762545e-45],
  [14.2, 1.063964354864168e-89],
  [20, 5.395865611607901e-176],
  [26, 5.663192408856143e-296],
] as const;

describe("log1p", () => {
  test.each([
    ["around 0", -0.5, 1],
    ["near 0", -1e-3, 1e-3],
    ["large", 1, 1e6],
  ])("%s", (_, from, to) => {
    expectNear(log1p, Math.log1p, between(from, to, 20_000), 3);
  });

  test("of small numbers, whatever their size", () => {
    const small = between(-700, 0, 20_000).map((power) => Math.exp(power));
    expectNear(log1p, Math.log1p, [...small, ...small.map((x) => -x / 2)], 3);
  });

  test("special values", () => {
    expect([log1p(0), log1p(-0), log1p(-1), log1p(Infinity)]).toEqual([0, -0, -Infinity, Infinity]);
    expect([log1p(-2), log1p(NaN)]).toEqual([NaN, NaN]);
  });
});

describe("erfc", () => {
  test.each(erfcs)("of %s is %s", (x, expected) => expect(ulps(erfc(x), expected)).toBeLessThanOrEqual(5));

  test("falls all the way, and is 2 - erfc(-x)", () => {
    const numbers = Array.from({ length: 64 * 34.5 + 1 }, (_, k) => 27.5 - k / 64);
    expect(numbers.filter((x, k) => k > 0 && !(erfc(x) >= erfc(numbers[k - 1])))).toEqual([]);
    expect(numbers.filter((x) => erfc(x) + erfc(-x) !== 2)).toEqual([]);
  });

  test("special values", () => {
    expect(erfc(0)).toBe(1);
    for (const x of [28, 1000, 1e300, Infinity]) expect([erfc(x), erfc(-x)]).toEqual([0, 2]);
    expect(erfc(NaN)).toBeNaN();
  });
});

describe("cos of pi t", () => {
  test("from 0 to 1", () => {
    // Math.PI is not quite pi, so Math.cos(Math.PI * t) is off by up to 1.2e-16 where the cosine is small.
    const off = between(0, 1, 20_000).map((t) => Math.abs(cosPi(t) - Math.cos(Math.PI * t)));
    expect(Math.max(...off)).toBeLessThan(4e-16);
  });

  test("special values", () => {
    expect(cosPi(0)).toBeCloseTo(1, 15);
    expect(cosPi(0.5)).toBe(0);
    expect(cosPi(1)).toBeCloseTo(-1, 15);
    expect(cosPi(1 / 3)).toBeCloseTo(0.5, 15);
    for (const t of [0, 0.1, 0.25, 0.4]) expect(cosPi(1 - t)).toBeCloseTo(-cosPi(t), 15);
  });

  test("never leaves [-1, 1] by more than a rounding", () => {
    for (const t of [0, 1e-9, 1e-6, 1 - 1e-6, 1 - 1e-9, 1])
      expect(Math.abs(cosPi(t))).toBeLessThan(1 + 1e-15);
  });
});

describe("power", () => {
  test("is repeated multiplication", () => {
    for (const base of [0.9, 0.999, 0.5, 1, 1.7]) {
      let product = 1;
      for (let n = 0; n <= 300; n++) {
        expect(Math.abs(power(base, n) / product - 1)).toBeLessThan(1e-13);
        product *= base;
      }
    }
  });

  test("of Adam's betas, for as many steps as anyone trains", () => {
    // Each squaring doubles the relative error, so that it grows with n while the power itself shrinks.
    for (const base of [0.9, 0.999, 0.95]) {
      for (const n of [1, 2, 3, 1000, 12_345, 1_000_000]) {
        expect(Math.abs(power(base, n) - base ** n)).toBeLessThan(1e-14);
      }
    }
    expect(power(0.999, 10_000_000)).toBe(0);
  });

  test("special values", () => {
    expect(power(0, 0)).toBe(1);
    expect(power(0, 5)).toBe(0);
    expect(power(2, 10)).toBe(1024);
    expect(power(3, 20)).toBe(3_486_784_401);
    expect(power(2, 1023)).toBe(2 ** 1023);
  });
});
