import { join } from "node:path";
import { explain, parseCell } from "unravel-cnn";
import { expect, onTestFinished, vi } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { few, LONG, onlyLong } from "../../../test/support/long.js";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";
import { digits, pageOf, SEVEN } from "../../files/test/support/exportedPages.js";
import { zipOf } from "./support/collection.js";
import { closeFirefox, testInFirefox } from "./support/firefox.js";
import { sample, traceOf } from "./support/library.js";
import { notedWorkers, noteWorkers, withoutNestedWorkers } from "./support/workers.js";

/*
 * Both halves of the page, and an exported one, in another browser: what differs between browsers shows in the first minute.
 */

closeFirefox();

/** A machine that is busy takes longer. */
const PATIENT = { timeout: 90_000, interval: 100 };

testInFirefox(
  "Firefox shows the probabilities and a cell's sum, and trains, with workers of the page alone",
  async (firefox) => {
    const server = await serve(withoutNestedWorkers(await pageSite()), 0);
    onTestFinished(() => server.close());
    const waitFor = (work: () => boolean) => vi.waitUntil(() => firefox.evaluate(work), PATIENT);
    const right = traceOf([sample(3)], [3]);

    // the first half
    await firefox.goto(`${server.url}#images=${few(60, 500)}&validation=${few(10, 50)}&epochs=${few(2, 5)}`);
    await waitFor(() => document.querySelector("main fieldset data") !== null);
    const probabilities = () =>
      firefox.evaluate(() =>
        [...document.querySelectorAll<HTMLDataElement>("fieldset data")].map(({ value }) => Number(value)),
      );
    const close = (values: ArrayLike<number>) => Array.from(values, (value) => expect.closeTo(value, 5));
    expect(await probabilities()).toEqual(close(right.tensors.probs.data));
    await firefox.click('[data-picture="conv1.out/3"]');
    await waitFor(
      () =>
        document.querySelector(".sheet .value .address")?.textContent?.includes("conv1.out[0, 3, ") === true,
    );
    const cell = await firefox.evaluate(() => ({
      address: document.querySelector(".sheet .value .address")?.textContent?.trim() ?? "",
      value: Number(document.querySelector<HTMLDataElement>(".sheet data[data-value]")?.value),
    }));
    expect(cell.address).toMatch(/^conv1\.out\[0, 3, /);
    expect(cell.value).toBeCloseTo(explain(right, parseCell(cell.address)).value, 5);

    // the second half
    await firefox.evaluate(noteWorkers, noteWorkers.channel);
    await firefox.click("#tab-train");
    await waitFor(() => document.querySelector(".controls button.main") !== null);
    expect(await firefox.evaluate(() => crossOriginIsolated)).toBe(true);
    await firefox.click(".controls button.main");
    await waitFor(() => document.querySelector('[data-phase="done"]') !== null);
    expect(await firefox.evaluate(notedWorkers)).toEqual({
      byPage: ["trainWorker", "worker", "worker", "worker"],
      byWorkers: [],
    });
    const summaries = await firefox.evaluate(() =>
      [...document.querySelectorAll('[role="tabpanel"] [role="img"]')].map((one) =>
        one.getAttribute("aria-label"),
      ),
    );
    const accuracy = /now ([\d.]+)% in training/.exec(summaries.join())?.[1];
    expect(accuracy).toBeDefined();
    if (LONG) expect(Number(accuracy)).toBeGreaterThan(50); // it began at about 10
    expect(await probabilities()).not.toEqual(close(right.tensors.probs.data));
  },
);

/** What they do is tested in Chromium, step by step. */
const testWholly = onlyLong(testInFirefox);

testWholly(
  "Firefox collects what is drawn, chosen, dropped and seen by a camera, learns it, and answers",
  async (firefox) => {
    const server = await serve(await pageSite(), 0);
    onTestFinished(() => server.close());
    const waitFor = (selector: string) =>
      vi.waitUntil(
        () => firefox.evaluate((wanted) => document.querySelector(wanted) !== null, selector),
        PATIENT,
      );
    const counts = () =>
      firefox.evaluate(() =>
        [...document.querySelectorAll('[role="row"]')].map((one) => one.querySelectorAll(".picture").length),
      );
    /** The bars of classes, in full; empty: there is no answer. */
    const answer = () =>
      firefox.evaluate(() =>
        [...document.querySelectorAll<HTMLDataElement>(".collect li data")].map(({ value }) => Number(value)),
      );
    const PAD = ".collect .live canvas";
    await firefox.goto(`${server.url}#tab=collect`);
    await waitFor(PAD);
    await firefox.drag(PAD, SEVEN);
    await firefox.click(".collect .tools .main");
    await expect.poll(counts, PATIENT).toEqual([1, 0]);

    const folder = await temporaryFolder({ "theirs.zip": zipOf({ "Class 1": 3, dog: 9 }) });
    await firefox.chooseFiles('.collect input[type="file"][multiple]', [join(folder, "theirs.zip")]);
    await expect.poll(counts, PATIENT).toEqual([4, 9]);
    await firefox.evaluate(
      (bytes) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(bytes)], "more.zip"));
        const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer });
        document.querySelector(".collect .drop")?.dispatchEvent(drop);
      },
      [...zipOf({ cat: 5 })],
    );
    await expect.poll(counts, PATIENT).toEqual([4, 9, 5]);

    await firefox.click(".collect .switch label:has(input:not(:checked))");
    await firefox.click(".collect .tools .main");
    await waitFor(".collect .hold");
    await vi.waitUntil(
      () =>
        firefox.evaluate(() => (document.querySelector(".collect video") as HTMLVideoElement).videoWidth > 0),
      PATIENT,
    );
    await firefox.press(".collect .hold");
    await vi.waitUntil(async () => (await counts())[0] >= 7, PATIENT);
    await firefox.release();
    const [held] = await counts();

    await firefox.evaluate(() => {
      const network = document.querySelectorAll<HTMLSelectElement>(".collect .choices select")[1];
      network.value = "one-conv";
      network.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(await answer()).toEqual([]);
    await firefox.click(".collect .big");
    await waitFor('[data-collect-phase="done"]');
    expect(await counts()).toEqual([held, 9, 5]); // the button was let go
    await expect.poll(answer, PATIENT).toHaveLength(3); // to the camera
    const total = (await answer()).reduce((sum, value) => sum + value, 0);
    expect(total).toBeCloseTo(1, 5);
    // and to what is drawn, while it is
    await firefox.click(".collect .switch label:has(input:not(:checked))");
    await waitFor(PAD);
    await firefox.drag(PAD, SEVEN.slice(0, 2));
    await expect.poll(answer, PATIENT).toHaveLength(3);
    const before = await answer();
    await firefox.drag(PAD, SEVEN);
    await expect.poll(answer, PATIENT).not.toEqual(before);
  },
);

testWholly("Firefox reads a digit from a page on the disk, and asks for nothing", async (firefox) => {
  await firefox.goto(await pageOf(await digits(), "digits"));
  await firefox.drag(".paper", SEVEN);
  await expect
    .poll(() => firefox.evaluate(() => document.querySelector(".answer strong")?.textContent), {
      timeout: 30_000,
    })
    .toBe("7");
  expect(await firefox.evaluate(() => performance.getEntriesByType("resource").length)).toBe(0);
});
