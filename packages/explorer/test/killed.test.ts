import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { browserFlags, browserProgram, testInBrowser } from "../../../test/support/browser.js";
import { temporaryFolder } from "../../../test/support/folder.js";
import { serve } from "../../cli/src/explore/server.js";
import { pageSite } from "../../cli/src/explore/site.js";

/*
 * The browser is killed in mid-training. What was told to the page is counted in reports, which the training worker sends
 * 200 ms apart at least by its own clock: ten of them are two seconds of training, however slow the machine is.
 */

const REPORTS_IN_TWO_SECONDS = 10;
const LINK = "tab=train&images=2000&validation=0&filters=2&batch=8&epochs=1000";
const LONG = { timeout: 60_000 };

/** A browser whose profile lies in this folder. */
async function start(folder: string): Promise<{ child: ChildProcess; page: Page }> {
  const flags = [...browserFlags, "--headless", "--remote-debugging-port=0", `--user-data-dir=${folder}`];
  const child = spawn(browserProgram as string, flags, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => kill(child));
  const address = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`The browser ended with ${code} before it listened.`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (found) resolve(found);
    });
  });
  const browser = await chromium.connectOverCDP(address);
  return { child, page: await browser.contexts()[0].newPage() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
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
  await first.page.addInitScript(note);
  await first.page.goto(`${server.url}#${LINK}`);
  await first.page.getByRole("button", { name: "Play" }).click();
  await first.page.waitForFunction(
    () => new Set((globalThis as unknown as { notes: Notes }).notes.kept).size >= 3,
    undefined,
    LONG,
  );

  // hiding the page asks for a state at once
  const asked = await first.page.evaluate(() => {
    const { asked } = (globalThis as unknown as { notes: Notes }).notes;
    const before = asked.filter((type) => type === "state").length;
    Object.defineProperty(document, "hidden", { value: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return asked.filter((type) => type === "state").length - before;
  });
  expect(asked).toBe(1);

  const { told, kept } = await notesOf(first.page);
  await kill(first.child);
  let reports = 0;
  for (const { type } of told) {
    reports = type === "state" ? 0 : reports + 1;
    expect(reports).toBeLessThanOrEqual(REPORTS_IN_TWO_SECONDS);
  }
  // each state that came was kept, in turn, but for one that may be on its way
  const states = told.filter(({ type }) => type === "state").map(({ steps }) => steps);
  expect([...new Set(kept)]).toEqual(states.slice(0, new Set(kept).size));
  expect(kept.length).toBeGreaterThanOrEqual(states.length - 1);

  const second = await start(folder);
  await second.page.goto(`${server.url}#${LINK}`);
  const waiting = second.page.getByText(
    /^A training of one-conv, 2 filters \(step [\d,]+, .*\) is kept in this browser\./,
  );
  const [, steps] = /step ([\d,]+)/.exec(await waiting.innerText(LONG)) ?? [];
  expect(Number(steps?.replaceAll(",", ""))).toBeGreaterThanOrEqual(kept.at(-1) as number);
});
