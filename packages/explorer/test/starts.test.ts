import type { Page } from "playwright-core";
import { expect, onTestFinished, vi } from "vitest";
import { emptyPage, testInBrowser } from "../../../test/support/browser.js";
import { few, LONG } from "../../../test/support/long.js";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";
import { phase, steps } from "./support/training.js";
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
      await button(page, "Stop").click();
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
