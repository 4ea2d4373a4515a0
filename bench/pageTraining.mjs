import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { workDuring } from "./pageWork.mjs";

/*
 * How well the explorer trains, for bench/page.mjs: one-conv with the default settings, on MNIST where the server has it,
 * else on drawn digits.
 *
 * Long tasks: what keeps the page's own thread for more than 50 ms while it trains with the default threads, by the clock and in
 * processor time. Pause: from
 * the click to the page that says so. Speed: images of ten epochs by the clock, with everything that is drawn meanwhile,
 * with all cores, beside the command line's training alone before and after it. Memory: of the process of the page, after
 * two epochs and after ten.
 */

const PAUSES = 10;
const EPOCHS = 10;
const COMMAND = fileURLToPath(new URL("../packages/cli/bin/unravel.js", import.meta.url));

/** @param open gives a page at an address, waiting until it shows numbers */
export async function measureTraining(browser, url, open) {
  const list = await (await fetch(`${url}datasets.json`)).json();
  const data = list.some(({ name }) => name === "mnist") ? "mnist" : "digits";
  const images = data === "mnist" ? 60_000 : 10_000;
  const link = `tab=train&data=${data}&images=${images}&validation=0`;
  const answers = await pauses(await open(`${url}#${link}&epochs=1000`));
  const before = await commandLine(data, images);
  const trained = await tenEpochs(browser, await open(`${url}#${link}&epochs=${EPOCHS}`), images);
  const after = await commandLine(data, images);
  const command = (before + after) / 2;
  return { data, images, ...answers, ...trained, command, share: trained.imagesPerSecond / command };
}

/** Images a second of the command line: the median of its epochs. */
async function commandLine(data, images) {
  const options = [
    "--data",
    data,
    "--offline",
    "--limit",
    String(images),
    "--epochs",
    "5",
    "--json",
    "--quiet",
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, "train", ...options]);
  const speeds = JSON.parse(stdout).epochs.map(({ imagesPerSecond }) => imagesPerSecond);
  return speeds.sort((a, b) => a - b)[speeds.length >> 1];
}

/** Trains with the default threads and pauses now and then. */
async function pauses({ page, context }) {
  await page.getByRole("button", { name: "Play" }).click();
  await page.locator('[data-phase="running"]').waitFor({ timeout: 300_000 });
  await page.waitForTimeout(1000);
  const { result, tasks } = await workDuring(page, () => page.evaluate(playAndPause, PAUSES));
  await context.close();
  return { ...result, work: tasks.filter((task) => task > 50).length, mostWork: Math.max(...tasks) };
}

/** Runs on the page. */
async function playAndPause(count) {
  const long = [];
  const observer = new PerformanceObserver((entries) => {
    for (const { duration } of entries.getEntries()) long.push(duration);
  });
  observer.observe({ type: "longtask" });
  const button = (name) =>
    [...document.querySelectorAll(".controls button")].find((one) => one.textContent.includes(name));
  const phase = (wanted) =>
    new Promise((resolve) => {
      const look = () => {
        if (document.querySelector("[data-phase]").dataset.phase !== wanted) return false;
        watcher.disconnect();
        resolve(performance.now());
        return true;
      };
      const watcher = new MutationObserver(look);
      watcher.observe(document.querySelector(".controls"), {
        subtree: true,
        attributes: true,
        childList: true,
      });
      look();
    });
  const times = [];
  for (let k = 0; k < count; k++) {
    await new Promise((resolve) => setTimeout(resolve, 1000 + 37 * k));
    const start = performance.now();
    button("Pause").click();
    times.push((await phase("paused")) - start);
    await new Promise((resolve) => setTimeout(resolve, 300));
    button("Play").click();
    await phase("running");
  }
  observer.disconnect();
  return { pauses: times, longTasks: long };
}

/** Trains for ten epochs with all cores. */
async function tenEpochs(browser, { page, context }, images) {
  const all = page.getByRole("checkbox", { name: /^use all \d+ cores/ });
  if (await all.count()) await all.check();
  await page.getByRole("button", { name: "One epoch" }).click(); // loads and warms up
  await page.locator('[data-phase="paused"]', { hasText: "Epoch 2" }).waitFor({ timeout: 300_000 });
  const start = performance.now();
  await page.getByRole("button", { name: "Play" }).click();
  let early;
  const done = page.locator('[data-phase="done"]');
  while ((await done.count()) === 0) {
    await page.waitForTimeout(250);
    const text = await page.locator("[data-phase]").innerText();
    if (early === undefined && text.startsWith("Epoch 3")) early = await memoryOf(browser, page);
  }
  const seconds = (performance.now() - start) / 1000;
  const memory = { early, late: await memoryOf(browser, page) };
  await context.close();
  return { imagesPerSecond: ((EPOCHS - 1) * images) / seconds, memory };
}

/** MiB of the largest page's process; undefined where the system doesn't tell (not Linux). */
async function memoryOf(browser, page) {
  const own = await page.context().newCDPSession(page);
  await own.send("HeapProfiler.collectGarbage"); // else it counts what nobody needs any more
  await own.detach();
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  try {
    const sizes = processInfo
      .filter(({ type }) => type === "renderer")
      .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]) / 1024);
    return Math.max(...sizes);
  } catch {
    return undefined;
  }
}

export function trainingAsText(measured) {
  const { data, images, pauses, longTasks, work, mostWork, imagesPerSecond, command, share, memory } =
    measured;
  const whole = (value) => Math.round(value).toLocaleString("en-US");
  const mebibytes = (value) => (value === undefined ? "unknown" : `${whole(value)} MiB`);
  const sorted = pauses.toSorted((a, b) => a - b);
  const longest = longTasks.length === 0 ? "" : `, the longest ${whole(Math.max(...longTasks))} ms`;
  return [
    `Training                one-conv, 8 filters, on ${whole(images)} images (${data})`,
    `Tasks above 50 ms       ${longTasks.length}${longest}`,
    `  of processor time     ${work}, the longest ${mostWork.toFixed(1)} ms`,
    `Click to pause          ${sorted[sorted.length >> 1].toFixed(1).padStart(7)} ms, slowest ${sorted.at(-1).toFixed(1)} ms`,
    `All cores               ${whole(imagesPerSecond)} images/s, ${(100 * share).toFixed(0)}% of the command line's ${whole(command)}`,
    `Memory                  ${mebibytes(memory.early)} after 2 epochs, ${mebibytes(memory.late)} after ${EPOCHS}`,
  ].join("\n");
}
