import { describe, expect, test } from "vitest";
import { fillNormal, fillOneByOne } from "../src/normals.js";
import { permutation, type RandomStream, randomStream, threefry } from "../src/random.js";
import { chiSquare, momentsOf } from "./support/statistics.js";

const COUNT = 100_000;

function draw(of: (random: RandomStream, index: number) => number, seed = 0, name = "test"): number[] {
  const random = randomStream(seed, name);
  return Array.from({ length: COUNT }, (_, index) => of(random, index));
}

describe("Threefry-2x32 with 20 rounds", () => {
  // The known answers that its authors publish with their implementation, Random123.
  test.each([
    ["zeros", [0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    ["ones", [0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    ["digits of pi", [0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]],
  ])("known answer: %s", (_, key, counter, answer) => {
    const words = new Uint32Array(2);
    threefry(key[0], key[1], counter[0], counter[1], words);
    expect(Array.from(words)).toEqual(answer);
  });
});

describe("a stream", () => {
  test("is a function of seed, name and index, in any order", () => {
    const forwards = draw((random, index) => random.bits(index)).slice(0, 100);
    const random = randomStream(0, "test");
    for (const index of [99, 0, 42, 42]) expect(random.bits(index)).toBe(forwards[index]);
  });

  test.each([
    ["another seed", randomStream(1, "a"), randomStream(2, "a")],
    ["another name", randomStream(1, "a"), randomStream(1, "b")],
  ])("with %s is another one", (_, one, other) => {
    const both = Array.from({ length: 200 }, (_, index) => [one.uniform(index), other.uniform(index)]);
    expect(both.filter(([a, b]) => a === b)).toEqual([]);
    const [mean1, mean2] = [0, 1].map((which) => momentsOf(both.map((pair) => pair[which])).mean);
    const covariance = momentsOf(both.map(([a, b]) => (a - mean1) * (b - mean2))).mean;
    expect(Math.abs(covariance)).toBeLessThan((4 * (1 / 12)) / Math.sqrt(200)); // 4 standard errors
  });

  test("goes on beyond 2^32 numbers", () => {
    const random = randomStream(0, "test");
    const far = [2 ** 32, 2 ** 32 + 1, 2 ** 40].map((index) => random.bits(index));
    expect(new Set([random.bits(0), random.bits(1), ...far]).size).toBe(5);
  });

  test.each([-1, 0.5, 2 ** 32, NaN, Infinity])("refuses the seed %s", (seed) => {
    expect(() => randomStream(seed, "a")).toThrow("The seed must be a whole number from 0 to 4294967295");
  });

  test("takes the largest seed", () => {
    expect(randomStream(2 ** 32 - 1, "a").bits(0)).not.toBe(randomStream(0, "a").bits(0));
  });
});

// For each bound: the standard deviation of that moment over COUNT draws, times 4.
const rootCount = Math.sqrt(COUNT);

describe("uniform numbers", () => {
  const numbers = draw((random, index) => random.uniform(index));

  test("are multiples of 2^-53 in [0, 1)", () => {
    for (const u of numbers) {
      if (!(u >= 0 && u < 1 && Number.isInteger(u * 2 ** 53))) expect.fail(`${u}`);
    }
    expect(
      numbers.some((u) => !Number.isInteger(u * 2 ** 32)),
      "more than 32 bits",
    ).toBe(true);
  });

  test("have mean 1/2 and variance 1/12", () => {
    const { mean, variance, skewness } = momentsOf(numbers);
    expect(Math.abs(mean - 1 / 2)).toBeLessThan((4 * Math.sqrt(1 / 12)) / rootCount);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan((4 * Math.sqrt(1 / 180)) / rootCount);
    expect(Math.abs(skewness)).toBeLessThan((4 * 1.3) / rootCount);
  });

  test("fill 100 equal parts of [0, 1) equally", () => {
    const counts = Array<number>(100).fill(0);
    for (const u of numbers) counts[Math.floor(u * 100)] += 1;
    expect(chiSquare(counts)).toBeGreaterThan(51); // 99 degrees of freedom: 1 in 100,000 lies outside
    expect(chiSquare(counts)).toBeLessThan(164);
  });
});

describe("normal numbers", () => {
  const numbers = draw((random, index) => random.normal(index));

  test("have mean 0, variance 1, skewness 0, kurtosis 3", () => {
    const { mean, variance, skewness, kurtosis } = momentsOf(numbers);
    expect(Math.abs(mean)).toBeLessThan(4 / rootCount);
    expect(Math.abs(variance - 1)).toBeLessThan((4 * Math.sqrt(2)) / rootCount);
    expect(Math.abs(skewness)).toBeLessThan((4 * Math.sqrt(6)) / rootCount);
    expect(Math.abs(kurtosis - 3)).toBeLessThan((4 * Math.sqrt(24)) / rootCount);
  });

  test("lie within 1, 2 and 3 standard deviations as often as they should", () => {
    for (const [deviations, share] of [
      [1, 0.682689],
      [2, 0.9545],
      [3, 0.9973],
    ]) {
      const found = numbers.filter((value) => Math.abs(value) < deviations).length / COUNT;
      expect(Math.abs(found - share)).toBeLessThan((4 * Math.sqrt(share * (1 - share))) / rootCount);
    }
  });

  test("have no relation to the number before", () => {
    const products = numbers.slice(1).map((value, k) => value * numbers[k]);
    expect(Math.abs(momentsOf(products).mean)).toBeLessThan(4 / rootCount);
  });
});

test("whole numbers below n are equally often each", () => {
  const counts = Array<number>(7).fill(0);
  for (const value of draw((random, index) => random.below(7, index))) counts[value] += 1;
  expect(chiSquare(counts)).toBeLessThan(28); // 6 degrees of freedom: 1 in 10,000 lies above
});

describe("a permutation", () => {
  test.each([0, 1, 2, 3, 10, 1000])("of %i holds every number once", (n) => {
    const order = permutation(n, randomStream(3, "order"));
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, k) => k));
  });

  test("of 4 comes in all 24 orders equally often", () => {
    const counts: Record<string, number> = {};
    for (let seed = 0; seed < 12_000; seed++) {
      const order = permutation(4, randomStream(seed, "order")).join("");
      counts[order] = (counts[order] ?? 0) + 1;
    }
    expect(Object.keys(counts)).toHaveLength(24);
    expect(chiSquare(Object.values(counts))).toBeLessThan(56); // 23 degrees of freedom: 1 in 10,000 lies above
  });

  test("leaves hardly any number in its place", () => {
    const order = permutation(1000, randomStream(3, "order"));
    expect(Array.from(order).filter((value, k) => value === k).length).toBeLessThan(8);
  });
});

describe("many normal numbers at once", () => {
  // below, at and beyond a group of four, what is worth a module, and a call of it
  test.each([
    [3, 0, 1],
    [1024, 0, 1],
    [1027, 4294967295, 0.05],
    [4096, 7, 0.1],
    [50_001, 123456789, Math.SQRT1_2],
  ])("%i numbers, seed %i, are the same bits as one by one", (count, seed, deviation) => {
    for (const data of [Float64Array, Float32Array]) {
      const [together, single] = [new data(count), new data(count)];
      fillNormal(together, seed, "init/conv1.weight", deviation);
      fillOneByOne(single, seed, "init/conv1.weight", deviation);
      expect(Buffer.compare(new Uint8Array(together.buffer), new Uint8Array(single.buffer))).toBe(0);
    }
  });
});
