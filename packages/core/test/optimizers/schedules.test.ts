import { describe, expect, test } from "vitest";
import { learningRateAt, type Schedule, schedules } from "../../src/optimizers/schedules.js";
import { expectWithin } from "../support/compare.js";
import { readGolden } from "../support/goldenFile.js";

interface Case {
  readonly name: string;
  readonly schedule: Schedule;
  readonly peak: number;
  readonly steps: number;
}

const { about, tensors } = readGolden<{ readonly cases: readonly Case[] }>("schedules");

function rates({ schedule, peak, steps }: Case): Float64Array {
  return Float64Array.from({ length: steps }, (_, step) => learningRateAt(schedule, peak, step, steps));
}

// PyTorch's cosine multiplies each rate by a factor to get the next, so that its own error grows with the steps.
test.each(about.cases)("$name: every step's rate is PyTorch's", (one) => {
  const golden = tensors[one.name].data;
  expect(golden.length).toBe(one.steps);
  expectWithin(one.name, rates(one), golden, 1e-14 * one.peak);
});

test("every schedule has golden rates, from 1 step to hundreds", () => {
  for (const schedule of schedules) {
    const steps = about.cases.filter((one) => one.schedule === schedule).map((one) => one.steps);
    expect(Math.min(...steps), schedule).toBe(1);
    expect(Math.max(...steps), schedule).toBeGreaterThan(100);
  }
});

describe("at any number of steps, rates are above 0 and at most the peak", () => {
  test.each(schedules)("%s", (schedule) => {
    for (let steps = 1; steps <= 60; steps++) {
      const all = rates({ name: "", schedule, peak: 0.1, steps });
      expect(Math.min(...all), `${steps} steps`).toBeGreaterThan(0);
      expect(Math.max(...all), `${steps} steps`).toBeLessThanOrEqual(0.1 * (1 + 1e-15));
    }
  });
});
