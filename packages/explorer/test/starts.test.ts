import type { Page } from "playwright-core";
import { expect, onTestFinished, vi } from "vitest";
import { emptyPage, testInBrowser } from "../../../test/support/browser.js";
import { few, LONG, onlyLong } from "../../../test/support/long.js";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";
import { loseGpu } from "./support/lostGpu.js";
import { dataFolder, ENDLESS, manyImages, phase, steps } from "./support/training.js";
import { visit } from "./support/visit.js";
import { notedWorkers, noteWorkers, withoutNestedWorkers } from "./support/workers.js";

/*
 * What the page starts when it trains, and what becomes of a training that doesn't begin. Firefox sometimes never comes
 * back from starting a worker in a worker, so that the page starts them all. (For the same in Firefox see firefox.test.ts.)
 */

const LINK = `tab=train&images=${few(60, 300)}&validation=10&filters=16&epochs=1000`;
const button = (page: Page, name: string) => page.getByRole("button", { name });

testInBrowser(
  "no worker starts another; those of a training end with it, which goes on from what was learnt",
  async () => {
    const server = await serve(withoutNestedWorkers(await pageSite()), 0);
    onTestFinished(() => server.close());
    const page = await emptyPage({ serviceWorkers: "block" });
    onTestFinished(() => page.context().close());
    const notes = () => page.evaluate(notedWorkers);
    const alive = () => page.workers().filter((worker) => /\/(trainW|w)orker-/.test(worker.url())).length;
    await page.goto(`${server.url}#${LINK}&batch=8`); // for which there is one more thread, which works alone
    await button(page, "Play").waitFor();
    await page.evaluate(noteWorkers, noteWorkers.channel);

    await button(page, "Play").click();
    await phase(page, "running");
    expect((await notes()).byPage).toEqual(["trainWorker", "worker", "worker", "worker", "worker"]);
    if (LONG) {
      await button(page, "Restart").click();
      await vi.waitUntil(async () => (await notes()).byPage.length === 9, { timeout: 60_000 });
      await phase(page, "running");
    }
    await vi.waitUntil(() => alive() === 5, { timeout: 60_000 });

    // the one at work dies: what was learnt is kept, and the others end, too
    await page.evaluate(() => {
      const { startedWorkers } = globalThis as unknown as { startedWorkers: Worker[] };
      const [atWork] = startedWorkers.slice(-4); // the others look at many images
      atWork.dispatchEvent(new ErrorEvent("error", { message: "out of memory", cancelable: true }));
    });
    await page
      .getByRole("alert")
      .filter({
        hasText: /^The training stopped \(A worker thread died \(out of memory\)\), but .* is kept: Play/,
      })
      .waitFor();
    await vi.waitUntil(() => alive() === 0, { timeout: 60_000 });
    await button(page, "Play").click();
    await phase(page, "running");
    // the one that they work for dies, too
    await page.evaluate(() => {
      const { startedWorkers, notes } = globalThis as unknown as {
        startedWorkers: Worker[];
        notes: { byPage: string[] };
      };
      const worker = startedWorkers[notes.byPage.lastIndexOf("trainWorker")];
      worker.terminate();
      worker.dispatchEvent(new ErrorEvent("error", { message: "it was stopped", cancelable: true }));
    });
    await page
      .getByRole("alert")
      .filter({
        hasText: /^The training stopped \(it was stopped\), but .* is kept: Play goes on from there/,
      })
      .waitFor();
    await vi.waitUntil(() => alive() === 0, { timeout: 60_000 });
    expect((await notes()).byWorkers).toEqual([]);
    if (!LONG) return;

    for (const [tab, begin] of [
      ["Time it", "Measure"],
      ["Break it", "Train both"],
    ]) {
      await page.getByRole("tab", { name: tab }).click();
      await button(page, begin).click();
      await page.getByRole("tabpanel", { name: tab }).getByRole("img").first().waitFor({ timeout: 60_000 });
    }
    const { byPage, byWorkers } = await notes();
    expect(byPage).toEqual(expect.arrayContaining(["timingWorker", "brokenWorker"]));
    expect(byWorkers).toEqual([]);
  },
);

testInBrowser(
  "a training that isn't heard of is started again, and the page says so; it trains though nothing can be kept",
  async () => {
    const { page } = await visit({
      link: "tab=train&images=60&validation=0&filters=2&batch=1&epochs=1000",
      before: () => {
        IDBFactory.prototype.open = () => {
          throw new DOMException("denied", "SecurityError");
        };
        const Original = Worker;
        const mute = Object.assign(new EventTarget(), {
          postMessage: () => {},
          terminate: () => ended.push("mute"),
        });
        const ended: string[] = [];
        let isFirst = true;
        Object.assign(globalThis, { ended });
        globalThis.Worker = class extends Original {
          constructor(url: string | URL, options?: WorkerOptions) {
            super(url, options);
            if (!isFirst || !String(url).includes("trainWorker")) return;
            isFirst = false;
            this.terminate();
            // biome-ignore lint/correctness/noConstructorReturn: it stands for one that never answers
            return mute as unknown as Worker;
          }
        };
      },
    });
    // the page's time stands still, however long each step takes here
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1000);
    await button(page, "Play").click();
    await phase(page, "loading");
    await page.clock.fastForward(14_000);
    expect(await page.getByRole("status").filter({ hasText: "had not begun" }).count()).toBe(0);
    await page.clock.fastForward(2000);
    const sentence = "The training had not begun after 15 seconds, so it was started again.";
    await page.getByRole("status").filter({ hasText: sentence }).waitFor();
    await page.clock.resume();
    expect(await page.evaluate(() => (globalThis as unknown as { ended: string[] }).ended)).toEqual(["mute"]);
    await vi.waitUntil(async () => (await steps(page)) > 0, { timeout: 60_000 });
    const denied = /^This browser lets the page keep nothing/;
    await page.getByRole("alert").filter({ hasText: denied }).waitFor();
  },
);

/** Runs in the page: the workers that train are noted from now on. */
function noteTrainWorkers(): void {
  const Original = Worker;
  const started: Worker[] = [];
  Object.assign(window, { started });
  window.Worker = class extends Original {
    constructor(...all: ConstructorParameters<typeof Original>) {
      super(...all);
      if (String(all[0]).includes("trainWorker")) started.push(this);
    }
  };
}

onlyLong(testInBrowser)(
  "a worker that dies takes nothing along that was learnt, nor does a GPU",
  async () => {
    const { page } = await visit({
      data: await dataFolder(await manyImages()),
      link: `tab=train&${ENDLESS}&filters=2`,
    });
    await page.evaluate(noteTrainWorkers);
    // by the report of the second step what the first one came to has arrived, too
    for (const step of [1, 2]) {
      await page.getByRole("button", { name: "One step" }).click();
      await page.locator("[data-phase]", { hasText: `step ${step} of` }).waitFor();
    }
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "running");
    await page.evaluate(() => {
      const worker = (window as unknown as { started: Worker[] }).started.at(-1) as Worker;
      worker.terminate();
      worker.dispatchEvent(new ErrorEvent("error", { message: "out of memory", cancelable: true }));
    });
    const sentence = await page.getByRole("alert").innerText();
    const [, kept] =
      /^The training stopped \(out of memory\), but .* step (\d+) is kept: Play goes on/.exec(sentence) ?? [];
    expect(Number(kept)).toBeGreaterThanOrEqual(1);
    await page.getByRole("button", { name: "Play" }).click();
    await phase(page, "running");
    await page.getByRole("button", { name: "Pause" }).click();
    await phase(page, "paused");
    expect(await steps(page)).toBeGreaterThan(Number(kept));

    await loseGpu(page); // what the engine does then is tested in test/webgpu.test.ts
    expect(await page.getByRole("alert").count()).toBe(0);
  },
);
