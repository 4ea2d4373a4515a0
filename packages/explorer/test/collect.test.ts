import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { parseModel } from "unravel-cnn";
import { describe, expect } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong } from "../../../test/support/long.js";
import { asideOf } from "../src/collect/settings.js";
import { lowContrasts, violations } from "./support/axe.js";
import { clip, type Shape, shapeNames, strongest } from "./support/clips.js";
import { zipOf } from "./support/collection.js";
import { choose, downloaded, probabilities, selected } from "./support/page.js";
import { visit } from "./support/visit.js";

/* Classes of one's own: collected, trained, recognised. Its logic without a page is tested in collect/. */

/** That a camera's pictures are taken and answered is tested in cameras.test.ts, too; and the page's languages in start.test.ts. */
const testWholly = onlyLong(testInBrowser);

const COLLECT = ".collect";
const row = (page: Page, number: number) => page.locator('[role="row"]').nth(number - 1);
const pictures = (page: Page, number: number) => row(page, number).locator(".picture");
const button = (page: Page, name: string | RegExp) => page.locator(COLLECT).getByRole("button", { name });

/** Pictures of each class that are taken with the camera; all is said to work with thirty. */
const TAKEN = 30;
/** Frames of each clip that are recognised. */
const SEEN = 10;
/** Waits until a class has so many pictures, and of at least three frames: a machine may be so busy that the video stands still. */
async function taken(page: Page, number: number): Promise<void> {
  const differ = () =>
    pictures(page, number)
      .locator("canvas")
      .evaluateAll((all) => new Set(all.map((one) => (one as HTMLCanvasElement).toDataURL())).size);
  await pictures(page, number)
    .nth(TAKEN - 1)
    .waitFor();
  await expect.poll(differ, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
}

async function nameClass(page: Page, number: number, name: string): Promise<void> {
  const input = page.getByLabel(`Name of class ${number}`);
  await input.fill(name);
  await input.press("Enter");
}

/** Presses the big button, and waits until it is trained and what it says of it is there. */
async function train(page: Page): Promise<string> {
  await button(page, /^Train/).click();
  const result = page.locator('[data-collect-phase="done"]').filter({ hasText: /set aside/ });
  await result.waitFor({ timeout: 90_000 });
  return result.innerText();
}

/** Whether the video comes to show a clip whose strongest colour is this. */
function shows(page: Page, colour: number): Promise<boolean> {
  return page.evaluate(async (wanted) => {
    for (let tries = 0; tries < 30; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const video = document.querySelector("video");
      if (!video?.videoWidth) continue;
      const sums = [0, 0, 0];
      const pixels = new OffscreenCanvas(40, 30).getContext("2d") as OffscreenCanvasRenderingContext2D;
      pixels.drawImage(video, 0, 0, 40, 30);
      for (const [k, value] of pixels.getImageData(0, 0, 40, 30).data.entries())
        if (k % 4 < 3) sums[k % 4] += value;
      if (sums.indexOf(Math.max(...sums)) === wanted) return true;
    }
    return false;
  }, colour);
}

/** The next answers, one for each picture that the camera gives. */
async function answers(page: Page, count: number): Promise<string[]> {
  return page.evaluate(async (wanted) => {
    const said: string[] = [];
    // where the network is sure, one answer is like the other; the number that is selected isn't, as the clips have noise
    const numbers = () => [
      ...Array.from(document.querySelectorAll(".collect li data"), (one) => (one as HTMLDataElement).value),
      document.querySelector(".sheet")?.textContent,
    ];
    let last = numbers().join();
    while (said.length < wanted) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = numbers().join();
      if (now === last) continue;
      last = now;
      said.push(document.querySelector(".collect .best .name")?.textContent ?? "");
    }
    return said;
  }, count);
}

testWholly(
  "with a camera classes are collected, learnt, recognised in other clips, kept and saved",
  async () => {
    const file = join(await temporaryFolder({ "clip.y4m": clip("disc", 1) }), "clip.y4m");
    const { page } = await visit({ link: "tab=collect", camera: file });
    const stop = () => button(page, "Stop the camera").click();
    /** The camera plays what the file holds when it starts. */
    const start = async (shape: Shape, seed: number) => {
      await writeFile(`${file}.new`, clip(shape, seed));
      await rename(`${file}.new`, file); // who still reads the one before goes on with that
      for (;;) {
        await button(page, "Start the camera").click();
        if (await shows(page, strongest[shape])) return;
        await stop(); // the browser went on with the clip before
      }
    };

    await page.getByText("Camera", { exact: true }).click();
    await button(page, "Add a class").click();
    for (const [k, shape] of shapeNames.entries()) {
      await nameClass(page, k + 1, shape);
      await start(shape, 1);
      await button(page, /^Hold/).hover();
      await page.mouse.down();
      await taken(page, k + 1);
      await page.mouse.up();
      await stop();
      await expect.poll(() => row(page, k + 1).innerText()).toMatch(/^\d+ pictures/m);
    }
    expect(await violations(page, COLLECT)).toEqual([]);

    const result = await train(page);
    console.info(`collected and trained: ${result}`);
    const aside = asideOf(
      (await counts(page)).reduce((a, b) => a + b),
      shapeNames.length,
    );
    expect(result).toMatch(new RegExp(`^Trained in [\\d.]+ seconds. ${aside} pictures were set aside`));
    for (const shape of shapeNames) {
      await start(shape, 77);
      // what was on its way when the camera started may be of the clip before
      const [, ...seen] = await answers(page, 1 + SEEN);
      expect(seen, `frames of a clip of ${shape}`).toEqual(Array(SEEN).fill(shape));
      await stop();
    }

    // every number of the last answer opens, and belongs to the network that was trained
    await page.getByRole("button", { name: "Close the drawer" }).click();
    await page.locator('[data-picture="conv1.out/1"]').click();
    const cell = await selected(page);
    expect(cell.address).toMatch(/^conv1\.out\[0, 1, \d+, \d+\]$/);
    expect(Number.isFinite(cell.value)).toBe(true);
    const saved = await downloaded(page, () => choose(page, "Save", "model.safetensors"));
    const { model } = parseModel(saved.bytes, saved.name);
    expect(model.classes).toEqual(shapeNames);
    expect(model.inputShape).toEqual([3, 32, 32]);
    expect(model.pictures).toEqual({ size: [32, 32], fit: "cover", grey: false });
    const html = await downloaded(page, async () => {
      await page.locator("summary", { hasText: "Save" }).click();
      await page.getByText("The network, for other programs").click();
      await page.locator(".menu button", { hasText: "A page that reads pictures" }).click();
    });
    expect(new TextDecoder().decode(html.bytes)).toContain(JSON.stringify(shapeNames).slice(1, -1));
    // no link carries what the camera saw
    expect(new URL(page.url()).hash).not.toContain("pixels=");

    await page.getByRole("tab", { name: "Collect" }).click();
    await page.waitForFunction(() => location.hash.includes("tab=collect"));
    await page.reload();
    await page.getByText(/Your collection is back: \d+ pictures were kept/).waitFor();
    // the network is back, too, with what it was trained on
    await page.locator('[data-collect-phase="done"]').waitFor();
    await expect
      .poll(() =>
        page
          .locator('[role="row"] input')
          .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)),
      )
      .toEqual(shapeNames);
  },
);

/** Chooses files as a visitor does. */
async function give(page: Page, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  const folder = await temporaryFolder(files);
  const paths = Object.keys(files).map((name) => join(folder, name));
  await page.locator('.collect input[type="file"][multiple]').setInputFiles(paths);
}

const counts = (page: Page) =>
  page
    .locator('[role="row"]')
    .evaluateAll((all) => all.map((one) => one.querySelectorAll(".picture").length));

describe("without a camera", () => {
  testInBrowser(
    "pictures are drawn, given, moved, deleted and brought back, with the keyboard, too; learnt, saved and kept",
    async () => {
      const { page } = await visit({ link: "tab=collect" });
      await page.locator(COLLECT).waitFor();
      const pad = page.locator(".collect .live canvas");
      const draw = async (from: number) => {
        await pad.scrollIntoViewIfNeeded();
        const box = await pad.boundingBox();
        if (!box) throw new Error("there is no pad");
        await page.mouse.move(box.x + from, box.y + 40);
        await page.mouse.down();
        await page.mouse.move(box.x + from + 60, box.y + 120, { steps: 4 });
        await page.mouse.up();
      };
      for (const from of [40, 80]) {
        await draw(from);
        await button(page, "Keep it for “Class 1”").click();
      }
      await expect.poll(() => counts(page)).toEqual([2, 0]);
      expect(await page.getByLabel("Pictures become").inputValue()).toBe("grey28");

      // a collection of somebody else comes in beside it; the same once more changes nothing
      await give(page, { "theirs.zip": zipOf({ "Class 1": 3, dog: 9 }), "damaged.png": "no picture" });
      await page.getByText("12 pictures came in. 1 file can't be read as a picture: damaged.png.").waitFor();
      expect(await counts(page)).toEqual([5, 9]);
      await give(page, { "again.zip": zipOf({ "Class 1": 3, dog: 9 }) });
      await page.getByText("0 pictures came in. 12 were there already").waitFor();
      expect(await counts(page)).toEqual([5, 9]);
      await give(page, { "broken.zip": zipOf({ dog: 2 }).subarray(0, 300) });
      await page
        .getByRole("alert")
        .filter({ hasText: /^broken\.zip: it is cut short/ })
        .waitFor();

      // the list is one stop of the Tab key; arrows go on from there
      await page.getByLabel("Name of class 1").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
        .toBe("Picture 1 of 9, “dog”");
      await page.keyboard.press("Alt+ArrowUp");
      await expect.poll(() => counts(page)).toEqual([6, 8]);
      await page.keyboard.press("Delete");
      await expect.poll(() => counts(page)).toEqual([6, 7]);
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.closest('[role="grid"]') === null)).toBe(true);
      for (const expected of [
        [6, 8],
        [5, 9],
      ]) {
        await button(page, "Undo").click();
        await expect.poll(() => counts(page)).toEqual(expected);
      }
      await row(page, 1).locator(".picture").first().click();
      await page.getByLabel("Move it to").selectOption("dog");
      await expect.poll(() => counts(page)).toEqual([4, 10]);
      await page.getByText("“Class 1” has only 4 pictures. Thirty for each class work better.").waitFor();
      expect(await violations(page, COLLECT)).toEqual([]);

      await page.locator(".collect .end").getByLabel("Network").selectOption("one-conv");
      await train(page);
      await page.getByText("Draw something or start the camera").waitFor();
      await draw(40);
      const bars = page.locator(".collect li:has(data)");
      await expect.poll(() => bars.locator(".name").allInnerTexts()).toEqual(["Class 1", "dog"]);
      const said = await bars
        .locator("data")
        .evaluateAll((all) => all.map((one) => Number((one as HTMLDataElement).value)));
      expect(said[0] + said[1]).toBeCloseTo(1, 5);
      expect(await probabilities(page)).toEqual(said); // the picture is the page's
      await button(page, "Clear").click();
      await expect.poll(() => bars.count()).toBe(0);
      await page.locator(COLLECT).getByText("Camera", { exact: true }).click();
      await button(page, "Start the camera").click();
      await page
        .getByRole("alert")
        .filter({ hasText: /^No camera was found|doesn't let this page use the camera/ })
        .waitFor();

      const saved = await downloaded(page, () => choose(page, "Save", "model.safetensors"));
      const { model } = parseModel(saved.bytes, saved.name);
      expect(model).toMatchObject({
        classes: ["Class 1", "dog"],
        inputShape: [1, 28, 28],
        pictures: { grey: true },
      });
      await page.reload();
      await page.getByText("Your collection is back: 14 pictures were kept").waitFor();
      await page.locator('[data-collect-phase="done"]').waitFor();
      expect(await counts(page)).toEqual([4, 10]);
    },
  );

  testWholly(
    "it is said in German, too, and that stays so, on a phone in the dark; no camera is a sentence",
    async () => {
      const { page } = await visit({
        link: "tab=collect",
        colorScheme: "dark",
        viewport: { width: 360, height: 740 },
      });
      await page.locator(COLLECT).waitFor();
      await page.locator(COLLECT).getByLabel("Language").selectOption("de");
      await page.getByText("Nichts verlässt deinen Browser").waitFor();
      expect(await page.locator(COLLECT).getAttribute("lang")).toBe("de");
      await page.reload();
      await button(page, "Trainieren").waitFor();
      await page
        .getByText("Zum Trainieren braucht jede Klasse mindestens 2 Bilder. „Klasse 1“ hat 0.")
        .waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      // the buttons follow the picture, and not what there is nothing to say of yet
      const top = async (locator: Locator) => (await locator.boundingBox())?.y ?? Number.NaN;
      const answerTop = await top(page.getByRole("heading", { name: "Was das Netz sieht" }));
      expect(await top(button(page, "Leeren"))).toBeLessThan(answerTop);
      await page.getByText("Kamera", { exact: true }).click();
      await button(page, "Kamera einschalten").click();
      await page
        .getByRole("alert")
        .filter({ hasText: /Es gibt hier keine Kamera|lässt diese Seite nicht an die Kamera/ })
        .waitFor();
      expect(await lowContrasts(page, COLLECT)).toEqual([]);
    },
  );
});
