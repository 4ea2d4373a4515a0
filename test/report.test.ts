import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, onTestFinished } from "vitest";
import { builtIn, type ModelSpec, renderEvaluation, renderReport } from "../packages/core/src/index.js";
import { evaluated } from "../packages/core/test/support/evaluations.js";
import { subjectOf } from "../packages/core/test/support/reports.js";
import { residual } from "../packages/core/test/support/residual.js";
import { openPage, testInBrowser } from "./support/browser.js";
import { temporaryFolder } from "./support/folder.js";
import { few, LONG } from "./support/long.js";

/*
 * Reports in a real browser: nothing is asked for, nothing is said in the console, nothing is cut off.
 */

/** What happened on a page besides showing it. */
interface Events {
  readonly requests: string[];
  readonly said: string[];
}

const closeLater: (() => void | Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closeLater) await close();
});

/** Opens a report as a person does who got the file. */
async function openReport(
  html: string,
  whenDone: (close: () => void | Promise<void>) => void = onTestFinished,
): Promise<{ page: Page; events: Events }> {
  const file = join(await temporaryFolder(), "report.html");
  await writeFile(file, html);
  const page = await openPage("about:blank");
  whenDone(() => page.close());
  const events: Events = { requests: [], said: [] };
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) events.requests.push(request.url());
  });
  page.on("console", (message) => events.said.push(message.text()));
  page.on("pageerror", (error) => events.said.push(error.message));
  page.on("dialog", (dialog) => {
    events.said.push(dialog.message());
    return dialog.dismiss();
  });
  const address = pathToFileURL(file).href;
  await page.goto(address);
  expect(events.requests.splice(0)).toEqual([address]);
  return { page, events };
}

/** What sticks out on the right, other than in a box that scrolls. */
function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element: Element) =>
      Array.from(document.querySelectorAll(".scroll, .pieces")).some(
        (box) => box !== element && box.contains(element) && getComputedStyle(box).overflowX === "auto",
      );
    return Array.from(document.querySelectorAll("body *"))
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
      .map((element) => `${element.tagName}.${element.className} ${element.textContent?.slice(0, 40)}`);
  });
}

/** Tiles of an overview whose contents come nearer to each other than 8 pixels. */
function touching(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const tiles = Array.from(document.querySelectorAll(".way > li, .figures > div"), (tile) => {
      const range = document.createRange();
      range.selectNodeContents(tile);
      const rects = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0);
      return {
        name: tile.textContent?.slice(0, 40),
        left: Math.min(...rects.map(({ left }) => left)),
        right: Math.max(...rects.map(({ right }) => right)),
        top: Math.min(...rects.map(({ top }) => top)),
        bottom: Math.max(...rects.map(({ bottom }) => bottom)),
      };
    });
    if (tiles.length < 2) throw new Error("there is no overview");
    return tiles.flatMap((a, k) =>
      tiles
        .slice(k + 1)
        .filter((b) => {
          const aside = Math.max(b.left - a.right, a.left - b.right);
          const below = Math.max(b.top - a.bottom, a.top - b.bottom);
          return aside < 8 && below < 8;
        })
        .map((b) => `${a.name} | ${b.name}`),
    );
  });
}

/** Widths of windows, in both colours: the widest and a phone come first, of which a sample consists. */
const SCREENS: readonly (readonly [width: number, colours: "light" | "dark"])[] = [
  [1280, "light"],
  [360, "dark"],
  [390, "light"],
  [1280, "dark"],
  [800, "light"],
  [800, "dark"],
  [360, "light"],
];

const manyChannels: ModelSpec = {
  input: [3, 40, 32],
  layers: [
    { type: "conv2d", filters: 20, kernel: 7, stride: 2, padding: "same" },
    { type: "relu" },
    { type: "conv2d", filters: 18, kernel: [5, 3] },
    { type: "flatten" },
    { type: "dense", units: 30 },
    { type: "relu" },
    { type: "dense", units: 14 },
  ],
  classes: Array.from({ length: 14 }, (_, k) => `a class with the number ${k}`),
  normalize: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
};

const longName = (at: number) => `layer_${at}_`.padEnd(64, "of_a_network_that_has_long_names_");

/** The residual network with other names; a flatten layer keeps its own, which a test looks for. */
const longNames: ModelSpec = {
  ...residual,
  layers: residual.layers.map((layer, k) => {
    if (layer.type === "flatten") return layer;
    return { ...layer, name: longName(k), ...(layer.type === "add" && { from: [longName(1), longName(2)] }) };
  }),
};

/** All at once that is hard to fit. */
const hardToFit: ModelSpec = {
  ...manyChannels,
  layers: [
    { type: "conv2d", name: longName(0), filters: 20, kernel: 7, stride: 2, padding: "same" },
    { type: "relu", name: longName(1) },
    { type: "conv2d", name: longName(2), filters: 20, kernel: [5, 3], padding: "same" },
    { type: "add", from: [longName(1), longName(2)] },
    { type: "maxPool2d", size: 2 },
    { type: "flatten" },
    { type: "dense", units: 14 },
  ],
};

/** A sample has the first. */
const networks: readonly (readonly [string, ModelSpec])[] = [
  ["a network for colours, with ways past layers and names as long as they may be", hardToFit],
  ["a network for colours", manyChannels],
  ["a network with names as long as they may be", longNames],
  ["one-conv", builtIn("one-conv")],
  ["lenet5", builtIn("lenet5")],
  ["a residual network", residual],
];

/** On each screen, light and dark, nothing sticks out, touches or has to be scrolled sideways. */
async function expectToFit(page: Page): Promise<void> {
  for (const [width, colorScheme] of few(SCREENS.slice(0, 2), SCREENS)) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme, media: "screen" });
    expect(await sticksOut(page), `${width} ${colorScheme}`).toEqual([]);
    expect(await touching(page), `${width} ${colorScheme}`).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  }
}

describe.each(few(networks.slice(0, 1), networks))("the report of %s", (_, spec) => {
  const html = renderReport(subjectOf(spec, { label: 3 }));
  let report: ReturnType<typeof openReport> | undefined;
  /** One page for all tests: each says what it needs of window, colours and paper. */
  const opened = () => {
    report ??= openReport(html, (close) => closeLater.push(close));
    return report;
  };

  testInBrowser("fits wide and phone screens, light and dark, and asks for nothing", async () => {
    const { page, events } = await opened();
    await expectToFit(page);
    expect(events).toEqual({ requests: [], said: [] });
  });

  testInBrowser("shows all its pictures and formulas", async () => {
    const { page } = await opened();
    // light at last: a page chooses its pictures a little after its colours, and the next test begins with light ones
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, media: "screen" });
      await page.waitForFunction(() =>
        Array.from(document.images).every(({ complete, naturalWidth }) => complete && naturalWidth > 0),
      );
      const empty = await page.evaluate(
        () =>
          Array.from(document.querySelectorAll("img, math, svg")).filter(
            (element) => element.getBoundingClientRect().height < 4,
          ).length,
      );
      expect(empty).toBe(0);
    }
  });

  testInBrowser("is dark on dark paper, in its pictures, too", async () => {
    const { page } = await opened();
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    // a picture follows the colour scheme after the page's own style, when the browser gets to it
    const shows = (which: "source" | "img") =>
      page.waitForFunction((which) => {
        const [img, source] = ["img", "source"].map((tag) =>
          document.querySelector(`#flatten1 picture ${tag}`),
        );
        const wanted = which === "img" ? img?.getAttribute("src") : source?.getAttribute("srcset");
        return wanted !== undefined && (img as HTMLImageElement).currentSrc === wanted;
      }, which);
    await page.emulateMedia({ colorScheme: "light", media: "screen" });
    expect(await paper()).toBe("rgb(255, 255, 255)");
    await shows("img");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await paper()).toBe("rgb(20, 24, 28)");
    await shows("source");
  });

  testInBrowser("is printed with nothing cut off", async () => {
    const { page } = await opened();
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 688, height: 1000 }); // A4 less its margins
    expect(await sticksOut(page)).toEqual([]);
    if (!LONG) return; // what Chromium prints is what it has laid out
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(50_000);
  });
});

testInBrowser("what a class or a file is called is not run", async () => {
  const classes = ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", ..."23456789"];
  const subject = subjectOf({ ...builtIn("one-conv"), classes }, { label: 1 });
  const imageName = '"><svg onload=alert(3)>.png';
  const { page, events } = await openReport(renderReport({ ...subject, imageName }));
  expect(await page.title()).toContain(imageName);
  expect(await page.textContent("#softmax")).toContain(classes[0]);
  expect(events).toEqual({ requests: [], said: [] });
});

/** Names of classes and files that are hard to fit: long, without a place to break, and such as would be run. */
const hard = (count: number) =>
  Array.from({ length: count }, (_, k) => `${"<img src=x onerror=alert(1)>"}${"long".repeat(12)}${k}`);

/** A sample has the one that is hardest to fit. */
const evaluations = [
  ["a hundred classes", hard(100), 1],
  ["two classes", hard(2), 3],
  ["ten classes", Array.from("0123456789"), 1],
] as const;

describe.each(evaluations.slice(0, few(1, 3)))(
  "the page of an evaluation with %s",
  (_, classes, channels) => {
    const subject = evaluated({ classes, images: 10 * classes.length, wrong: 3, channels });
    const html = renderEvaluation({
      ...subject,
      nameOf: (image) => `folder/${"of_a_file".repeat(9)}${image}.jpg`,
    });

    testInBrowser("fits screens and paper, shows its pictures, and asks for nothing", async () => {
      const { page, events } = await openReport(html);
      await expectToFit(page);
      await page.waitForFunction(() =>
        Array.from(document.images).every(({ complete, naturalWidth }) => complete && naturalWidth > 0),
      );
      expect(await page.evaluate(() => document.images.length)).toBe(
        Math.min(20, Math.ceil((10 * classes.length) / 3)),
      );
      await page.emulateMedia({ media: "print" });
      await page.setViewportSize({ width: 688, height: 1000 });
      expect(await sticksOut(page)).toEqual([]);
      expect(events).toEqual({ requests: [], said: [] });
    });
  },
);
