import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { builtIn } from "unravel-cnn";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { emptyPage, openPage, testInBrowser } from "../../../../test/support/browser.js";
import { LONG } from "../../../../test/support/long.js";
import { serveSite } from "../../../../test/support/site.js";
import { lowContrasts, violations } from "../../../explorer/test/support/axe.js";
import { drawnImages, drawnNetwork, type Exported, strictly, written } from "../support/exported.js";
import { digits, pageOf, SEVEN } from "../support/exportedPages.js";

/* Exported pages and modules, in browsers. */

async function draw(page: Page, points: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator(".paper").boundingBox();
  const at = ([x, y]: readonly [number, number]) =>
    [(box?.x ?? 0) + x * (box?.width ?? 0), (box?.y ?? 0) + y * (box?.height ?? 0)] as const;
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
  await page.mouse.up();
}

testInBrowser("a page on the disk reads a digit that is drawn, without one request", async () => {
  const page = await emptyPage({ viewport: { width: 360, height: 760 } });
  onTestFinished(() => page.close());
  const [requests, problems]: string[][] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => problems.push(message.text()));
  const url = await pageOf(await digits(), "seven & <i>co");
  await page.goto(url);
  expect(await page.title()).toBe("seven & <i>co");
  expect(await page.locator("h1").textContent()).toBe("seven & <i>co");
  expect(await page.locator("header").textContent()).toMatch(
    /13,610 parameters that tells 10 classes apart.* 98\.76% of 1,234 test images of <b>drawn<\/b>\. Exported on \d+ \w+ \d{4}\./,
  );
  await draw(page, SEVEN);
  await page.waitForFunction(() => document.querySelector(".answer strong")?.textContent === "7");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  if (LONG) {
    expect(await violations(page)).toEqual([]); // in a sample the other page is looked at, below
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await lowContrasts(page)).toEqual([]);
  }

  // with the keyboard: a one, down the middle
  await page.getByRole("button", { name: "Clear" }).click();
  expect(await page.locator(".answer").textContent()).toBe("Nothing to look at yet.");
  await page.locator(".paper").focus();
  for (let k = 0; k < 9; k++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  for (let k = 0; k < 18; k++) await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.querySelector(".answer strong")?.textContent === "1");

  // a camera that is refused, and a picture from a file
  await page.getByRole("tab", { name: "Draw" }).press("ArrowLeft");
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await page.getByRole("button", { name: "Start the camera" }).click();
  await page.getByText("The camera was refused. Allow it for this page").waitFor();
  if (LONG) expect(await violations(page, "main")).toEqual([]);
  const picture = Buffer.from(
    await page.evaluate(
      () => (document.querySelector(".paper") as HTMLCanvasElement).toDataURL().split(",")[1],
    ),
    "base64",
  );
  await page.getByRole("tab", { name: "Picture" }).click();
  await page.setInputFiles("#file", { name: "one.png", mimeType: "image/png", buffer: picture });
  await page.waitForFunction(() => document.querySelector(".answer strong")?.textContent === "1");
  await page.setInputFiles("#file", { name: "none.png", mimeType: "image/png", buffer: Buffer.from("no") });
  await page.getByText("That file is no picture that this browser can read").waitFor();
  expect(requests).toEqual([url]);
  expect(problems).toEqual([]);
});

testInBrowser(
  "a page for photographs begins with a place to drop one; many classes, long names",
  async () => {
    const classes = Array.from(
      { length: 30 },
      (_, k) => `a rather long name of a kind of animal, number ${k}`,
    );
    const saved = drawnNetwork(builtIn("one-conv", { input: [3, 16, 16], classes }), 1);
    const page = await openPage(await pageOf(saved, "animals"), { viewport: { width: 360, height: 760 } });
    onTestFinished(() => page.close());
    expect(await page.getByRole("tab", { selected: true }).textContent()).toBe("Picture");
    const data = await page.evaluate(() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 50, height: 40 });
      const context = canvas.getContext("2d") as CanvasRenderingContext2D;
      context.fillStyle = "teal";
      context.fillRect(0, 0, 30, 40);
      return canvas.toDataURL().split(",")[1];
    });
    const picture = { name: "a.png", mimeType: "image/png", buffer: Buffer.from(data, "base64") };
    await page.setInputFiles("#file", picture);
    await page.locator(".best").waitFor();
    expect(await page.locator(".bars li").count()).toBe(12);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await violations(page)).toEqual([]);
  },
);

const closeLater: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closeLater) await close();
});

testInBrowser("a page and its worker import the module from any server", async () => {
  const saved = drawnNetwork(builtIn("resnet", { width: 4, input: [3, 16, 16] }), 7);
  const folder = pathToFileURL(`${dirname(await written(saved, "js", { name: "net" }))}/`);
  const worker = `import { predict } from "./net.js";
    onmessage = ({ data }) => postMessage(predict(data));`;
  const site = async (path: string) =>
    path === "/index.html"
      ? '<!doctype html><title>a page</title><script type="module">globalThis.net = await import("./net.js");</script>'
      : path === "/worker.js"
        ? worker
        : await readFile(new URL(`.${path}`, folder));
  const page = await openPage(await serveSite(site, false, (close) => closeLater.push(close)));
  onTestFinished(() => page.close());
  await page.waitForFunction("globalThis.net");
  const images = drawnImages(saved.model, 9, 7);
  const [said, byWorker, ofCanvas, ofPixels, isIsolated] = await page.evaluate(async (list) => {
    const { net } = globalThis as unknown as { net: Exported };
    const pixels = Uint8Array.from(list);
    const one = pixels.subarray(0, pixels.length / 9);
    const worker = new Worker("/worker.js", { type: "module" });
    const answer = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    worker.postMessage(one);
    const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 30 });
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.fillStyle = "orange";
    context.fillRect(0, 0, 20, 30);
    context.fillStyle = "navy";
    context.fillRect(3, 4, 11, 9);
    const picture = context.getImageData(0, 0, 20, 30);
    const bitmap = await createImageBitmap(canvas);
    return [
      net.predictBatch(pixels),
      await answer,
      [net.predictImage(canvas), net.predictImage(bitmap)],
      net.predictImage(picture),
      crossOriginIsolated,
    ];
  }, Array.from(images));
  const right = await strictly(saved, images);
  expect(said).toEqual(right);
  expect(byWorker).toEqual((await strictly(saved, images.subarray(0, images.length / 9)))[0]);
  expect(ofCanvas).toEqual([ofPixels, ofPixels]);
  expect(isIsolated).toBe(false);
});

test("a page's markup has the name in it only as a text", async () => {
  const saved = drawnNetwork(
    builtIn("one-conv", { input: [1, 8, 8], classes: ["</script><b>", "&amp;"] }),
    1,
  );
  const text = await readFile(
    new URL(await pageOf(saved, "</title><script>alert(1)<\\u002fscript>".replace(/[/\\]/g, ""))),
    "utf8",
  );
  expect(text.match(/<script/g)).toHaveLength(1);
  expect(text.match(/<\/script>/g)).toHaveLength(1);
  expect(text).not.toContain("<b>");
});
