import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import {
  builtIn,
  chartOf,
  concludeScaling,
  defineModel,
  duration,
  labelledValues,
  measureScaling,
  networkFor,
  onLine,
  type ScalingOptions,
  type Sweep,
  scalingInWords,
  scalingVerdict,
  wrapWords,
} from "../../src/index.js";
import { DOUBLINGS, pointsOf } from "../support/scaling.js";

/*
 * Time against filters, batch size, images and threads: what is measured is the machine's affair, what follows from it isn't.
 */

const small: Omit<ScalingOptions, "sweep" | "values"> = {
  settings: { filters: 2, kernel: 3, batchSize: 8, images: 100, threads: 0 },
  specFor: ({ filters }) => builtIn("one-conv", { filters, input: [1, 8, 8] }),
  optimizer: { type: "sgd" },
  seconds: few(0.005, 0.02),
  repetitions: 3,
};

const stepOf = (filters: number) =>
  defineModel(builtIn("one-conv", { filters, input: [1, 8, 8] })).multiplyAdds.trainingStep;

describe("measuring", () => {
  test.each([
    ["filters", [1, 3, 4], (value: number) => 100 * stepOf(value)],
    ["batch-size", [1, 8, 20], () => 100 * stepOf(2)],
    ["images", [10, 33, 64], (value: number) => value * stepOf(2)],
  ] as const)("%s: a point for each value, with its multiply-adds", async (sweep, values, counted) => {
    const engines: readonly ("wasm" | "reference")[] = ["wasm", "reference"];
    for (const engine of few(sweep === "images" ? engines.slice(1) : engines.slice(0, 1), engines)) {
      const shares: number[] = [];
      const seen: number[] = [];
      const points = await measureScaling({
        ...small,
        sweep,
        values,
        engine,
        onProgress: (share, value) => {
          shares.push(share);
          seen.push(value);
        },
      });

      expect(points.map(({ value }) => value)).toEqual(values);
      for (const point of points) {
        const { value, secondsPerEpoch, fastest, slowest, imagesTimed, multiplyAddsPerEpoch } = point;
        expect(multiplyAddsPerEpoch).toBe(counted(value));
        expect(fastest).toBeGreaterThan(0);
        expect(secondsPerEpoch).toBeGreaterThanOrEqual(fastest);
        expect(slowest).toBeGreaterThanOrEqual(secondsPerEpoch);
        expect(point.gflops).toBeCloseTo((2 * multiplyAddsPerEpoch) / secondsPerEpoch / 1e9, 9);
        const unit = sweep === "images" ? value : sweep === "batch-size" ? value : 8;
        expect(imagesTimed % (3 * unit), "whole batches, or whole epochs").toBe(0);
        expect(imagesTimed).toBeGreaterThan(0);
      }
      // once to warm up, then each in every round
      expect(seen.slice(0, 3)).toEqual(values);
      for (let round = 1; round <= 3; round++) {
        expect(seen.slice(3 * round, 3 * round + 3).sort((a, b) => a - b)).toEqual(values);
      }
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares[0]).toBe(0);
      expect(shares.at(-1)).toBeLessThan(1);
    }
  });

  test("whose turn it is changes from round to round, and follows from the seed", async () => {
    const turns = async (seed: number) => {
      const seen: number[] = [];
      const values = [1, 2, 3, 4, 5, 6];
      const onProgress = (_: number, value: number) => seen.push(value);
      await measureScaling({ ...small, sweep: "images", values, seed, seconds: 1e-3, onProgress });
      return seen.slice(values.length).join();
    };
    const first = await turns(0);
    expect(await turns(0)).toBe(first);
    expect(await turns(1)).not.toBe(first);
    const [a, b] = [first.slice(0, 11), first.slice(12, 23)];
    expect(a).not.toBe(b);
  });

  test("kernels: all have equally many places, so that only their weights are more", async () => {
    const points = await measureScaling({
      sweep: "kernel",
      values: [1, 3, 5],
      settings: { ...small.settings, filters: 1 },
      optimizer: { type: "sgd" },
      seconds: 1e-3,
      repetitions: 1,
    });
    const dense = 3 * 10 * 14 * 14;
    expect(points.map(({ multiplyAddsPerEpoch }) => multiplyAddsPerEpoch)).toEqual(
      [1, 9, 25].map((weights) => 100 * (2 * 28 * 28 * weights + dense)),
    );
    expect(networkFor("filters")(small.settings)).toEqual(builtIn("one-conv", { filters: 2 }));
  });

  test("after each round there is what was measured so far", async () => {
    const rounds: [number, number, number[]][] = [];
    const points = await measureScaling({
      ...small,
      sweep: "filters",
      values: [1, 2],
      onRound: (soFar, round) => rounds.push([round, soFar[0].imagesTimed, soFar.map(({ value }) => value)]),
    });
    const each = points[0].imagesTimed / 3;
    expect(rounds).toEqual([1, 2, 3].map((round) => [round, round * each, [1, 2]]));
  });

  test("an abort is heard", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(measureScaling({ ...small, sweep: "filters", values: [1, 2], signal })).rejects.toThrow(
      "enough",
    );
    const controller = new AbortController();
    const late = measureScaling({
      ...small,
      sweep: "filters",
      values: [1, 2],
      seconds: 600,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error("enough now")), 50);
    await expect(late).rejects.toThrow("enough now");
  });

  test.each([[[]], [[3]], [[2, 1]], [[1, 1]], [[0, 1]], [[1, 2.5]]])(
    "values %j are refused",
    async (values) => {
      await expect(measureScaling({ ...small, sweep: "filters", values })).rejects.toThrow(/values/);
    },
  );
});

describe("what follows", () => {
  test("a line with an offset: its numbers, the exponent of the larger values, an exponential far off", () => {
    const points = pointsOf(DOUBLINGS, (value) => 0.5 + 0.25 * value);
    const conclusion = concludeScaling("filters", points);

    expect(conclusion.line).toMatchObject({ over: "value", largestError: expect.closeTo(0, 9) });
    expect(conclusion.line.offset).toBeCloseTo(0.5, 9);
    expect(conclusion.line.slope).toBeCloseTo(0.25, 9);
    expect(onLine(conclusion, 40)).toBeCloseTo(10.5, 9);
    expect(conclusion.power).toMatchObject({ from: 8, to: 64, exponent: expect.closeTo(0.91, 2) });
    expect(conclusion.exponential?.base).toBeCloseTo(1 / 0.75, 9);
    expect(conclusion.exponential?.predicted).toBeCloseTo(0.75 * (4 / 3) ** 63, 3);
    expect(scalingInWords("filters", points, conclusion)).toEqual([
      "Twice the filters take 1.88 times as long: a straight line (exponent 0.91 from 8 to 64).",
      "An epoch takes 0.50 s, and 0.25 s more for each filter; the line is off by 0% at most.",
      "An exponential through the first two points (1 and 2 filters) predicts 1.8 years for 64; measured: 16.5 s.",
    ]);
  });

  test("time that does grow exponentially is not called a line", () => {
    const points = pointsOf([1, 2, 3, 4, 6, 8], (value) => 0.01 * 2 ** value);
    const conclusion = concludeScaling("filters", points);
    expect(conclusion.exponential?.base).toBeCloseTo(2, 9);
    expect(conclusion.line.largestError).toBeGreaterThan(0.3);
    const [growth, ...rest] = scalingInWords("filters", points, conclusion);
    expect(growth).toMatch(/more than in proportion/);
    expect(rest.at(-1)).toMatch(
      /predicts 2\.56 s for 8; measured: 2\.56 s\. As far as was measured, time grows exponentially\.$/,
    );
  });

  test.each([
    ["proportion", (value: number) => value, /: a straight line \(exponent 1\.00/],
    ["a square", (value: number) => value ** 2, /^Twice the filters take 4\.00 .* more than in proportion/],
    ["a root", (value: number) => value ** 0.5, /^Twice the filters take 1\.41 .* less than in proportion/],
  ])("%s is named", (_, seconds, sentence) => {
    const points = pointsOf(DOUBLINGS, seconds);
    expect(scalingInWords("filters", points, concludeScaling("filters", points))[0]).toMatch(sentence);
  });

  test("threads: the share that is not divided comes back", () => {
    const points = pointsOf([1, 2, 4, 8], (threads) => 3 + 9 / threads);
    const conclusion = concludeScaling("threads", points);
    expect(conclusion.line).toMatchObject({
      over: "reciprocal",
      offset: expect.closeTo(3, 9),
      slope: expect.closeTo(9, 9),
    });
    expect(conclusion.exponential).toBeUndefined();
    expect(scalingInWords("threads", points, conclusion)[1]).toMatch(/^About 25% of the work of one thread/);
  });

  test("batches: the share that each costs by itself comes back", () => {
    const points = pointsOf([1, 2, 4, 8, 16], (size) => 1 + 4 / size);
    const words = scalingInWords("batch-size", points, concludeScaling("batch-size", points));
    expect(words[0]).toMatch(
      /^Batches twice as large take 0\.\d\d times as long \(exponent -0\.\d\d from 2 to 16\)\.$/,
    );
    expect(words[1]).toMatch(
      /^Of an epoch in single images, 80% of the time is spent on each batch however few/,
    );
  });

  test("kernels: a line over the number of weights", () => {
    const points = pointsOf([1, 3, 5, 7], (size) => 2 + 0.5 * size * size);
    const conclusion = concludeScaling("kernel", points);
    expect(conclusion.line).toMatchObject({ over: "square", offset: expect.closeTo(2, 9) });
    expect(conclusion.line.slope).toBeCloseTo(0.5, 9);
    expect(onLine(conclusion, 9)).toBeCloseTo(42.5, 9);
    expect(scalingInWords("kernel", points, conclusion)).toEqual([
      "A kernel twice as high and wide takes 2.27 times as long (exponent 1.18 from 1 to 7; its weights are 4 times as many).",
      "An epoch takes 2.00 s, and 0.50 s more for each weight of a kernel; the line is off by 0% at most.",
      "An exponential through the first two points (1 and 3 as kernel size) predicts 43.9 s for 7; measured: 26.5 s. Over so short a range a straight line and an exponential look alike: measure larger values, too, to see which it is.",
    ]);
  });

  test("a second point that is no slower has no exponential, and that is said", () => {
    const points = pointsOf([1, 2, 4], (value) => (value === 2 ? 1 : value));
    const conclusion = concludeScaling("filters", points);
    expect(conclusion.exponential).toBeUndefined();
    expect(scalingInWords("filters", points, conclusion).at(-1)).toBe(
      "No exponential grows through the first two points: 2 filters take no longer than 1.",
    );
  });

  test("two points are enough for a line, and not for an exponential", () => {
    const points = pointsOf([1, 8], (value) => value);
    const conclusion = concludeScaling("images", points);
    expect(conclusion.power).toMatchObject({ exponent: expect.closeTo(1, 9), from: 1, to: 8 });
    expect(conclusion.exponential).toBeUndefined();
  });

  test("repetitions that differ much are reported", () => {
    const said = (spread: number) => {
      const points = pointsOf(DOUBLINGS, (value) => value, spread);
      return scalingInWords("filters", points, concludeScaling("filters", points)).join(" ");
    };
    expect(said(0.5)).toContain("repetitions of one point differ up to 3.0 times");
    expect(said(0.1)).not.toContain("disturbed");
  });
});

describe("the verdict", () => {
  const verdict = (
    sweep: Sweep,
    values: readonly number[],
    seconds: (value: number) => number,
    spread = 0.05,
  ) => {
    const points = pointsOf(values, seconds, spread);
    return scalingVerdict(sweep, points, concludeScaling(sweep, points));
  };

  test("a line, and by how much an exponential is off", () => {
    expect(verdict("filters", DOUBLINGS, (value) => 0.5 + 0.25 * value)).toEqual({
      fits: "line",
      lineOff: expect.closeTo(1, 9),
      exponentialOff: expect.closeTo((0.75 * (4 / 3) ** 63) / 16.5, 3),
      sentence:
        "From 1 to 64 filters time grew 22 times: a straight line is off by 0% at most, and an exponential through the first two points is off by 3 x 10^6 times.",
    });
  });

  test("an exponential, if it is one", () => {
    const found = verdict("filters", [1, 2, 4, 8], (value) => 0.01 * 2 ** value);
    expect(found.fits).toBe("exponential");
    expect(found.sentence).toMatch(
      /: an exponential through the first two points is exact, and a straight line is .* exponential growth\.$/,
    );
  });

  test("both, where the points lie too near to each other", () => {
    const found = verdict("filters", [1, 2, 3], (value) => 1 + 0.1 * value);
    expect(found.fits).toBe("both");
    expect(found.sentence).toMatch(/can't tell the two apart; go further\.$/);
  });

  test("neither, where time does something else", () => {
    const found = verdict("filters", DOUBLINGS, (value) => value ** 3);
    expect(found.fits).toBe("neither");
    expect(found.sentence).toMatch(/ Nearer is a straight line\. Measure again/);
  });

  test("repetitions that differ much count as noise, not as another curve", () => {
    const bent = (value: number) => value * (value === 8 ? 1.5 : 1);
    expect(verdict("filters", DOUBLINGS, bent, 0.01).fits).toBe("neither");
    expect(verdict("filters", DOUBLINGS, bent, 0.5).fits).toBe("line");
  });

  test.each([
    [
      "kernel",
      (value: number) => 1 + value ** 2,
      /^From kernels of 1×1 to 8×8 time grew 33 times: a line over/,
    ],
    ["batch-size", (value: number) => 1 + 9 / value, /^From 1 to 8 images in a batch time fell to 0\.21 of/],
    ["threads", (value: number) => 3 + 9 / value, /threads time fell to 0\.34 of .* off by 0% at most\.$/],
  ] as const)("%s have curves of their own", (sweep, seconds, sentence) => {
    const found = verdict(sweep, [1, 2, 4, 8], seconds);
    expect(found).toMatchObject({ fits: "line", lineOff: expect.closeTo(1, 9) });
    expect(found.sentence).toMatch(sentence);
  });
});

describe("the chart", () => {
  const chart = (sweep: Sweep, values: readonly number[], seconds: (value: number) => number) => {
    const points = pointsOf(values, seconds);
    return { points, ...chartOf(sweep, points, concludeScaling(sweep, points)) };
  };

  test.each([
    [1e-5, "milliseconds", 1e-3],
    [0.0123, "seconds", 1],
    [0.4, "seconds", 1],
    [1, "seconds", 1],
    [9.99, "seconds", 1],
    [10, "seconds", 1],
    [10_000, "seconds", 1],
    [2e8, "hours", 3600],
  ])(
    "up to %f s: all is inside, the axis has round numbers of %s that its labels say",
    (longest, name, length) => {
      const { points, height, ticks, unit } = chart("filters", DOUBLINGS, (value) => (longest * value) / 64);
      expect(unit).toBe(name);
      for (const { slowest } of points) expect(height(slowest)).toBeLessThanOrEqual(1);
      expect(height(longest)).toBeGreaterThan(0.6);
      expect(ticks.length).toBeGreaterThanOrEqual(4);
      expect(ticks.length).toBeLessThanOrEqual(7);
      for (const { seconds, label } of ticks) {
        expect((Number(label) * length) / longest).toBeCloseTo(seconds / longest, 10);
        expect(label.length).toBeLessThan(7);
      }
      expect(height(ticks.at(-1)?.seconds ?? 0)).toBeCloseTo(1, 12);
    },
  );

  test("filters lie in proportion, threads a step apart for each doubling; places lead back to values", () => {
    const filters = chart("filters", DOUBLINGS, (value) => value);
    expect(DOUBLINGS.map(filters.place)).toEqual(DOUBLINGS.map((value) => value / 64));
    const threads = chart("threads", [1, 2, 4], (value) => 1 / value);
    expect([1, 2, 4].map(threads.place)).toEqual([0, 0.5, 1]);
    for (const { place, valueAt } of [filters, threads]) expect(place(valueAt(0.3))).toBeCloseTo(0.3, 12);
  });

  test("labels keep their distance, the largest value has one", () => {
    const { points, place, ...rest } = chart("filters", DOUBLINGS, (value) => value);
    const labelled = labelledValues({ place, ...rest }, points, 0.05);
    expect(labelled).toEqual([4, 8, 16, 32, 64]);
  });
});

test.each([
  [0.0000042, "0.0042 ms"],
  [0.0042, "4.2 ms"],
  [0.0949, "95 ms"],
  [0.42, "0.42 s"],
  [9.999, "10.0 s"],
  [14.2, "14.2 s"],
  [99.96, "1 min 40 s"],
  [185, "3 min 05 s"],
  [3720, "1 h 02 min"],
  [86_399, "1.0 days"],
  [276_480, "3.2 days"],
  [41 * 31_557_600, "41 years"],
  [2.1e6 * 31_557_600, "2.1 million years"],
  [3e12 * 31_557_600, "3 x 10^12 years"],
  [Infinity, "more years than a number can hold"],
])("%f seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("a text is wrapped between words", () => {
  expect(wrapWords("  one two three four", 10)).toEqual(["  one two", "  three", "  four"]);
  expect(wrapWords("incomprehensibilities are long", 10)).toEqual(["incomprehensibilities", "are long"]);
});
