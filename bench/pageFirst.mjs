/*
 * The first second of the explorer, for bench/page.mjs, on a wide window and on a phone: until something is painted, until there
 * are numbers, how much of what is there moves afterwards, and how long the page can't react.
 *
 * First paint: First Contentful Paint, by the clock. Shift: Cumulative Layout Shift. Blocking: Total Blocking Time, what tasks of
 * the page's own thread take beyond 50 ms, from the first paint to a second after the numbers are there; once by the clock, which
 * counts what other programs take of a busy machine, too, and once by the processor time of that thread alone.
 */

const WINDOWS = [
  { name: "1440x900", viewport: { width: 1440, height: 900 } },
  { name: "360x740", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
];
const LONG = 50;
const QUIET = 1000;

/** @returns a row for each window: medians over the runs, in milliseconds */
export async function measureFirst(browser, url, runs = 5) {
  const rows = [];
  for (const { name, ...options } of WINDOWS) {
    const all = [];
    for (let run = 0; run < runs; run++) all.push(await load(browser, url, options));
    const medians = Object.keys(all[0]).map((what) => [what, median(all.map((one) => one[what]))]);
    rows.push({ window: name, ...Object.fromEntries(medians) });
  }
  return rows;
}

export function firstAsText(rows) {
  const time = (value) => `${value.toFixed(0).padStart(5)} ms`;
  return rows
    .map(
      ({ window, paint, paintProcessor, numbers, shift, blocking, blockingProcessor, processor }) =>
        `${window.padEnd(9)} first paint ${time(paint)} (${time(paintProcessor)} of the processor), numbers ${time(numbers)}, shift ${shift.toFixed(3)}, ` +
        `blocking ${time(blocking)} by the clock, ${time(blockingProcessor)} of the processor (${time(processor)} in all)`,
    )
    .join("\n");
}

async function load(browser, url, options) {
  const context = await browser.newContext({ ...options, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await browser.startTracing(page, {
    categories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
  });
  await page.goto(url);
  await page.waitForFunction(() => globalThis.numbersAt !== undefined);
  await page.waitForTimeout(QUIET);
  const seen = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    numbers: globalThis.numbersAt,
    shift: globalThis.shift,
    blocking: globalThis.blocking,
  }));
  const trace = JSON.parse((await browser.stopTracing()).toString());
  await context.close();
  const tasks = mainTasks(trace.traceEvents, url);
  const times = tasks.map(({ time }) => time);
  const sum = (all) => all.reduce((total, time) => total + time, 0);
  const over = (all) => all.reduce((sum, time) => sum + Math.max(0, time - LONG), 0);
  return {
    ...seen,
    blocking: over(seen.blocking.filter(([start]) => start >= seen.paint).map(([, time]) => time)),
    paintProcessor: sum(tasks.filter(({ isBefore }) => isBefore).map(({ time }) => time)),
    blockingProcessor: over(times),
    processor: sum(times),
  };
}

/** Runs in the page before anything of its own does. */
function watch() {
  globalThis.shift = 0;
  globalThis.blocking = [];
  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  observe("layout-shift", ({ value }) => {
    globalThis.shift += value;
  });
  observe("longtask", ({ startTime, duration }) => globalThis.blocking.push([startTime, duration]));
  new MutationObserver((_, observer) => {
    if (!document.querySelector("fieldset data")) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      globalThis.numbersAt = performance.now();
    });
  }).observe(document, { childList: true, subtree: true });
}

/**
 * The tasks of the thread that ran the scripts of the page at this address: their processor time in milliseconds, and whether they
 * began before the first paint.
 */
function mainTasks(events, url) {
  const script = events.find(({ name, args }) => name === "FunctionCall" && args.data?.url?.startsWith(url));
  const paint = events.find(({ pid, name }) => pid === script.pid && name === "firstContentfulPaint");
  return events
    .filter(({ pid, tid, name }) => pid === script.pid && tid === script.tid && name === "RunTask")
    .map(({ ts, tdur = 0 }) => ({ time: tdur / 1000, isBefore: ts < paint.ts }));
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
