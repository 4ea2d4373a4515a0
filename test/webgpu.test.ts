import { readFile } from "node:fs/promises";
import { nodeGpu } from "unravel-cnn/node";
import { transformWithOxc } from "vite";
import { afterAll, describe, expect } from "vitest";
import { openPage, testInBrowser } from "./support/browser.js";
import { testGpuEngine } from "./support/gpuEngine.js";
import { testInNode } from "./support/gpuInNode.js";
import { onlyLong } from "./support/long.js";
import { closeEngine, diverge, trainOn } from "./support/page/gpu.js";
import { trainTiled } from "./support/page/gpuTiled.js";
import {
  choose,
  type GpuPage,
  lose,
  loseBetween,
  memory,
  profile,
  struggle,
} from "./support/page/gpuTrouble.js";
import { filesIn, serveSite } from "./support/site.js";

/*
 * The webgpu engine where there is WebGPU: in Chromium, and in Node if the package `webgpu` is installed; on a machine without a
 * GPU both have SwiftShader, which computes what a GPU does on the processor.
 */

const closeLater: (() => void | Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closeLater) await close();
});

/** The library in a few files: a page loads the two hundred of dist/ in test/browser.test.ts. */
const bundle = new URL("../packages/core/bundle/", import.meta.url);
const pages = new URL("./support/page/", import.meta.url);
/** The library in its files, of which one says what is tiled. */
const dist = new URL("../packages/core/dist/", import.meta.url);

async function site(path: string): Promise<string | Uint8Array | undefined> {
  if (path === "/index.html") {
    const map = JSON.stringify({ imports: { "unravel-cnn": "/bundle/index.js" } });
    return `<!doctype html><script type="importmap">${map}</script><script type="module" src="/page/gpuTrouble.js"></script>`;
  }
  if (path.startsWith("/bundle/")) return filesIn(bundle)(path.slice("/bundle".length));
  if (path.startsWith("/dist/")) return filesIn(dist)(path.slice("/dist".length));
  const [, name] = /^\/page\/(\w+)\.js$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  return (await transformWithOxc(await readFile(new URL(`${name}.ts`, pages), "utf8"), `${name}.ts`)).code;
}

let opened: ReturnType<typeof open> | undefined;

async function open() {
  const page = await openPage(await serveSite(site, false, (close) => closeLater.push(close)));
  closeLater.push(() => page.close());
  await page.waitForFunction("globalThis.gpuPage");
  const call = <Name extends keyof GpuPage>(name: Name, ...words: unknown[]) =>
    page.evaluate(
      ([name, words]) =>
        (globalThis as unknown as { gpuPage: Record<string, (...words: unknown[]) => unknown> }).gpuPage[
          name
        ](...words),
      [name, words] as const,
    ) as ReturnType<GpuPage[Name]>;
  return {
    page,
    trainOn: (name: string) => call("trainOn", name, { engine: "webgpu" }),
    diverge: () => call("diverge", { engine: "webgpu" }),
    closeEngine: () => call("closeEngine", { engine: "webgpu" }),
    lose: () => call("lose"),
    loseBetween: () => call("loseBetween"),
    struggle: (kind: string) => call("struggle", kind),
    choose: () => call("choose"),
    memory: (steps: number) => call("memory", steps),
    profile: (canTime: boolean) => call("profile", canTime),
  };
}

describe("in Chromium", () => {
  testGpuEngine(testInBrowser, () => {
    opened ??= open();
    return opened;
  });
});

type Trained = Awaited<ReturnType<typeof trainTiled>>;

function expectAlike({ plain, tiled }: Trained): void {
  expect(plain).toHaveLength(4 * 16 + 16 + 16 * 20 + 20);
  const largest = Math.max(...plain.map(Math.abs));
  const furthest = Math.max(...plain.map((value, k) => Math.abs(value - tiled[k])));
  expect(furthest).toBeGreaterThan(0); // sums in another order: the tiles were taken
  expect(furthest / largest).toBeLessThan(2e-6);
}

const TILED = "dense layers in tiles through workgroup memory: the same but for the order of sums";

// SwiftShader takes ten seconds to compile them
onlyLong(testInBrowser)(`in Chromium, ${TILED}`, async () => {
  opened ??= open();
  const { page } = await opened;
  const trained = 'import("/page/gpuTiled.js").then(({ trainTiled }) => trainTiled("/dist/"))';
  expectAlike(await page.evaluate<Trained>(trained));
});

testInNode(`in Node, ${TILED}`, async () => {
  expectAlike(await trainTiled(dist.href, nodeGpu));
});

describe("in Node", () => {
  const options = { engine: "webgpu", gpu: nodeGpu } as const;
  testGpuEngine(testInNode, async () => ({
    trainOn: (name) => trainOn(name, options),
    diverge: () => diverge(options),
    closeEngine: () => closeEngine(options),
    lose: () => lose(nodeGpu),
    loseBetween: () => loseBetween(nodeGpu),
    struggle: (kind) => struggle(kind, nodeGpu),
    choose: () => choose(nodeGpu),
    memory: (steps) => memory(nodeGpu, steps),
    profile: (canTime) => profile(nodeGpu, canTime),
  }));
});
