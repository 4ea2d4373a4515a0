/*
 * Whether the page always begins to train, in Firefox and in Chromium, on a busy machine:
 *
 *   npm run build && node scripts/page-starts.mjs [--browser both] [--runs 200] [--threads 3] [--load 2] [--limit 120]
 *
 * A run loads the page, plays a short training and waits for its end; a run that doesn't come there within the limit
 * (seconds) hangs. Runs that the page's watchdog had to start again are counted by themselves. --load is how many other
 * processes keep a core busy meanwhile. The page is told that there are cores for --threads threads and one more. Ends with 1
 * if a run hung.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { runnerImport } from "vite";
import { serve } from "../packages/cli/dist/explore/server.js";
import { pageSite } from "../packages/cli/dist/explore/site.js";
import { readArguments } from "./arguments.mjs";

const LINK = "#tab=train&images=60&validation=10&filters=2&epochs=1";
const options = readArguments({ browser: "both", runs: 200, threads: 3, load: 2, limit: 120 });

const driver = fileURLToPath(new URL("../packages/explorer/test/support/firefoxDriver.ts", import.meta.url));

/** Each opens a browser: with `goto(url)`, `evaluate(work, ...arguments)` and `close()`. */
const browsers = {
  firefox: async () => {
    const { Firefox, firefoxProgram } = (await runnerImport(driver)).module;
    if (!firefoxProgram) fail("no Firefox is installed; set UNRAVEL_FIREFOX to the program of one");
    const firefox = await Firefox.start(firefoxProgram);
    const agent = await firefox.evaluate(() => navigator.userAgent);
    return { browser: firefox, name: agent.replace(/^.*Firefox\//, "Firefox ") };
  },
  chromium: async () => {
    const executablePath = process.env.UNRAVEL_BROWSER ?? "/usr/bin/chromium";
    if (!existsSync(executablePath)) fail(`there is no ${executablePath}; set UNRAVEL_BROWSER`);
    const chromiumBrowser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu"],
    });
    const page = await chromiumBrowser.newPage();
    const browser = {
      goto: (url) => page.goto(url),
      evaluate: (work, argument) => page.evaluate(work, argument),
      close: () => chromiumBrowser.close(),
    };
    return { browser, name: `Chromium ${chromiumBrowser.version()}` };
  },
};

const names = options.browser === "both" ? Object.keys(browsers) : [options.browser];
if (!names.every((name) => Object.hasOwn(browsers, name))) {
  fail(`--browser must be both, ${Object.keys(browsers).join(" or ")}, not "${options.browser}"`, 2);
}

const server = await serve(await pageSite(), 0);
const busy = Array.from({ length: options.load }, () =>
  spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
);
try {
  for (const name of names) await measure(name);
} finally {
  for (const child of busy) child.kill();
  await server.close();
}

async function measure(which) {
  const { browser, name } = await browsers[which]();
  const times = [];
  let restarted = 0;
  const hung = [];
  try {
    for (let run = 1; run <= options.runs; run++) {
      await browser.goto(`${server.url}?run=${run}${LINK}`);
      const { milliseconds, phase, notice } = await browser.evaluate(train, [
        options.threads,
        1000 * options.limit,
      ]);
      if (phase === "done") times.push(milliseconds);
      else hung.push(`run ${run}: ${phase}`);
      if (notice) restarted += 1;
      process.stderr.write(`\r${name}: ${run} of ${options.runs} `);
    }
  } finally {
    await browser.close();
  }
  process.stderr.write("\n");
  const sorted = times.toSorted((a, b) => a - b);
  const seconds = (time) => (time === undefined ? "never" : `${(time / 1000).toFixed(1)} s`);
  console.log(
    `${name}, ${options.load} busy processes: ${options.runs} starts of ${options.threads} threads, ${hung.length} hung, ${restarted} started again by the watchdog; click to done: median ${seconds(sorted[sorted.length >> 1])}, slowest ${seconds(sorted.at(-1))}`,
  );
  for (const line of hung) console.log(`  ${line}`);
  if (hung.length > 0) process.exitCode = 1;
}

/** Runs on the page. */
async function train([threads, limit]) {
  Object.defineProperty(navigator, "hardwareConcurrency", { value: threads + 1 });
  const find = async (selector, end) => {
    let found = document.querySelector(selector);
    while (!found && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = document.querySelector(selector);
    }
    return found;
  };
  (await find(".controls button.main:enabled", performance.now() + limit))?.click();
  const start = performance.now();
  const done = await find('[data-phase="done"]', start + limit);
  return {
    milliseconds: performance.now() - start,
    phase: done ? "done" : (document.querySelector("[data-phase]")?.dataset.phase ?? "no page"),
    notice: document.querySelector('[role="tabpanel"] [role="status"]')?.textContent ?? "",
  };
}

function fail(sentence, code = 1) {
  console.error(`page-starts.mjs: ${sentence}.`);
  process.exit(code);
}
