import { concludeScaling, renderScalingSvg, type Sweep } from "unravel-cnn";
import { afterAll, describe, expect } from "vitest";
import { DOUBLINGS, pointsOf } from "../packages/core/test/support/scaling.js";
import { emptyPage, testInBrowser } from "./support/browser.js";
import { sampleOf } from "./support/long.js";

/*
 * The picture of `unravel scaling` in a real browser: a well-formed SVG file, nothing cut off, nothing over something else,
 * light and dark.
 */

const SUBTITLE = "one-conv, one image at a time, 60,000 images, 2 threads, adam, wasm <&>";

function picture(sweep: Sweep, values: readonly number[], seconds: (value: number) => number, spread = 0.3) {
  const points = pointsOf(values, seconds, spread);
  return renderScalingSvg(sweep, points, concludeScaling(sweep, points), { subtitle: SUBTITLE });
}

const pictures: [string, string][] = [
  ["a line", picture("filters", DOUBLINGS, (value) => 0.4 + 0.03 * value)],
  ["a steep exponential", picture("filters", DOUBLINGS, (value) => 0.1 * value)],
  ["one that stays inside", picture("filters", [1, 2, 3], (value) => value ** 1.2, 0.01)],
  ["long times", picture("images", [1000, 30_000, 1_234_567], (value) => 123.456 * value)],
  ["short times", picture("images", [1, 2, 4, 8], (value) => 1e-6 * value)],
  ["batches", picture("batch-size", [1, 2, 4, 8, 16, 32, 64, 128], (value) => 1 + 30 / value)],
  ["many threads", picture("threads", [1, 2, 4, 8, 16, 32, 48], (value) => 0.2 + 3 / value)],
];

interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** One for all pictures. */
let page: ReturnType<typeof emptyPage> | undefined;

afterAll(async () => (await page)?.close());

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  for (const [name, svg] of sampleOf(pictures, 3)) {
    testInBrowser(`${name}: all is inside, and no text lies over another`, async () => {
      page ??= emptyPage({ viewport: { width: 900, height: 800 } });
      const shown = await page;
      await shown.emulateMedia({ colorScheme });
      // as a file of its own: XML, which a browser refuses if it is not well-formed
      await shown.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`);
      const { errors, size, texts, drawn, paper, ink } = await shown.evaluate(() => {
        const root = document.documentElement as unknown as SVGSVGElement;
        const { width, height } = root.getBoundingClientRect();
        const boxOf = (element: Element) => {
          const { left, right, top, bottom } = element.getBoundingClientRect();
          return { text: element.textContent ?? "", left, right, top, bottom };
        };
        const styleOf = (selector: string) => getComputedStyle(root.querySelector(selector) as Element).fill;
        return {
          errors: document.querySelectorAll("parsererror").length,
          size: { width, height },
          texts: [...root.querySelectorAll("text")].map(boxOf),
          drawn: [...root.querySelectorAll("path, circle, line")].map(boxOf),
          paper: styleOf("rect"),
          ink: styleOf("text.title"),
        };
      });

      expect(errors).toBe(0);
      expect(size.width).toBe(760);
      expect(texts.map(({ text }) => text)).toContain(SUBTITLE);
      for (const box of [...texts, ...drawn]) {
        expect(box.left, box.text).toBeGreaterThanOrEqual(0);
        expect(box.right, box.text).toBeLessThanOrEqual(size.width);
        expect(box.top, box.text).toBeGreaterThanOrEqual(0);
        expect(box.bottom, box.text).toBeLessThanOrEqual(size.height);
      }
      const over = (a: Box, b: Box) =>
        a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
      for (const [k, a] of texts.entries()) {
        for (const b of texts.slice(k + 1)) expect(over(a, b), `"${a.text}" over "${b.text}"`).toBe(false);
      }
      const dark = [paper, ink].map((colour) => brightness(colour) < 0.5);
      expect(dark).toEqual(colorScheme === "dark" ? [true, false] : [false, true]);
    });
  }
});

function brightness(colour: string): number {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map(Number);
  return (red + green + blue) / 3 / 255;
}
