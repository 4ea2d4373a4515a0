import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import type { Page } from "playwright-core";
import { hasRelaxedSimd } from "unravel-cnn";
import { build, transformWithOxc } from "vite";
import { afterAll, describe, expect, onTestFinished, vi } from "vitest";
import { openPage, testInBrowser } from "./support/browser.js";
import { few, LONG } from "./support/long.js";
import type { TestPage } from "./support/page/main.js";
import { train } from "./support/page/train.js";
import { filesIn, serveSite } from "./support/site.js";

/*
 * The library as it is built, in a real browser: it trains there with the bits that it has in Node, with threads on
 * shared memory where the page is isolated and without where it isn't.
 */

const closeLater: (() => void | Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closeLater) await close();
});

const dist = new URL("../packages/core/dist/", import.meta.url);
const sources = new URL("./support/page/", import.meta.url);

/** A machine that is busy takes longer. */
const SOON = { timeout: 60_000 };

/** Whether the site lacks the worker's file for the time being. */
let withoutWorker = false;

/** The test page without a bundler: modules as they are, found by an import map. */
async function unbundled(path: string): Promise<string | Uint8Array> {
  if (path === "/index.html") {
    const map = JSON.stringify({ imports: { "unravel-cnn": "/dist/index.js" } });
    return `<!doctype html><script type="importmap">${map}</script><script type="module" src="/main.js"></script>`;
  }
  if (path.endsWith("/worker.js") && withoutWorker) throw new Error("not found");
  if (path.startsWith("/dist/")) return filesIn(dist)(path.slice("/dist".length)) as Promise<Uint8Array>;
  const source = await readFile(new URL(`.${path.replace(/\.js$/, ".ts")}`, sources), "utf8");
  return (await transformWithOxc(source, path.replace(/\.js$/, ".ts"))).code;
}

type Site = typeof unbundled;

/** A test page, and how its functions are called. */
async function open(isolated: boolean, site: Site, whenDone: (close: () => void | Promise<void>) => void) {
  const page = await openPage(await serveSite(site, isolated, whenDone));
  whenDone(() => page.close());
  await page.waitForFunction("globalThis.page");
  return { page, call: caller(page) };
}

const opened = new Map<boolean, ReturnType<typeof open>>();

/** The page without a bundler, isolated or not: one for all tests, as it loads some two hundred files. */
function sharedPage(isolated: boolean) {
  const page = opened.get(isolated) ?? open(isolated, unbundled, (close) => closeLater.push(close));
  opened.set(isolated, page);
  return page;
}

function caller(page: Page) {
  return <Name extends keyof TestPage>(name: Name, ...words: Parameters<TestPage[Name]>) =>
    page.evaluate(
      ([name, words]) =>
        (globalThis as unknown as { page: Record<string, (...words: unknown[]) => unknown> }).page[name](
          ...words,
        ),
      [name, words] as const,
    ) as Promise<Awaited<ReturnType<TestPage[Name]>>>;
}

/** Without a number of threads, because that may differ. */
async function resultOf(training: ReturnType<typeof train>) {
  const { threads, ...result } = await training;
  return result;
}

/** What Node gets, which every page is compared with. */
const inNode = new Map<boolean, ReturnType<typeof resultOf>>();

function nodeResult(strict: boolean) {
  const result = inNode.get(strict) ?? resultOf(train({ strict, threads: 2 }));
  inNode.set(strict, result);
  return result;
}

/** Without isolation it trains bundled, too, and all else of such a worker is tested in Node (engineThreads.test.ts). */
const pages = [
  ["isolated", true],
  ["without isolation", false],
] as const;

describe.each(few(pages.slice(0, 1), [...pages]))("a page %s", (_, isolated) => {
  testInBrowser("trains strictly to the bits that Node gets", async () => {
    const { page, call } = await sharedPage(isolated);
    const { shared, cores } = await call("about");
    expect(shared).toBe(isolated);
    const started: unknown[] = [];
    page.on("worker", (worker) => started.push(worker));

    const { threads, ...result } = await call("train", { strict: true });
    expect(threads).toBe(isolated ? cores : 1);
    expect(started).toHaveLength(threads);
    await vi.waitUntil(() => page.workers().length === 0, SOON);

    const expected = await nodeResult(true);
    expect(result).toEqual(expected);
    expect(await resultOf(call("train", { strict: true, threads: 0 }))).toEqual(expected);
    if (LONG && isolated)
      expect(await resultOf(call("train", { strict: true, threads: 3 }))).toEqual(expected);
  });

  testInBrowser("trains relaxed to the bits that Node gets, as both run on V8", async ({ skip }) => {
    const { call } = await sharedPage(isolated);
    if (!hasRelaxedSimd()) setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20
    if (!(await call("about")).relaxed) skip("the browser has no relaxed SIMD");
    expect(hasRelaxedSimd()).toBe(true);
    const expected = await nodeResult(false);
    expect(await resultOf(call("train", {}))).toEqual(expected);
    expect(expected).not.toEqual(await nodeResult(true));
  });

  testInBrowser("can be used while it trains, reports and hears an abort", async () => {
    const { page, call } = await sharedPage(isolated);
    for (const options of [{}, { threads: 0 }]) {
      expect(await call("abortAfter", options, 6, 10)).toBe("that is enough");
      await vi.waitUntil(() => page.workers().length === 0, SOON);
    }
  });

  testInBrowser("closes an engine at work, with its workers", async () => {
    const { page, call } = await sharedPage(isolated);
    await call("start", {});
    await vi.waitUntil(() => page.workers().length > 0, SOON);
    expect(await call("close")).toMatch(/^FailureError: The engine was closed/);
    await vi.waitUntil(() => page.workers().length === 0, SOON);
  });

  testInBrowser("says so if the worker's file isn't there", async () => {
    const { call } = await sharedPage(isolated);
    withoutWorker = true;
    onTestFinished(() => {
      withoutWorker = false;
    });
    expect(await call("wait", {})).toMatch(
      /^FailureError: A worker thread could not be started \(its file could not be loaded\); .* threads: 0 .* startWorker/,
    );
  });
});

testInBrowser("bundled by Vite for production it finds its worker, which is bundled once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "unravel-page-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of await readdir(sources)) {
    await writeFile(join(folder, name), await readFile(new URL(name, sources)));
  }
  await writeFile(join(folder, "index.html"), '<script type="module" src="/main.ts"></script>');
  await symlink(join(import.meta.dirname, "..", "node_modules"), join(folder, "node_modules"), "junction");
  await build({ root: folder, configFile: false, logLevel: "error", build: { target: "es2022" } });

  const assets = await readdir(join(folder, "dist", "assets"));
  expect(assets.map((name) => name.replace(/-[\w-]+\./, ".")).sort()).toEqual(["index.js", "worker.js"]);
  const expected = await nodeResult(true);
  const site = filesIn(pathToFileURL(join(folder, "dist", "/"))) as Site;
  for (const isolated of few([false], [true, false])) {
    const { call } = await open(isolated, site, onTestFinished);
    const { threads, ...result } = await call("train", { strict: true });
    expect(threads).toBeGreaterThan(0);
    expect(result).toEqual(expected);
    expect(await resultOf(call("train", { strict: true, threads: 0 }))).toEqual(expected);
    if (isolated) continue;
    const said = await call("create", { threads: 2 });
    expect(said, "it can't have several threads").toMatch(/^InputError: .*isolation.* use threads: 1\.$/);
  }
});
