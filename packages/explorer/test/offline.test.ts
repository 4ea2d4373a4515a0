import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { emptyPage, testInBrowser } from "../../../test/support/browser.js";
import { few, LONG, onlyLong } from "../../../test/support/long.js";
import { filesIn, serveSite } from "../../../test/support/site.js";
import { pngSize } from "../../files/src/pictures/png.js";
import { address } from "../build/address.js";
import { probabilities, stroke } from "./support/page.js";
import { phase } from "./support/training.js";

/*
 * The page on any web server, and on none: kept for times without a network, isolated by its own service worker, installed.
 */

/** Resolves when the service worker has all files, and answers for this page. */
function isKept(page: Page): Promise<void> {
  return page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
    }
  });
}

describe("on a server that sends no headers, as GitHub Pages", () => {
  /** A window on the built page, as files in a folder, how often it was loaded, and what ends the server. */
  async function plain(options: BrowserContextOptions = {}) {
    let cut = () => {};
    const url = await serveSite(filesIn(new URL("../dist/", import.meta.url)), false, (close) => {
      cut = close;
      onTestFinished(close);
    });
    const page = await emptyPage({ serviceWorkers: "allow", ...options });
    onTestFinished(() => page.context().close());
    let loads = 0;
    page.on("domcontentloaded", () => {
      if (page.url() !== "about:blank") loads += 1;
    });
    return { page, url, loads: () => loads, cut };
  }
  const isolated = (page: Page) =>
    page.waitForFunction(() => crossOriginIsolated, undefined, { timeout: 30_000 });

  testInBrowser(
    `the first visit loads it once more${few("", ", and it trains with threads")}; later ones needn't, nor any network`,
    async () => {
      const { page, url, loads, cut } = await plain();
      await page.goto(`${url}#sample=7.0&tab=train&images=64&validation=0&filters=1&epochs=1`);
      await isolated(page);
      await page.locator("main").waitFor();
      await expect.poll(loads).toBe(2); // the page is isolated before it is said to be loaded
      expect(await page.locator('[aria-label="Sample 7"]').getAttribute("aria-pressed")).toBe("true");
      if (LONG) {
        await page.getByRole("button", { name: "Play" }).click();
        await phase(page, "done");
        expect(await page.locator("[data-phase]").innerText()).toMatch(/of the peak of \d+ threads?/);
      }
      // that was no reload of the visitor's, and there is nothing to go on with
      expect(await page.getByText(/^Went on from/).count()).toBe(0);
      cut();
      await expect(fetch(url)).rejects.toThrow();
      await page.goto("about:blank");
      // what is loaded only when it is asked for is there, too
      await page.goto(`${url}#sample=7.0&network=convnet&cell=conv2.out[0,1,2,3]`);
      await page.locator('[data-picture="conv2.out/1"]').waitFor({ timeout: 20_000 });
      expect(await page.locator('[aria-label="Sample 7"]').getAttribute("aria-pressed")).toBe("true");
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      await expect.poll(loads).toBe(3);
    },
  );

  testInBrowser(`not after a stroke${few("", ", and not again where it is of no use")}`, async () => {
    const { page, url, loads } = await plain();
    // the worker begins only when something was drawn
    await page.addInitScript(() => {
      const { register } = ServiceWorkerContainer.prototype;
      ServiceWorkerContainer.prototype.register = async function (...all) {
        await new Promise((resolve) => addEventListener("begin", resolve, { once: true }));
        return register.apply(this, all);
      };
    });
    await page.goto(url);
    await page.locator("main").waitFor();
    await stroke(page, [
      [0.3, 0.3],
      [0.7, 0.7],
    ]);
    const drawn = await probabilities(page);
    await page.evaluate(() => dispatchEvent(new Event("begin")));
    await isKept(page);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    expect(await probabilities(page)).toEqual(drawn);
    expect([loads(), await page.evaluate(() => crossOriginIsolated)]).toEqual([1, false]);

    if (!LONG) return;
    // as in a browser that knows no isolation: loaded again it isn't isolated either, and that is the end of it
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, "crossOriginIsolated", { value: false });
      Object.defineProperty(ServiceWorkerContainer.prototype, "controller", { value: null });
    });
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await page.evaluate(() => dispatchEvent(new Event("begin"))).catch(() => {});
    await expect.poll(() => loads(), { timeout: 30_000 }).toBe(3);
    await page.locator("main").waitFor();
    await page.evaluate(() =>
      navigator.serviceWorker.ready.then(() => new Promise((done) => setTimeout(done, 200))),
    );
    expect(loads()).toBe(3);
  });

  onlyLong(testInBrowser)(
    "without service workers, as in some private windows, it goes on with one worker",
    async () => {
      const { page, url, loads } = await plain({ serviceWorkers: "block" });
      // how it trains then is tested where it has no shared memory (train.test.ts)
      await page.goto(`${url}#tab=train`);
      await page.getByRole("button", { name: "Play" }).waitFor();
      expect([loads(), await page.evaluate(() => crossOriginIsolated)]).toEqual([1, false]);
    },
  );
});

describe("what others see of it", () => {
  const file = (name: string) => readFile(new URL(`../dist/${name}`, import.meta.url));
  const html = readFileSync(new URL("../dist/index.html", import.meta.url), "utf8");

  test("title, description, and a picture that exists, in its size", async () => {
    expect(/<title>(.*)<\/title>/.exec(html)?.[1].length).toBeLessThanOrEqual(60);
    const meta = Object.fromEntries(
      [...html.matchAll(/<meta (?:name|property)="([^"]*)" content="([^"]*)"/g)].map(([, name, content]) => [
        name,
        content,
      ]),
    );
    expect(meta.description.length).toBeLessThanOrEqual(160);
    for (const name of ["og:title", "og:description", "og:image:alt"]) expect(meta[name]).toMatch(/\w/);
    const bytes = await file(meta["og:image"]);
    expect(bytes.length).toBeLessThan(100_000);
    const [width, height] = ["width", "height"].map((side) => Number(meta[`og:image:${side}`]));
    expect(pngSize(bytes)).toEqual({ width, height });
  });

  test("where it lies is told to the build, for those who need whole addresses", () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const built = (given: string) => {
      vi.stubEnv("UNRAVEL_PAGE_URL", given);
      return (address().transformIndexHtml as (html: string) => unknown)(html);
    };
    expect(built("")).toBe(html);
    const { html: own, tags } = built("https://example.org/unravel/") as { html: string; tags: unknown[] };
    expect(own).toContain('<meta property="og:image" content="https://example.org/unravel/preview.png"');
    expect(tags).toHaveLength(1);
    for (const wrong of ["example.org/", "https://example.org/unravel", "ftp://example.org/"]) {
      expect(() => built(wrong)).toThrow(
        /^UNRAVEL_PAGE_URL is "\S+"; give the address of the page's folder, /,
      );
    }
  });

  test("it can be installed: a manifest whose icons have the sizes that it says", async () => {
    const [, name] = /<link rel="manifest" href="\.\/([^"]*)"/.exec(html) ?? [];
    const manifest = JSON.parse((await file(name)).toString());
    expect(manifest).toMatchObject({
      start_url: "./",
      scope: "./",
      display: "standalone",
      short_name: "unravel",
    });
    const pictures = manifest.icons.filter(({ type }: { type: string }) => type === "image/png");
    const sizes = pictures.map(({ sizes }: { sizes: string }) => sizes);
    expect(sizes).toEqual(["192x192", "512x512", "512x512"]);
    for (const { src, sizes } of pictures) {
      const { width, height } = pngSize(await file(src));
      expect(`${width}x${height}`).toBe(sizes);
    }
    expect(pngSize(await file("apple-touch-icon.png"))).toEqual({ width: 180, height: 180 });
    // and works without a network then
    const kept = /"([^"]*)"\.split/.exec((await file("sw.js")).toString())?.[1].split(" ");
    expect(kept).toEqual(expect.arrayContaining(["./", name, "icon-512.png"]));
    expect(kept).not.toContain("preview.png");
  });
});
