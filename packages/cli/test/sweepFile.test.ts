import { describe, expect, test } from "vitest";
import { expectSentence } from "../../../test/support/sentence.js";
import { importances } from "../src/commands/sweep/importance.js";
import { type Sweep, sweepOf } from "../src/commands/sweep/sweepFile.js";
import { configurationsOf, rungsOf, survivors, trialsOf } from "../src/commands/sweep/trial.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { writeSweep } from "./support/sweeps.js";

/* sweep.json: what it may say, and which trials follow from it. */

const scratch = scratchFolder();

const valuesOf = (sweep: Sweep) => [...configurationsOf(sweep)].map(({ values }) => Object.values(values));

test("a grid has all combinations, each with each seed", () => {
  const sweep = sweepOf({ vary: { filters: [4, 8], optimizer: ["sgd", "adam", null], seed: [0, 7] } });
  const configurations = [...configurationsOf(sweep)];
  const [rung] = rungsOf(sweep.search, sweep.epochs);
  const trials = configurations.flatMap((one) => trialsOf(sweep, one, rung));

  expect(valuesOf(sweep)).toEqual([
    [4, "sgd"],
    [4, "adam"],
    [4, null],
    [8, "sgd"],
    [8, "adam"],
    [8, null],
  ]);
  expect(trials.map(({ id }) => id).slice(0, 3)).toEqual(["1-s0", "1-s7", "2-s0"]);
  expect(trials.map(({ words }) => words.join(" "))).toContain("--validation 0.1 --filters=8 --seed=7");
});

test("a budget smaller than the grid takes so many of it by chance, none twice, and the same again", () => {
  const vary = { filters: [1, 2, 3, 4, 5, 6, 7, 8, 9], "batch-size": [1, 2, 4, 8] };
  const sample = (seed: number) => valuesOf(sweepOf({ vary, budget: { trials: 10 }, seed }));

  expect(sample(3)).toHaveLength(10);
  expect(new Set(sample(3).map(String)).size).toBe(10);
  expect(sample(3)).toEqual(sample(3));
  expect(sample(3)).not.toEqual(sample(4));
});

describe("ranges", () => {
  const all = (range: unknown) => valuesOf(sweepOf({ vary: { "learning-rate": range } })).flat();
  const draws = (range: unknown) =>
    valuesOf(
      sweepOf({ vary: { "learning-rate": range }, search: "random", budget: { trials: 400 } }),
    ).flat() as number[];

  test("with step or count are lists", () => {
    expect(all({ from: 0.1, to: 0.5, step: 0.1 })).toEqual([0.1, 0.2, 0.3, 0.4, 0.5]);
    expect(all({ from: 1, to: 10, step: 4 })).toEqual([1, 5, 9]);
    expect(all({ from: 1, to: 3, count: 5 })).toEqual([1, 1.5, 2, 2.5, 3]);
    expect(all({ from: 1e-4, to: 0.1, scale: "log", count: 4 })).toEqual([1e-4, 1e-3, 0.01, 0.1]);
    expect(all({ from: 1, to: 4, count: 9, whole: true })).toEqual([1, 2, 3, 4]);
  });

  test("without them are drawn from, each part as likely", () => {
    const linear = draws({ from: 1, to: 5 });
    const log = draws({ from: 1e-4, to: 1, scale: "log" });
    const whole = draws({ from: 3, to: 6, whole: true });
    const shareBelow = (numbers: readonly number[], limit: number) =>
      numbers.filter((value) => value < limit).length / numbers.length;

    expect(Math.min(...linear) >= 1 && Math.max(...linear) <= 5).toBe(true);
    expect(shareBelow(linear, 3)).toBeCloseTo(0.5, 1);
    expect(shareBelow(log, 0.01)).toBeCloseTo(0.5, 1);
    expect([...new Set(whole)].sort()).toEqual([3, 4, 5, 6]);
    for (const value of [3, 4, 5, 6]) {
      expect(whole.filter((one) => one === value).length / 400).toBeCloseTo(0.25, 1);
    }
  });

  test("a configuration doesn't depend on how many there are, nor on the other options", () => {
    const range = { from: 1e-4, to: 1, scale: "log" };
    const of = (vary: object, trials: number) =>
      [...configurationsOf(sweepOf({ vary, search: "random", budget: { trials } }))].map(
        ({ values }) => values["learning-rate"],
      );
    const ten = of({ "learning-rate": range }, 10);

    expect(of({ "learning-rate": range }, 20).slice(0, 10)).toEqual(ten);
    expect(of({ filters: [1, 2], "learning-rate": range }, 10)).toEqual(ten);
  });
});

test("halving's rungs end after factor times as many epochs, and the best third goes on", () => {
  const ends = (search: object, epochs: number) =>
    rungsOf(
      sweepOf({ train: `--epochs ${epochs}`, vary: { filters: [1] }, search: { type: "halving", ...search } })
        .search,
      epochs,
    ).map((rung) => rung.epochs);
  expect(ends({}, 9)).toEqual([1, 3, 9]);
  expect(ends({ factor: 4, from: 2 }, 20)).toEqual([2, 8, 20]);
  expect(ends({ from: 5 }, 5)).toEqual([5]);

  const scores = [0.5, 0.9, undefined, 0.9, 0.7, 0.1, 0.2];
  const chosen = survivors(
    scores.map((_, k) => ({ number: k + 1 })),
    3,
    ({ number }) => {
      const accuracy = scores[number - 1];
      return accuracy === undefined ? undefined : { accuracy, loss: number === 4 ? 0.1 : 0.2 };
    },
  );
  expect(chosen.map(({ number }) => number)).toEqual([4, 2]); // among equals the smaller loss
});

test("an option's share is eta squared of its groups", () => {
  // by hand: all have mean 0.5; between filters' groups 4 * 0.1^2 = 0.04 of 0.05 in all
  const trials = [
    { values: { filters: 1, clip: null }, accuracy: 0.35 },
    { values: { filters: 1, clip: 2 }, accuracy: 0.45 },
    { values: { filters: 2, clip: null }, accuracy: 0.55 },
    { values: { filters: 2, clip: 2 }, accuracy: 0.65 },
  ];
  const [filters, clip] = importances(trials);

  expect([filters.name, clip.name]).toEqual(["filters", "clip"]);
  expect(filters.share).toBeCloseTo(0.8, 12);
  expect(clip.share).toBeCloseTo(0.2, 12);
  expect(filters.groups[0]).toMatchObject({ values: "2", count: 2 });
});

describe("what can't be tried is refused in a sentence", () => {
  const vary = { filters: [1, 2] };
  test.each<[string, unknown, RegExp]>([
    ["no object", [], /must be an object/],
    ["an unknown key", { vary, serach: "grid" }, /unknown key "serach" \(did you mean "search"\?\)/],
    ["nothing that varies", {}, /vary must say which options vary/],
    ["an unknown option", { vary: { filter: [1] } }, /vary\.filter: .* \(did you mean filters\?\)/],
    ["an option twice", { train: "--filters 3", vary }, /--filters stands in train, too/],
    [
      "a value that train refuses",
      { vary: { optimizer: ["sgd", "adma"] } },
      /vary\.optimizer\[1\]: .*did you mean adam/,
    ],
    [
      "an end that train refuses",
      { vary: { momentum: { from: 0, to: 2, count: 3 } } },
      /vary\.momentum\[1\]: --momentum/,
    ],
    ["a flag with a value", { vary: { nesterov: [3] } }, /--nesterov takes no value/],
    ["a value for a flag", { vary: { filters: [true] } }, /--filters takes a value/],
    ["an empty list", { vary: { filters: [] } }, /from 1 to 10000 values/],
    ["a value twice", { vary: { filters: [1, 2, 1] } }, /has 1 twice/],
    [
      "a range the wrong way round",
      { vary: { clip: { from: 2, to: 1, count: 2 } } },
      /the first below the second/,
    ],
    [
      "a logarithmic range from 0",
      { vary: { clip: { from: 0, to: 1, scale: "log", count: 2 } } },
      /begin above 0/,
    ],
    ["an endless grid", { vary: { clip: { from: 1, to: 2 } } }, /a grid needs "count" or "step"/],
    ["a huge range", { vary: { clip: { from: 1, to: 1e9, step: 1 } } }, /more than 10000/],
    [
      "a huge grid",
      {
        vary: Object.fromEntries(
          ["clip", "ema", "momentum", "label-smoothing"].map((name) => [
            name,
            { from: 0.01, to: 0.99, count: 40 },
          ]),
        ),
      },
      /more than 1000000 configurations/,
    ],
    ["random without an end", { vary, search: "random" }, /needs a budget/],
    ["a budget below the seeds", { vary: { ...vary, seed: [0, 1, 2] }, budget: { trials: 2 } }, /at least 3/],
    ["an unknown search", { vary, search: "bayes" }, /search must be "grid", "random" or "halving"/],
    ["halving of epochs", { vary: { epochs: [1, 2] }, search: "halving" }, /halving chooses how long/],
    [
      "halving with patience",
      { train: "--patience 2", vary, search: "halving" },
      /--patience goes with grid/,
    ],
    ["no validation images", { train: "--validation 0", vary }, /--validation can't be 0/],
    ["threads", { train: ["--threads", "4"], vary }, /does without --threads: each trial has one thread/],
    ["an output", { train: "--out a.safetensors", vary }, /does without --out/],
    ["help", { train: "--help", vary }, /--help is for people/],
    ["a stray word", { train: "train fast", vary }, /takes options only, not "fast"/],
    [
      "seeds without end",
      { vary: { seed: { from: 0, to: 9, whole: true } }, search: "random", budget: { trials: 9 } },
      /vary\.seed must be a list/,
    ],
  ])("%s", (_, sweep, message) => {
    expect(() => sweepOf(sweep)).toThrow(message);
    try {
      sweepOf(sweep);
    } catch (error) {
      const { message: said } = error as Error;
      expectSentence(said[0].toUpperCase() + said.slice(1));
    }
  });

  test("by the command, with the file's name and exit code 2", async () => {
    const file = await writeSweep(scratch("bad.json"), { vary: { filter: [1] } });
    expectRefusal(await unravel(["sweep", file]), 2, /bad\.json: vary\.filter: /);
    expectRefusal(await unravel(["sweep", scratch("none.json")]), 2, /none\.json/);
    expectRefusal(await unravel(["sweep", file, "--out", "x.json"]), 2, /ends in \.ndjson/);
    expectRefusal(
      await unravel(["sweep", file, "--jobs", "2", "--redis", "redis://x"]),
      2,
      /--jobs is for trials on this/,
    );
    expectRefusal(await unravel(["worker", "--redis", "http://x"]), 2, /redis:\/\/localhost:6379/);
  });
});

test("--plan says what would be tried", async () => {
  const file = await writeSweep(scratch("plan.json"), {
    train: "unravel train --model 'my net.json' --epochs 9",
    vary: { "learning-rate": { from: 0.01, to: 0.1, scale: "log" }, seed: [4] },
    search: { type: "halving" },
    budget: { trials: 9 },
  });
  const { stdout } = await succeed(["sweep", file, "--plan"]);

  expect(stdout).toContain("rungs end after 1, 3, 9 epochs");
  expect(
    stdout.match(/^\d-s4-r1 {2}unravel train --model 'my net\.json' .*--learning-rate=0\.\d+ --seed=4$/gm),
  ).toHaveLength(9);
});
