import fc from "fast-check";
import { expect, test } from "vitest";
import {
  fixed,
  formatFor,
  formatThatAdds,
  percent,
  powerOf,
  roundingOf,
  short,
  whole,
} from "../../src/presentation/numbers.js";

/** What a person reads. */
const read = (text: string) => Number(text.replace("−", "-"));

test.each([
  [0.84231, "0.8423"],
  [12.345678, "12.346"],
  [1234.5678, "1235"],
  [0, "0"],
  [-0.00001, "−1.000×10⁻⁵"],
  [123456789, "1.235×10⁸"],
  [-0.012345, "−0.01235"],
])("%f is written as %s", (value, text) => {
  const format = formatFor([value]);
  expect(`${fixed(value, format)}${powerOf(format)}`).toBe(text);
});

test.each([
  [-2.5e21, 3, 0, "−2.500×10²¹"],
  [6.0606e24, 4, 0, "6.061×10²⁴"],
  [1.5e30, -28, 0, "1.500×10³⁰"],
  [1234.5, -2, 0, "1235"],
  [1.5e-200, 201, 0, `0.${"0".repeat(100)}`],
])(
  "%f with %i decimals and 10 to the power of %i is written as %s, whatever toFixed takes",
  (value, decimals, exponent, text) => {
    expect(fixed(value, { decimals, exponent })).toBe(text);
    expect(Number.isFinite(roundingOf([value], value, { decimals, exponent }))).toBe(true);
  },
);

test("what is rounded to nothing has no sign", () => {
  expect(fixed(-0.0001, { decimals: 2, exponent: 0 })).toBe("0.00");
});

test.each([
  [1, "1"],
  [-3, "−3"],
  [0.84231, "0.842"],
  [12.345, "12.3"],
  [0.00001234, "1.23×10⁻⁵"],
  [Number.NaN, "NaN"],
  [-Infinity, "−Infinity"],
])("alone, %f is %s", (value, text) => expect(short(value)).toBe(text));

test.each([
  [0.98712, "98.71%"],
  [0.25, "25%"],
  [0.999999, "over 99.99%"],
  [0.000001, "under 0.01%"],
  [1, "100%"],
  [0, "0%"],
])("the share %f is %s", (share, text) => expect(percent(share)).toBe(text));

test("large whole numbers have commas", () => {
  expect([0, 999, 1000, 1352, 1199882].map(whole)).toEqual(["0", "999", "1,000", "1,352", "1,199,882"]);
});

const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 });

test("terms and what rounding leaves over add up to the total, all as they are written", () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: -9, max: 3 }), (terms, power) => {
      const scaled = terms.map((term) => term * 10 ** power);
      const total = scaled.reduce((sum, term) => sum + term, 0);
      const format = formatFor([...scaled, total]);
      const rest = roundingOf(scaled, total, format);
      const sum = [...scaled, rest].reduce((sum, term) => sum + read(fixed(term, format)), 0);
      expect(sum.toFixed(format.decimals).replace(/^-(0\.?0*)$/, "$1")).toBe(
        fixed(total, format).replace("−", "-"),
      );
      // it is no more than half a unit for each number that was rounded
      expect(Math.abs(rest) * 10 ** (format.decimals - format.exponent)).toBeLessThanOrEqual(
        (terms.length + 1) / 2 + 1e-6,
      );
    }),
  );
});

test("a format that adds shows the smaller summand, and nearly always nothing is left over", () => {
  let left = 0;
  for (let k = 1; k <= 500; k++) {
    const [before, step] = [Math.sin(k), 1e-4 * Math.sin(k * k + 0.3)];
    const format = formatThatAdds([before, step], before + step);
    expect(Math.abs(read(fixed(step, format)) / step - 1)).toBeLessThan(0.01);
    if (roundingOf([before, step], before + step, format) !== 0) left++;
  }
  expect(left).toBeLessThan(25);
});
