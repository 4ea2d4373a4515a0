import type { Page } from "playwright-core";
import { defineModel, networkFor } from "unravel-cnn";
import { describe, expect, test, vi } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { LONG } from "../../../test/support/long.js";
import { timingChart } from "../src/timing/curves.js";
import {
  fixedSettings,
  type TimedSweep,
  type TimingSettings,
  timingFrom,
  timingWords,
  usualTiming,
  valuesOf,
} from "../src/timing/settings.js";
import { typeset } from "../src/words/typeset.js";
import { DRAWER, violations } from "./support/axe.js";
import { visit } from "./support/visit.js";

/*
 * Time it: what is measured is the machine's affair, that it is measured and what is said of it isn't.
 */

/** A machine that is busy takes longer. */
const PATIENT = { timeout: 90_000 };

const panel = (page: Page) => page.getByRole("tabpanel", { name: "Time it" });
const button = (page: Page, name: string) => panel(page).getByRole("button", { name, exact: true });

/** Measures to the end. The button turns into Stop as it is clicked, and back when there is nothing left to do. */
async function measure(page: Page): Promise<void> {
  await button(page, "Measure").click();
  await button(page, "Measure").waitFor(PATIENT);
}

/** The rows of the table, cell by cell. */
const rows = (page: Page) =>
  panel(page)
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));

/** Million multiply-adds of an epoch, as the table has them. */
function counted(sweep: TimedSweep, value: number): string {
  const name = sweep === "batch-size" ? "batchSize" : sweep;
  const model = defineModel(networkFor(sweep)({ ...fixedSettings, [name]: value }));
  const count = model.multiplyAdds.trainingStep * fixedSettings.images;
  return count < 1e10
    ? `${Math.round(count / 1e6).toLocaleString("en-US")} million`
    : `${(count / 1e9).toFixed(1)} billion`;
}

testInBrowser("a link's filters are measured, counted and judged; stopping keeps what there is", async () => {
  const { page, url } = await visit({ link: "tab=time&time-to=4", colorScheme: "dark" });
  expect(await page.getByRole("tab", { name: "Time it" }).getAttribute("aria-selected")).toBe("true");
  await measure(page);

  const table = await rows(page);
  expect(table.map(([value]) => value)).toEqual(["1", "2", "4"]);
  expect(table.map((row) => row[1])).toEqual([1, 2, 4].map((value) => counted("filters", value)));
  expect(table.map((row) => row[2])).toEqual(["1.0×", "2.0×", "4.0×"]);
  for (const row of table) expect(row[3]).toMatch(/^[\d.]+ (s|ms|min)/);
  const verdict = await panel(page).locator(".verdict").innerText();
  expect(verdict).toMatch(/^From 1 to 4 filters time (grew|fell) .+: a.* (exact|off by|not near).+\.$/);
  const chart = panel(page).getByRole("img");
  expect(await chart.getAttribute("aria-label")).toContain(verdict);
  expect(await chart.locator('[data-series="measured"] circle').count()).toBe(3);
  expect(await chart.locator('[data-series="line"] path').count()).toBe(1);
  await panel(page).getByLabel("Both axes in powers").check();
  expect(await chart.locator('[data-series="measured"] circle').count()).toBe(3);
  expect(await violations(page, DRAWER)).toEqual([]);

  // by keyboard: the plain loops, and stop before anything is measured, which takes long with so many filters
  await page.getByLabel("computed by").selectOption("reference");
  await panel(page).getByRole("combobox", { name: "from 1 to" }).selectOption("128");
  await button(page, "Measure").focus();
  await page.keyboard.press("Enter");
  await button(page, "Stop").focus();
  await page.keyboard.press("Enter");
  await button(page, "Measure").waitFor();
  await vi.waitUntil(() => page.workers().length === 0, PATIENT);
  expect(await rows(page)).toEqual(table);

  // another quantity, and its place in the link
  await page.getByRole("radio", { name: "Filters" }).focus();
  await page.keyboard.press("ArrowRight");
  expect(await page.getByRole("radio", { name: "Kernel size" }).isChecked()).toBe(true);
  await vi.waitUntil(() => /time=kernel/.test(page.url()) && /time-by=loops/.test(page.url()), PATIENT);
  expect(await rows(page)).toEqual([]);
  await page.goto(`${url}#tab=time&time=batch-size&time-to=16`);
  await vi.waitUntil(() => page.getByRole("radio", { name: "Batch size" }).isChecked(), PATIENT);
  if (LONG) {
    await measure(page);
    expect((await rows(page)).map((row) => row[1])).toEqual(Array(5).fill(counted("batch-size", 1)));
  }

  // on a phone nothing is cut off
  await page.setViewportSize({ width: 360, height: 780 });
  await page.goto(`${url}#tab=time&time=kernel&time-to=5`);
  await vi.waitUntil(() => page.getByRole("radio", { name: "Kernel size" }).isChecked(), PATIENT);
  if (LONG) {
    await measure(page);
    expect((await rows(page)).map((row) => row[1])).toEqual([1, 3, 5].map((size) => counted("kernel", size)));
    expect(await violations(page, DRAWER)).toEqual([]);
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

describe("in a link", () => {
  const from = (words: Record<string, string>) => timingFrom((name) => words[name]);

  test.each<Partial<TimingSettings>>([
    {},
    { sweep: "kernel", upTo: 11 },
    { sweep: "batch-size", upTo: 256, engine: "reference" },
    { upTo: 4 },
  ])("%j comes back", (settings) => {
    const all = { ...usualTiming, ...settings };
    expect(from(timingWords(all))).toEqual(all);
  });

  test("nonsense is as usual", () => {
    expect(from({ time: "toString", "time-to": "1e9", "time-by": "magic" })).toEqual(usualTiming);
    expect(timingWords(usualTiming)).toEqual({});
  });
});

test("values go up to the one that was chosen", () => {
  expect(valuesOf({ sweep: "filters", upTo: 64 })).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(valuesOf({ sweep: "kernel", upTo: 7 })).toEqual([1, 3, 5, 7]);
});

test("the chart: what was measured, the line, and the exponential where there is one", () => {
  const points = [1, 2, 4].map((value) => ({
    value,
    multiplyAddsPerEpoch: 1e9 * value,
    secondsPerEpoch: 0.001 * (1 + value),
    fastest: 0.0009 * (1 + value),
    slowest: 0.0011 * (1 + value),
    imagesTimed: 100,
    gflops: 1,
  }));
  const result = { settings: usualTiming, points, rounds: 5 };
  const { series, y } = timingChart(result, false);
  expect(series.map(({ name }) => name)).toEqual(["measured", "line", "exponential"]);
  expect(y.label).toBe("milliseconds per epoch");
  const [measured, line, exponential] = series;
  expect(measured.points.map(([, time]) => time)).toEqual([2, 3, 5].map((time) => expect.closeTo(time, 9)));
  expect(line.points.at(-1)).toEqual([4, expect.closeTo(5, 9)]);
  expect(exponential.points.at(-1)).toEqual([4, expect.closeTo(2 * 1.5 ** 3, 9)]);
  const batches = timingChart({ ...result, settings: { ...usualTiming, sweep: "batch-size" } }, false);
  expect(batches.series.map(({ name }) => name)).toEqual(["measured", "a + b / batch"]);
});

test("powers are raised", () => {
  expect(typeset("off by 4 x 10^13 times, 2.1 x 10^6 years")).toBe("off by 4 × 10¹³ times, 2.1 × 10⁶ years");
});
