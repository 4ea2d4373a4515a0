import type { Page } from "playwright-core";
import {
  checkArrays,
  defineModel,
  drawPair,
  formatNpz,
  initialParameters,
  knownMistakes,
  loadBatch,
  type Model,
  type NamedTensors,
  parseNpz,
  type Trace,
  tensorsOf,
  trace,
} from "unravel-cnn";
import { describe, expect, test, vi } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few, sampleOf } from "../../../test/support/long.js";
import { type Course, moved, outcomeOf, withReport } from "../src/broken/course.js";
import { labSpec, STEPS } from "../src/broken/experiment.js";
import { type LabMistake, mistakeNamed, mistakes } from "../src/broken/mistakes.js";
import { brokenFrom, brokenWords, usualBroken } from "../src/broken/settings.js";
import { lesson, whatIsSeen } from "../src/broken/words.js";
import { DRAWER, violations } from "./support/axe.js";
import { visit } from "./support/visit.js";

/*
 * Break it: each mistake changes what it says and nothing else, and is the one that `unravel check` knows by its name.
 */

const named = (name: string) => mistakeNamed(name) as LabMistake;
const right = defineModel(labSpec);
const SEED = 3;
const COUNT = 4;

/** Images of noise, in which no two gradients are equal by chance; a stream of its own for each. */
function stepOf(model: Model, parameters: NamedTensors = initialParameters(right, SEED)): Trace {
  let state = 12345;
  const bytes = Uint8Array.from({ length: COUNT * 28 * 28 }, () => {
    state = (1103515245 * state + 12345) % 2 ** 31;
    return state >> 16;
  });
  const x = loadBatch(bytes, [1, 28, 28], [0, 1, 2, 3], model.normalize, "float64");
  return trace(model, parameters, x, [3, 1, 4, 1]);
}

const rightStep = stepOf(right);
const brokenStep = (name: string) => stepOf(named(name).change.model?.(right) ?? right);
const gradients = right.parameters.map(({ fullName }) => `grad.${fullName}`);

/** The names of the tensors that differ, but for rounding. */
function differing({ tensors }: Trace, from: Trace = rightStep): string[] {
  return Object.keys(tensors).filter((name) =>
    tensors[name].data.some(
      (value, k) => Math.abs(value - from.tensors[name].data[k]) > 1e-9 * (1 + Math.abs(value)),
    ),
  );
}

/** Not a number, if one of them is none. */
const largest = (numbers: Trace["tensors"][string]["data"]) =>
  Array.from(numbers).reduce((a, b) => Math.max(a, b));

function expectTimes(step: Trace, names: readonly string[], factor: number): void {
  for (const name of names) {
    const expected = rightStep.tensors[name].data;
    // one expectation for all numbers: one for each of them takes a second
    const errors = step.tensors[name].data.map((value, k) => Math.abs(value - factor * expected[k]));
    expect(errors, name).toHaveLength(expected.length);
    expect(largest(errors), name).toBeLessThan(5e-10);
  }
}

describe("in a layer, each mistake changes what it says and nothing else:", () => {
  test.each([
    ["batch-mean-left-out", COUNT],
    ["gradient-added", -1],
  ])("%s: all gradients behind the loss, times %d", (name, factor) => {
    const step = brokenStep(name);
    expect(differing(step).every((one) => one.startsWith("grad."))).toBe(true);
    expectTimes(step, [...gradients, "grad.conv1.out", "grad.x"], factor);
    expectTimes(step, ["grad.fc1.out", "probs"], 1);
  });

  test("batch-overwritten: parameters get the gradient of the last image alone", () => {
    const step = brokenStep("batch-overwritten");
    expect(differing(step)).toEqual(expect.arrayContaining(gradients));
    expect(differing(step).every((name) => gradients.includes(name))).toBe(true);
    const g = rightStep.tensors["grad.fc1.out"];
    expect([...step.tensors["grad.fc1.bias"].data]).toEqual([...g.data.slice(3 * 10)]);
    const [weight, x] = [step.tensors["grad.fc1.weight"], rightStep.tensors["flatten1.out"]];
    for (const [o, k] of [
      [0, 5],
      [7, 100],
    ])
      expect(weight.data[o * 128 + k]).toBeCloseTo(g.data[30 + o] * x.data[3 * 128 + k], 12);
  });

  test("positions-overwritten: kernels get the product at the last position of the last image", () => {
    const step = brokenStep("positions-overwritten");
    expect(differing(step).sort()).toEqual(gradients.filter((name) => name.includes("conv")).sort());
    const g = rightStep.tensors["grad.conv1.out"]; // [4, 4, 12, 12]
    const { x } = rightStep.tensors;
    for (let o = 0; o < 4; o++) {
      const last = g.data[((3 * 4 + o) * 12 + 11) * 12 + 11];
      expect(step.tensors["grad.conv1.bias"].data[o]).toBe(last);
      for (const [u, v] of [
        [0, 0],
        [4, 2],
      ]) {
        const pixel = x.data[(3 * 28 + 22 + u) * 28 + 22 + v];
        expect(step.tensors["grad.conv1.weight"].data[o * 25 + u * 5 + v]).toBeCloseTo(last * pixel, 12);
      }
    }
  });

  test("kernel-gradient-flipped: each kernel's gradient in reverse order", () => {
    const step = brokenStep("kernel-gradient-flipped");
    expect(differing(step)).toEqual(expect.arrayContaining(["grad.conv1.weight", "grad.conv2.weight"]));
    expect(differing(step)).toHaveLength(2);
    for (const [name, size] of [
      ["grad.conv1.weight", 25],
      ["grad.conv2.weight", 9],
    ] as const) {
      const expected = rightStep.tensors[name].data;
      for (let from = 0; from < expected.length; from += size) {
        const kernel = [...step.tensors[name].data.slice(from, from + size)];
        expect(kernel).toEqual([...expected.slice(from, from + size)].reverse());
      }
    }
  });

  test("kernel-not-flipped-backward: only what is in front of a convolution feels it", () => {
    const step = brokenStep("kernel-not-flipped-backward");
    const before = [
      "grad.x",
      "grad.conv1.out",
      "grad.relu1.out",
      "grad.pool1.out",
      "grad.conv1.weight",
      "grad.conv1.bias",
    ];
    expect(differing(step).sort()).toEqual(before.sort());
    // a corner of the second convolution's input met one weight of each kernel: the first, and not the last
    const [g, w] = [rightStep.tensors["grad.conv2.out"], rightStep.tensors["conv2.weight"]];
    let sum = 0;
    for (let o = 0; o < 8; o++) sum += g.data[o * 16] * w.data[(o * 4 + 1) * 9 + 8];
    expect(step.tensors["grad.pool1.out"].data[36]).toBeCloseTo(sum, 12);
  });

  test("kernel-flipped-forward: as with turned kernels on the way forward", () => {
    const turned = Object.fromEntries(
      Object.entries(initialParameters(right, SEED)).map(([name, { shape, data }]) => {
        const size = name.endsWith("weight") && shape.length === 4 ? shape[2] * shape[3] : 1;
        const values = data.map((_, k) => data[k - (k % size) + size - 1 - (k % size)]);
        return [name, { shape, data: values }];
      }),
    );
    const step = brokenStep("kernel-flipped-forward");
    const other = stepOf(right, turned);
    for (const name of ["conv1.out", "conv2.out", "fc1.out"])
      expect(step.tensors[name].data).toEqual(other.tensors[name].data);
  });

  test("relu-mask-left-out and relu-left-out", () => {
    const mask = brokenStep("relu-mask-left-out");
    expect(mask.tensors["grad.conv2.out"]).toEqual(mask.tensors["grad.relu2.out"]);
    expect(differing(mask).some((name) => !name.startsWith("grad."))).toBe(false);
    const without = brokenStep("relu-left-out");
    expect(without.tensors["relu1.out"]).toEqual(without.tensors["conv1.out"]);
    expect(without.tensors["grad.conv1.out"]).toEqual(without.tensors["grad.relu1.out"]);
  });

  test("pool-gradient-to-all: all four cells of a window get what its output got", () => {
    const step = brokenStep("pool-gradient-to-all");
    const [wide, g] = [step.tensors["grad.relu1.out"], rightStep.tensors["grad.pool1.out"]];
    for (const [plane, p, q] of [
      [0, 0, 0],
      [5, 3, 10],
      [15, 11, 11],
    ])
      expect(wide.data[(plane * 12 + p) * 12 + q]).toBe(g.data[(plane * 6 + (p >> 1)) * 6 + (q >> 1)]);
    const behind = ["grad.relu1.out", "grad.conv1.out", "grad.x", "grad.conv1.weight", "grad.conv1.bias"];
    expect(differing(step).sort()).toEqual(behind.sort());
  });
});

const inBoth = knownMistakes
  .map(({ name }) => name)
  .filter((name) => mistakes.some((one) => one.name === name));

test.each(sampleOf(inBoth, 2))("unravel check finds %s in what the broken network computes", (name) => {
  const step = name === "gradient-added" ? added(rightStep) : brokenStep(name);
  const arrays = parseNpz(formatNpz(tensorsOf(step)), "mine.npz");
  const report = checkArrays(arrays, { model: labSpec });
  expect(new Set(report.mistakes.map((one) => one.name))).toEqual(new Set([name]));
  expect(named(name).why).toBe(report.mistakes[0].why);
});

/** The step whose gradients are right, and added. */
function added(step: Trace): Trace {
  const updated = Object.fromEntries(
    right.parameters.map(({ fullName, shape }) => {
      const gradient = step.tensors[`grad.${fullName}`].data;
      const data = Float64Array.from(step.tensors[fullName].data, (value, k) => value + 0.1 * gradient[k]);
      return [`new.${fullName}`, { shape, data }];
    }),
  );
  return { ...step, learningRate: 0.1, tensors: { ...step.tensors, ...updated } };
}

describe("around the network", () => {
  const start = (name: string) => named(name).change.start?.(right, SEED) as NamedTensors;

  test("weights begin at 0, or as large as the numbers of randn", () => {
    const zero = start("weights-start-at-zero");
    expect(Object.keys(zero)).toEqual(Object.keys(initialParameters(right, SEED)));
    for (const { data } of Object.values(zero)) expect(data.every((value) => value === 0)).toBe(true);
    const [usual, huge] = [initialParameters(right, SEED), start("weights-start-huge")];
    const ratio = huge["fc1.weight"].data[7] / usual["fc1.weight"].data[7];
    expect(ratio).toBeCloseTo(Math.sqrt(128 / 2), 4);
  });

  test("pixels go up to 255", () => {
    const { x } = stepOf(named("pixels-not-scaled").change.model?.(right) as Model).tensors;
    expect(largest(x.data)).toBeGreaterThan(250);
    const errors = x.data.map((value, k) => Math.abs(value - 255 * rightStep.tensors.x.data[k]));
    expect(largest(errors)).toBeLessThan(5e-7);
  });

  test("labels are those of other images, and as many of each as before", async () => {
    const { train } = await drawPair(0, { trainCount: 100, testCount: 0 });
    const shuffled = named("labels-shuffled").change.data?.(train, SEED);
    expect(shuffled?.images).toBe(train.images);
    expect([...(shuffled?.labels ?? [])].sort()).toEqual([...train.labels].sort());
    const kept = train.labels.filter((label, n) => label === shuffled?.labels[n]).length;
    expect(kept).toBeLessThan(30);
  });
});

describe("what is said", () => {
  const filters = (value: number) => ({ shape: [1, 1, 1, 2], data: Float32Array.of(value, 0) });
  const course = (accuracy: number, at = 1, problem?: string): Course => {
    const begin = withReport(undefined, { steps: 0, loss: 2.3, accuracy: 0.1, filters: filters(0) });
    const end = { steps: STEPS, loss: 0.5, accuracy, filters: filters(at), ...(problem && { problem }) };
    return { ...withReport(begin, end), done: true };
  };

  test.each([
    [course(0.9), "as good", /90\.0% of 500 new digits right, the right one 91\.0%: nothing in these curves/],
    [course(0.6, 0.01), "worse", /it still learns, but less\. Its first filters have hardly moved \(0\.00/],
    [course(0.11, 0), "guesses", /that is guessing\. Its first filters have not moved at all\.$/],
    [course(0.9, 1, "NaN"), "breaks", /no number any more/],
  ] as const)("of %#: %s", (broken, outcome, sentence) => {
    expect(outcomeOf(broken, course(0.91))).toBe(outcome);
    expect(whatIsSeen(broken, course(0.91))).toMatch(sentence);
  });

  test("the lesson of those that were tried", () => {
    expect(lesson(["as good", "breaks"])).toBeUndefined();
    expect(lesson(["as good", "worse", "breaks", "guesses"])).toMatch(
      /^Of 4 mistakes that were tried, 2 still let the network learn\. That a network learns/,
    );
    expect(lesson(["breaks", "guesses", "guesses"])).toBe(
      "Of 3 mistakes that were tried, 0 still let the network learn.",
    );
  });

  test("nothing, while one of them is on its way", () => {
    expect(outcomeOf({ ...course(0.9), done: false }, course(0.9))).toBeUndefined();
    expect(whatIsSeen(course(0.9), { ...course(0.9), done: false })).toBe("");
    expect(moved(course(0.5, 2))).toBeCloseTo(Math.SQRT2, 6);
  });
});

test("settings come back from a link, nonsense doesn't", () => {
  const settings = { mistake: "relu-left-out", optimizer: "adam", seed: 12 } as const;
  const words = brokenWords(settings);
  expect(brokenFrom((name) => words[name])).toEqual(settings);
  expect(brokenWords(usualBroken)).toEqual({});
  const nonsense: Record<string, string> = { mistake: "<b>", "mistake-optimizer": "x", "mistake-seed": "-1" };
  expect(brokenFrom((name) => nonsense[name])).toEqual(usualBroken);
});

/** A machine that is busy takes longer. */
const LONG = { timeout: 110_000 };

const panel = (page: Page) => page.getByRole("tabpanel", { name: "Break it" });
const button = (page: Page, name: string | RegExp) => panel(page).getByRole("button", { name });
const cells = (page: Page, mistake: string) =>
  panel(page).locator(`tr[data-mistake="${mistake}"] td`).allInnerTexts();

testInBrowser("a mistake from a link beside the right network; another by keyboard; stop", async () => {
  const { page, url } = await visit({ link: "tab=break&mistake=gradient-added", colorScheme: "dark" });
  await button(page, "Train both").click(); // it turns into Stop as it is clicked
  await button(page, "Train both").waitFor(LONG);
  expect(await panel(page).locator(".seen").innerText()).toMatch(
    /^At step \d+ the broken network's loss is no number any more/,
  );
  expect((await cells(page, "gradient-added"))[1]).toBe("breaks");
  const charts = panel(page).locator("svg[role=img]");
  expect(await charts.count()).toBe(2);
  for (const name of ["right", "broken"])
    expect(await charts.first().locator(`[data-series="${name}"]`).count()).toBe(1);
  expect(await panel(page).locator("canvas").count()).toBe(16);

  // the right one is known by now; all 0 at first never learns
  const curveOfRight = () => charts.first().locator('[data-series="right"] path').first().getAttribute("d");
  const right = await curveOfRight();
  await page.getByRole("radio", { name: "All weights 0 at first" }).check();
  await button(page, "Train both").focus();
  await page.keyboard.press("Enter");
  // what the right one came to stays as it is
  expect(await curveOfRight()).toBe(right);
  if (few(false, true)) {
    await charts.first().locator('[data-series="broken"] path').waitFor(LONG);
    expect(await curveOfRight()).toBe(right);
    await panel(page).locator(".seen").waitFor(LONG);
    const seen = await panel(page).locator(".seen").innerText();
    expect(seen).toMatch(
      /broken network gets 10\.0% of 500 new digits right, the right one \d\d\.\d%: that is guessing\. Its first filters have not moved at all\.$/,
    );
    expect(await cells(page, "weights-start-at-zero")).toEqual(["10.0%", "learns nothing"]);
  } else await button(page, "Stop").click();
  expect(page.url()).toContain("mistake=weights-start-at-zero");

  await page.setViewportSize({ width: 360, height: 780 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  if (few(false, true)) expect(await violations(page, DRAWER)).toEqual([]);

  await button(page, new RegExp(`^Try all that are left \\(${few(14, 13)}\\)`)).click();
  await button(page, "Stop").click();
  await vi.waitUntil(() => page.workers().length === 0, LONG);
  expect((await cells(page, "gradient-added"))[1]).toBe("breaks"); // what came to its end stays
  await page.goto(`${url}#tab=break&mistake=nonsense`);
  await vi.waitUntil(
    () => page.getByRole("radio", { name: "Each position replaces the last" }).isChecked(),
    LONG,
  );
});
