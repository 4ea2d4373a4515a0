import { type BrowserContext, chromium, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { browserFlags, browserProgram, testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";
import { phase, steps as stepsOf } from "./support/training.js";

/*
 * The browser is killed in mid-training. What was told to the page is counted in reports, which the training worker sends
 * 200 ms apart at least by its own clock: ten of them are two seconds of training, however slow the machine is.
 * That a running training is kept is tested in train.test.ts, too, and that another visit is asked in keep.test.ts.
 */

const REPORTS_IN_TWO_SECONDS = 10;
const LINK = "tab=train&images=500&validation=0&filters=2&batch=8&epochs=1000";
const LONG = { timeout: 60_000 };

/** A browser whose profile lies in this folder. */
async function start(folder: string): Promise<BrowserContext> {
  const options = { executablePath: browserProgram as string, headless: true, args: [...browserFlags] };
  const browser = await chromium.launchPersistentContext(folder, options);
  onTestFinished(() => browser.close());
  return browser;
}

/** Ends a browser at once, as a crash does: it can do nothing more. */
async function kill(browser: BrowserContext, page: Page): Promise<void> {
  const gone = new Promise((resolve) => browser.once("close", resolve));
  const session = await browser.newCDPSession(page);
  session.send("Browser.crash").catch(() => {}); // nobody is left to answer
  await gone;
}

/** What passes between the page and the worker that trains. */
interface Notes {
  readonly asked: string[];
  /** Steps that each report and each state came after; `kept`: those of which the browser has kept the state. */
  readonly told: { readonly type: string; readonly steps: number }[];
  readonly kept: number[];
}

/** Runs in the page before anything else. */
function note(): void {
  const notes: Notes = { asked: [], told: [], kept: [] };
  const Original = Worker;
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      if (!String(url).includes("trainWorker")) return;
      this.addEventListener("message", ({ data: { type, progress, state } }) => {
        if (type === "progress" || type === "state")
          notes.told.push({ type, steps: (progress ?? state).steps });
      });
    }
    override postMessage(message: { type: string }, transfer: never): void {
      notes.asked.push(message.type);
      super.postMessage(message, transfer);
    }
  };
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (value, key) {
    const steps = value?.saved?.training.steps;
    if (steps !== undefined) this.transaction.addEventListener("complete", () => notes.kept.push(steps));
    return put.call(this, value, key);
  };
  Object.assign(globalThis, { notes });
}

const notesOf = (page: Page) => page.evaluate(() => (globalThis as unknown as { notes: Notes }).notes);

testInBrowser("a killed browser brings back what was learnt up to two seconds before, or later", async () => {
  const server = await serve(await pageSite(), 0);
  onTestFinished(() => server.close());
  const folder = await temporaryFolder();
  const first = await start(folder);
  const page = await first.newPage();
  await page.addInitScript(note);
  await page.goto(`${server.url}#${LINK}`);
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(
    () => new Set((globalThis as unknown as { notes: Notes }).notes.kept).size >= 3,
    undefined,
    LONG,
  );

  // hiding the page asks for a state at once
  const asked = await page.evaluate(() => {
    const { asked } = (globalThis as unknown as { notes: Notes }).notes;
    const before = asked.filter((type) => type === "state").length;
    Object.defineProperty(document, "hidden", { value: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return asked.filter((type) => type === "state").length - before;
  });
  expect(asked).toBe(1);

  const { told, kept } = await notesOf(page);
  await kill(first, page);
  let reports = 0;
  for (const { type } of told) {
    reports = type === "state" ? 0 : reports + 1;
    expect(reports).toBeLessThanOrEqual(REPORTS_IN_TWO_SECONDS);
  }
  // each state that came was kept, in turn, but for one that may be on its way
  const states = told.filter(({ type }) => type === "state").map(({ steps }) => steps);
  expect([...new Set(kept)]).toEqual(states.slice(0, new Set(kept).size));
  expect(kept.length).toBeGreaterThanOrEqual(states.length - 1);

  const second = await (await start(folder)).newPage();
  await second.goto(`${server.url}#${LINK}`);
  const waiting = second.getByText(
    /^A training of one-conv, 2 filters \(step [\d,]+, .*\) is kept in this browser\./,
  );
  const [, steps] = /step ([\d,]+)/.exec(await waiting.innerText(LONG)) ?? [];
  expect(Number(steps?.replaceAll(",", ""))).toBeGreaterThanOrEqual(kept.at(-1) as number);
  // another visit is asked whether it goes on
  expect(await second.locator("header .network").innerText()).toMatch(/98\.3%/);
  await second.getByRole("button", { name: "Go on with it" }).click();
  await second.getByRole("button", { name: "Pause" }).click(LONG);
  await phase(second, "paused");
  expect(await stepsOf(second)).toBeGreaterThanOrEqual(kept.at(-1) as number);
  await second.getByRole("button", { name: "Good" }).click();
});
