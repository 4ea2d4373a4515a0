import { describe, expect, test } from "vitest";
import { renderHistorySvg } from "../../src/presentation/historySvg.js";
import type { EpochRecord } from "../../src/training/history.js";

const record = (loss: number, accuracy: number, valLoss: number | null = null): EpochRecord => ({
  ...{ loss, accuracy, valLoss, valAccuracy: valLoss === null ? null : accuracy },
  ...{ seconds: 1, imagesPerSecond: 1 },
});

/** The numbers at the left, from bottom to top, of both panels. */
const labels = (svg: string) => [...svg.matchAll(/text-anchor="end">([^<]+)</g)].map(([, label]) => label);

/** Where the dots of a curve lie. */
const dots = (svg: string, kind: string) =>
  [...svg.matchAll(new RegExp(`class="dot-${kind}" cx="([\\d.]+)" cy="([\\d.]+)"`, "g"))].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);

describe("a training as a picture", () => {
  test("has round numbers at its side, and a dot for each figure, higher where it is larger", () => {
    const svg = renderHistorySvg([record(2.3, 0.1, 2.2), record(0.5, 0.8, 0.7), record(0.1, 0.97, 0.9)]);
    expect(labels(svg)).toEqual([
      "0.0",
      "0.5",
      "1.0",
      "1.5",
      "2.0",
      "2.5",
      "0%",
      "20%",
      "40%",
      "60%",
      "80%",
      "100%",
    ]);
    const [losses, accuracies] = [dots(svg, "training").slice(0, 3), dots(svg, "training").slice(3)];
    expect(losses.map(([x]) => x)).toEqual([84, 400, 716]);
    expect(losses.map(([, y]) => y)).toEqual([122.4, 252, 280.8]); // of 288 below and 108 above
    expect(accuracies.map(([, y]) => y)).toEqual([498, 372, 341.4]);
    expect(dots(svg, "validation")).toHaveLength(6);
    expect(svg).toContain(
      "After 3 epochs the loss in training was 0.1000 and 97.00% were right, and on validation images 0.9000",
    );
  });

  test("without validation has no such curve; the epoch that was kept is marked", () => {
    const svg = renderHistorySvg([record(1, 0.5), record(0.5, 0.75)], { subtitle: "a < b", keptEpoch: 2 });
    expect(svg).not.toContain('class="validation"');
    expect(svg).toContain("a &lt; b");
    expect(svg.match(/class="kept" d="M716 /g)).toHaveLength(2);
  });

  test.each([
    ["one epoch", [record(0.3, 0.9)]],
    ["all the same", [record(0.3, 1), record(0.3, 1)]],
    ["zeros", [record(0, 1), record(0, 1)]],
    ["tiny", [record(1e-9, 1), record(2e-9, 1)]],
    ["huge", [record(1e30, 0), record(3e30, 0)]],
    ["many", Array.from({ length: 1234 }, (_, k) => record(1 / (k + 1), k / 1234, 2 / (k + 1)))],
  ])("%s: no number is missing, nothing lies outside", (_, epochs) => {
    const svg = renderHistorySvg(epochs);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const isInside = ([x, y]: readonly number[]) =>
      x >= 72 && x <= 728 && ((y >= 108 && y <= 288) || (y >= 336 && y <= 516));
    const all = [...dots(svg, "training"), ...dots(svg, "validation")];
    expect(all.filter((dot) => !isInside(dot))).toEqual([]);
    expect(labels(svg).length).toBeLessThan(20);
    expect([...svg.matchAll(/text-anchor="middle">\d+</g)].length).toBeLessThanOrEqual(12);
  });
});
