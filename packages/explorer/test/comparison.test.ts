import { describe, expect, test } from "vitest";
import { lossChart, namesOf } from "../src/training/comparison.js";
import { Curve } from "../src/training/curve.js";
import type { Run } from "../src/training/run.js";
import { defaults, type Settings } from "../src/training/settings.js";

/*
 * Curves of trainings, one alone and several over each other.
 */

const settings = (some: Partial<Settings>): Settings => ({ ...defaults, ...some });

test("a curve keeps its first points, and has a bounded number of later ones, their means", () => {
  const curve = new Curve();
  for (let k = 0; k < 10_000; k++) {
    curve.add(k, k % 2);
    if (k === 50) expect(curve.points).toHaveLength(51);
  }
  curve.add(1, Number.NaN);
  expect(curve.points.length).toBeLessThanOrEqual(Curve.MOST);
  expect(curve.points.length).toBeGreaterThan(Curve.MOST / 4);
  expect(curve.points.slice(0, Curve.FIRST)).toEqual(
    Array.from({ length: Curve.FIRST }, (_, k) => [k, k % 2]),
  );
  for (const [, y] of curve.points.slice(Curve.FIRST)) expect(y).toBe(0.5);
  curve.add(10_000, 7);
  expect(curve.points.at(-1)?.[1]).toBeGreaterThan(0.5); // what was added last is there at once
});

describe("trainings over each other", () => {
  const run = (some: Partial<Settings>, colour = 0, files = ""): Run => ({
    settings: settings(some),
    files,
    colour,
    steps: 2,
    total: 4,
    curves: {
      loss: [
        [1, 2.3],
        [2, 1],
      ],
      accuracy: [[1, 0.1]],
      validationLoss: [[0, 2.4]],
      validationAccuracy: [],
      testLoss: [[2, 1.1]],
      testAccuracy: [],
    },
  });

  test("are named by what differs, and by nothing else", () => {
    const names = (...all: Partial<Settings>[]) => namesOf(all.map((some) => run(some)));
    expect(names({})).toEqual([""]);
    expect(names({ learningRate: 0.01 }, { learningRate: 0.1 })).toEqual([
      "learning rate 0.01",
      "learning rate 0.1",
    ]);
    expect(names({ seed: 4 }, { seed: 4, filters: 1, optimizer: "sgd" }, { seed: 4 })).toEqual([
      "8 filters, Adam",
      "1 filter, SGD",
      "8 filters, Adam",
    ]);
    expect(names({}, { learningRate: 0.1, schedule: "constant" })).toEqual([
      "usual learning rate, the rate rises, then falls",
      "learning rate 0.1, the rate stays the same",
    ]);
    // every setting can be what differs
    const others: Partial<Settings> = {
      data: "mnist",
      images: 7,
      validation: 3,
      filters: 2,
      kernel: 5,
      filters2: 4,
      units: 9,
      optimizer: "sgd",
      learningRate: 0.5,
      schedule: "cosine",
      batchSize: 3,
      epochs: 1,
      network: "lenet5",
      augment: true,
      engine: "auto",
      seed: 6,
    };
    expect(Object.keys(others).sort()).toEqual(Object.keys(defaults).sort());
    for (const [name, value] of Object.entries(others)) {
      const [usual, other] = names({}, { [name]: value });
      expect(usual).not.toBe(other);
      expect(other).toMatch(/^[^,]+$/);
    }
    expect(namesOf([run({ data: "files" }, 0, "a"), run({ data: "files" }, 1, "b")])).toEqual([
      "files 1",
      "files 2",
    ]);
  });

  test("one alone: in training, set aside, and the test at the end as a mark; several: a colour each, a name each", () => {
    const alone = lossChart([run({})]).series;
    expect(alone.map(({ name }) => name)).toEqual(["in training", "set aside", "test images, at the end"]);
    expect(alone[2]).toMatchObject({ marks: true, line: false, points: [[2, 1.1]] });
    const { series, summary } = lossChart([run({ filters: 2 }), run({ filters: 4 }, 3)]);
    expect(series.filter(({ unnamed }) => !unnamed).map(({ name, colour }) => [name, colour])).toEqual([
      ["2 filters", "run0"],
      ["4 filters", "run3"],
    ]);
    expect(series).toHaveLength(6);
    expect(summary).toMatch(/^Loss over 4 steps: 2 filters: 1 in training, .*; 4 filters: 1 in training, /);
  });

  test("a loss that shoots up leaves the picture", () => {
    const wild = run({});
    const loss = [...wild.curves.loss, [3, 900] as const];
    expect(lossChart([run({ seed: 1 }), { ...wild, curves: { ...wild.curves, loss } }]).y.to).toBeCloseTo(
      3.6,
    );
    expect(lossChart([wild]).y.to).toBeUndefined();
  });
});
