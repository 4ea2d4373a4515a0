import { explain, parseCell } from "unravel-cnn";
import { expect, onTestFinished, vi } from "vitest";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";
import { digits, pageOf, SEVEN } from "../../files/test/support/exportedPages.js";
import { closeFirefox, testInFirefox } from "./support/firefox.js";
import { sample, traceOf } from "./support/library.js";
import { notedWorkers, noteWorkers, withoutNestedWorkers } from "./support/workers.js";

/*
 * Both halves of the page, and an exported one, in another browser: what differs between browsers shows in the first minute.
 */

closeFirefox();

/** A machine that is busy takes longer. */
const LONG = { timeout: 90_000, interval: 100 };

testInFirefox(
  "Firefox shows the probabilities and a cell's sum, and trains, with workers of the page alone",
  async (firefox) => {
    const server = await serve(withoutNestedWorkers(await pageSite()), 0);
    onTestFinished(() => server.close());
    const waitFor = (work: () => boolean) => vi.waitUntil(() => firefox.evaluate(work), LONG);
    const right = traceOf([sample(3)], [3]);

    // the first half
    await firefox.goto(`${server.url}#images=500&validation=100&epochs=5`);
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
    expect(Number(accuracy)).toBeGreaterThan(50); // it began at about 10
    expect(await probabilities()).not.toEqual(close(right.tensors.probs.data));
  },
);

testInFirefox("Firefox reads a digit from a page on the disk, and asks for nothing", async (firefox) => {
  await firefox.goto(await pageOf(await digits(), "digits"));
  await firefox.drag(".paper", SEVEN);
  await expect
    .poll(() => firefox.evaluate(() => document.querySelector(".answer strong")?.textContent), {
      timeout: 30_000,
    })
    .toBe("7");
  expect(await firefox.evaluate(() => performance.getEntriesByType("resource").length)).toBe(0);
});
