/*
 * How fast the explorer is, in headless Chromium: npm run bench:page [-- --network convnet] [--json]
 *
 * First view: from the start of loading to the first probabilities, served by this machine, nothing cached. Stroke: from the
 * start of a frame with new points to the new probabilities on the page; and the processor time of the frame's scripts, which
 * is the same on a machine that others share. Selecting: from the click to the new sum. Layout is part of what the clock says.
 * The first second: see pageFirst.mjs; --only first measures nothing else. Training: see pageTraining.mjs. Before anything is
 * timed, the probabilities on the page are compared with the library's.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { digitPen, loadBatch, parseModel, softmax, trace } from "unravel-cnn";
import { withData } from "../packages/cli/dist/explore/data.js";
import { serve } from "../packages/cli/dist/explore/server.js";
import { pageSite } from "../packages/cli/dist/explore/site.js";
import { readArguments } from "../scripts/arguments.mjs";
import { firstAsText, measureFirst } from "./pageFirst.mjs";
import { measureTraining, trainingAsText } from "./pageTraining.mjs";
import { workDuring } from "./pageWork.mjs";

const RUNS = 30;
const options = readArguments({ network: "trained", only: "", json: false });

const program = process.env.UNRAVEL_BROWSER ?? "/usr/bin/chromium";
if (!existsSync(program)) {
  console.error(`There is no ${program}; set UNRAVEL_BROWSER to the program of a Chromium, Chrome or Edge.`);
  process.exit(1);
}
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
const server = await serve(withData(await pageSite()), 0);
const address = `${server.url}#network=${options.network}`;

try {
  const first = await measureFirst(browser, server.url);
  if (!options.json) console.log(firstAsText(first));
  if (options.only === "first") {
    if (options.json) console.log(JSON.stringify({ first }));
  } else await all(first);
} finally {
  await browser.close();
  await server.close();
}

async function all(first) {
  const loads = [];
  for (let run = 0; run < 5; run++) loads.push(await firstView());
  const { page } = await open();
  await checkNumbers(page);
  const stroke = summary(await page.evaluate(timeStrokes, RUNS));
  // on a page of its own: looking on takes time itself, and the same strokes once more would change nothing
  const second = await open();
  const { frames, tasks } = await workDuring(second.page, () => second.page.evaluate(timeStrokes, RUNS));
  await second.context.close();
  const result = {
    network: options.network,
    firstView: summary(loads),
    script: sizes(),
    stroke,
    strokeWork: summary(frames.sort((a, b) => b - a).slice(0, RUNS)),
    /** All that a point of it costs the page's own thread, painting included. */
    strokeTasks: tasks.reduce((sum, task) => sum + task, 0) / RUNS,
    select: summary(await page.evaluate(timeSelections, RUNS)),
  };
  if (!options.json) console.log(asText(result));
  const training = await measureTraining(browser, server.url, open);
  console.log(options.json ? JSON.stringify({ first, ...result, training }) : trainingAsText(training));
}

async function open(at = address) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    serviceWorkers: "block",
  });
  const page = await context.newPage();
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("fieldset data")) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        globalThis.firstView = performance.now();
      });
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(at);
  await page.waitForFunction(() => globalThis.firstView !== undefined);
  return { page, context };
}

async function firstView() {
  const { page, context } = await open();
  const time = await page.evaluate(() => globalThis.firstView);
  await context.close();
  return time;
}

/** No figure for a page that shows wrong numbers. */
async function checkNumbers(page) {
  if (options.network !== "trained") return;
  const bytes = readFileSync(new URL("../packages/explorer/assets/one-conv.safetensors", import.meta.url));
  const { model, parameters } = parseModel(new Uint8Array(bytes), "one-conv");
  const x = loadBatch(digitPen(0, "test").draw(3, 0), model.inputShape, [0], model.normalize);
  const right = softmax(trace(model, parameters, x, [3]).tensors["fc1.out"]).data;
  const shown = await page
    .locator("fieldset data")
    .evaluateAll((all) => all.map(({ value }) => Number(value)));
  if (shown.some((value, k) => value !== right[k])) throw new Error(`wrong probabilities: ${shown}`);
}

/** Runs on the page. */
async function timeStrokes(runs) {
  const pad = document.querySelector(".pad canvas");
  pad.setPointerCapture = () => {};
  const { left, top, width, height } = pad.getBoundingClientRect();
  const frame = () => new Promise(requestAnimationFrame);
  const point = (type, share) =>
    pad.dispatchEvent(
      new PointerEvent(type, {
        pointerId: 1,
        button: 0,
        bubbles: true,
        clientX: left + width * (0.2 + 0.6 * share),
        clientY: top + height * (0.5 + 0.3 * Math.sin(6 * share)),
      }),
    );
  const bars = document.querySelector("fieldset");
  const times = [];
  point("pointerdown", 0);
  for (let run = 1; run <= runs; run++) {
    await frame();
    let start = 0;
    const changed = new Promise((resolve) => {
      new MutationObserver((_, observer) => {
        observer.disconnect();
        document.body.getBoundingClientRect(); // layout is part of it
        resolve(performance.now());
      }).observe(bars, { subtree: true, attributes: true, characterData: true });
    });
    requestAnimationFrame(() => {
      // the page's own work comes after this in the same frame
      start = performance.now();
    });
    point("pointermove", run / runs);
    times.push((await changed) - start);
  }
  point("pointerup", 1);
  return times;
}

/** Runs on the page. */
async function timeSelections(runs) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    await new Promise(requestAnimationFrame);
    const maps = document.querySelectorAll('[data-picture^="conv1.out/"]');
    const map = maps[run % maps.length];
    const { left, top, width, height } = map.getBoundingClientRect();
    const start = performance.now();
    map.dispatchEvent(
      new MouseEvent("click", {
        bubbles: true,
        clientX: left + width * (0.2 + (0.6 * run) / runs),
        clientY: top + height / 2,
      }),
    );
    await Promise.resolve();
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times;
}

function sizes() {
  const dist = new URL("../packages/explorer/dist/", import.meta.url);
  const gzipped = (file) => gzipSync(readFileSync(new URL(`assets/${file}`, dist)), { level: 9 }).length;
  const scripts = readdirSync(new URL("assets/", dist)).filter((file) => file.endsWith(".js"));
  const first = scripts.filter((file) => readFileSync(new URL("index.html", dist), "utf8").includes(file));
  const total = (files) => files.reduce((sum, file) => sum + gzipped(file), 0);
  return { first: total(first), all: total(scripts) };
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], slowest: sorted.at(-1) };
}

function asText({ network, firstView, script, stroke, strokeWork, strokeTasks, select }) {
  const times = ({ median, slowest }) =>
    `${median.toFixed(1).padStart(7)} ms, slowest ${slowest.toFixed(1)} ms`;
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  return [
    `Network  ${network}, ${browser.version()}`,
    `First view              ${times(firstView)}`,
    `Stroke to probabilities ${times(stroke)}`,
    `  its processor time    ${times(strokeWork)}`,
    `  with painting         ${strokeTasks.toFixed(1).padStart(7)} ms, the mean`,
    `Selecting a cell        ${times(select)}`,
    `Script, gzipped         ${kilobytes(script.first)} at first, ${kilobytes(script.all)} with workers and the report`,
  ].join("\n");
}
