import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { encode } from "fast-png";
import type { Page } from "playwright-core";
import { parseModel } from "unravel-cnn";
import { build } from "vite";
import { afterAll, expect } from "vitest";
import { openPage, testInBrowser } from "./support/browser.js";
import { temporaryFolder } from "./support/folder.js";
import { expectSentence } from "./support/sentence.js";
import { filesIn, serveSite } from "./support/site.js";

/* The page of examples/own-images, as Vite builds it, in a real browser. */

const closeLater: (() => void | Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closeLater) await close();
});

/** A disc or stripes, of any colour, on a ground that is a little different each time. */
function drawn(kind: "discs" | "stripes", number: number): Uint8Array {
  const [width, height] = [48, 40 + (number % 3)];
  const colour = [220 - 7 * number, 60 + 9 * number, (number * 53) % 200];
  const isInk = (x: number, y: number) =>
    kind === "stripes" ? (y + number) % 10 < 5 : (x - 24) ** 2 + (y - 18 - (number % 5)) ** 2 < 150;
  const data = new Uint8Array(3 * width * height);
  for (let k = 0; k < width * height; k++) {
    const ground = 225 + ((k * 7 + number) % 20);
    data.set(isInk(k % width, Math.floor(k / width)) ? colour : [ground, ground, ground], 3 * k);
  }
  return new Uint8Array(encode({ width, height, channels: 3, data }));
}

const photos = Object.fromEntries(
  (["discs", "stripes"] as const).flatMap((kind) =>
    Array.from({ length: 12 }, (_, k) => [`photos/${kind}/${k}.png`, drawn(kind, k)]),
  ),
);

/** What a visitor's network says of a picture. */
const classify = (page: Page, bytes: Uint8Array, selector = "picture-classifier") =>
  page.evaluate(
    async ([bytes, selector]) => {
      type Classifier = { classify(blob: Blob): Promise<{ class: string; probability: number }[]> };
      const element = document.querySelector(selector) as unknown as Classifier;
      return element.classify(new Blob([Uint8Array.from(bytes)]));
    },
    [Array.from(bytes), selector] as const,
  );

testInBrowser(
  "a visitor's folder becomes a network that tells the classes apart, and can be saved and used",
  async () => {
    const folder = await temporaryFolder(photos);
    const out = join(folder, "site");
    await build({
      root: join(import.meta.dirname, "..", "examples", "own-images"),
      logLevel: "error",
      build: { outDir: out, target: "es2022" },
    });
    let saved: Uint8Array | undefined;
    const site = filesIn(pathToFileURL(`${out}/`));
    const address = await serveSite(
      async (path) => (path === "/saved.safetensors" ? saved : site(path)),
      true,
      (close) => closeLater.push(close),
    );
    const page = await openPage(address);
    closeLater.push(() => page.close());
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));

    await page.setInputFiles("#folder", join(folder, "photos"));
    // a fifth of each class is set aside
    await page.waitForFunction(
      () =>
        /^Right for \d of \d pictures|not be|failed|ended/.test(
          document.querySelector("#status")?.textContent ?? "",
        ),
      undefined,
      { timeout: 60_000 },
    );
    expect(await page.textContent("#status")).toBe("Right for 4 of 4 pictures that it was not trained on.");
    expect(await page.evaluate(() => (document.querySelector("#progress") as HTMLElement).hidden)).toBe(true);
    const answers = await classify(page, drawn("stripes", 13));
    expect(answers.map((answer) => answer.class)).toEqual(["stripes", "discs"]);
    expect(answers[0].probability + answers[1].probability).toBeCloseTo(1, 5);

    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    expect(download.suggestedFilename()).toBe("photos.safetensors");
    saved = new Uint8Array(await readFile((await download.path()) as string));
    const { model } = parseModel(saved, "saved");
    expect(model).toMatchObject({
      classes: ["discs", "stripes"],
      pictures: { size: [32, 32], fit: "cover", grey: false },
    });

    await page.evaluate(() => {
      const one = document.createElement("picture-classifier");
      one.id = "saved";
      one.setAttribute("model", "saved.safetensors");
      document.body.append(one);
    });
    expect(await classify(page, drawn("stripes", 13), "#saved")).toEqual(answers);
    expect((await classify(page, drawn("discs", 14), "#saved"))[0].class).toBe("discs");
    expect(await page.textContent("#saved output")).toMatch(/^discs \d+\.\d%, stripes \d+\.\d%$/);
    await expect(classify(page, new Uint8Array([1, 2, 3]), "#saved")).rejects.toThrow(
      "It is damaged, or no picture",
    );

    // what can't be trained on is said, and the network of before stays
    await page.setInputFiles("#folder", join(folder, "photos", "discs"));
    await page.waitForFunction(() => /class/.test(document.querySelector("#status")?.textContent ?? ""));
    expectSentence((await page.textContent("#status")) ?? "");
    expect((await classify(page, drawn("stripes", 13)))[0].class).toBe("stripes");
    await page.setViewportSize({ width: 360, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(errors).toEqual([]);
  },
);
