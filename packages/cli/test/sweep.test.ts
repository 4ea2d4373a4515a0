import { appendFile, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { expect, test, vi } from "vitest";
import { few, LONG } from "../../../test/support/long.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { runTrial } from "../src/commands/sweep/runTrial.js";
import type { TrainOptions } from "../src/commands/train/options.js";
import { loadData } from "../src/data.js";
import { Progress } from "../src/terminal/progress.js";
import {
  ended,
  expectNoTrace,
  expectRefusal,
  scratchFolder,
  start,
  succeed,
  unravel,
} from "./support/cli.js";
import { useShapes } from "./support/shapes.js";
import { resultsIn, trialsIn, untilTrials, writeSweep } from "./support/sweeps.js";

/* `unravel sweep` with processes of this machine. */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 300, test: 60 });

const testOnLinux = testIfPresent(
  process.platform === "linux",
  "only Linux tells which processes a process started",
);

/** One process instead of one for each core, as commands in the process of the tests have it. */
const ALONE = ["--jobs", "1"];

/** Twelve trials that take a moment each. */
const twelve = (epochs = 2) => ({
  train: [...data(), "--model", "one-conv", "--epochs", String(epochs), "--strict"],
  vary: { filters: [1, 2], optimizer: ["sgd", "adam"], seed: [0, 1, 2] },
});

test("a sweep has a line for each trial, says which is best, and has nothing to do the second time", async () => {
  const file = await writeSweep(scratch("grid.json"), twelve());
  const out = scratch("grid.ndjson");
  const { stdout, stderr } = await succeed(["sweep", file, "--out", out], { cores: 2 });
  const lines = await trialsIn(out);

  expect(new Set(lines.map(({ trial }) => trial)).size).toBe(12);
  for (const line of lines) {
    expect(line).toMatchObject({ status: "done", problem: null, epochs: 2, data: "shapes" });
    expect(line.path).toEqual({ engine: "wasm", strict: true, convolution: "auto" });
    expect(line.validation?.accuracy).toBeGreaterThanOrEqual(0);
    expect(line.test?.loss).toBeGreaterThan(0);
  }
  const best = [...lines].sort((a, b) => (b.validation?.accuracy ?? 0) - (a.validation?.accuracy ?? 0))[0];
  expect(stdout).toContain(`12 trials done: ${out}`);
  expect(stdout).toMatch(/^Best: unravel train .*--filters=\d --optimizer=\w+ --seed=0$/m);
  expect(stdout).toMatch(new RegExp(`^${best.configuration} .*±\\d+\\.\\d\\d`, "m"));
  expectNoTrace(stderr);

  const before = await readFile(out, "utf8");
  const again = await succeed(["sweep", file, "--out", out, "--json"]);
  expect(JSON.parse(again.stdout)).toMatchObject({ trials: 12, done: 12, failed: 0, diverged: 0 });
  expect(await readFile(out, "utf8")).toBe(before);
});

test("a trial is what its command trains, on any number of threads", async () => {
  const file = await writeSweep(scratch("one.json"), { ...twelve(), vary: { filters: [3], seed: [5] } });
  await succeed(["sweep", file, "--out", scratch("one.ndjson"), "--quiet"]);
  const [line] = await trialsIn(scratch("one.ndjson"));
  const { stdout } = await succeed([...line.command.split(" ").slice(1), "--json", "--threads", "2"]);
  const { epochs, test: tested } = JSON.parse(stdout);

  expect(epochs.at(-1)).toMatchObject({
    ...line.training,
    valLoss: line.validation?.loss,
    valAccuracy: line.validation?.accuracy,
  });
  expect(tested).toMatchObject({ ...line.test });
});

test("trials that fail or diverge are results, and the sweep goes on", async () => {
  const file = await writeSweep(scratch("bad.json"), {
    ...twelve(1),
    vary: { "learning-rate": [0.01, 1e30], momentum: [0.5, null] },
  });
  const { stdout, stderr } = await succeed(["sweep", file, "--out", scratch("bad.ndjson")]);
  const lines = await trialsIn(scratch("bad.ndjson"));
  const statuses = [...lines].sort((a, b) => a.configuration - b.configuration).map(({ status }) => status);

  expect(statuses).toEqual(["failed", "done", "failed", "diverged"]);
  expect(stdout).toContain("1 trial done, 2 failed, 1 diverged");
  expect(stderr).toMatch(/^Trial 1-s0: --momentum goes with --optimizer sgd/m);

  const none = await writeSweep(scratch("none.json"), { ...twelve(1), vary: { momentum: [0.5] } });
  expectRefusal(
    await unravel(["sweep", none, "--out", scratch("none.ndjson"), "--quiet"]),
    1,
    /^No trial came to a result/,
  );
});

test("halving goes on from checkpoints to what a training without a break comes to", async () => {
  const train = [
    ...data(),
    "--model",
    "one-conv",
    "--filters",
    "1",
    "--epochs",
    "4",
    "--schedule",
    "cosine",
    "--strict",
  ];
  const vary = { "learning-rate": [0.0001, 0.001, 0.01, 0.1] };
  const file = await writeSweep(scratch("halving.json"), {
    train,
    vary,
    search: { type: "halving", factor: 2 },
  });
  const out = scratch("halving.ndjson");
  await succeed(["sweep", file, "--out", out]);
  const lines = await trialsIn(out);
  const rungs = [1, 2, 3].map((rung) => lines.filter((line) => line.rung === rung));

  expect(rungs.map(({ length }) => length)).toEqual([4, 2, 1]);
  expect(rungs.map(([{ epochs }]) => epochs)).toEqual([1, 2, 4]);
  expect(rungs.map(([line]) => line.test === null)).toEqual([true, true, false]);
  // each rung only what is left to its end
  expect(rungs.map((all) => all.map(({ run }) => run.trained))).toEqual([[1, 1, 1, 1], [1, 1], [2]]);
  const [winner] = rungs[2];
  const accuracy = (line: (typeof lines)[number]) => line.validation?.accuracy ?? 0;
  expect(rungs[1].every((line) => accuracy(line) <= Math.max(...rungs[1].map(accuracy)))).toBe(true);
  expect(await readdir(scratch())).not.toContain(`${basename(out)}.checkpoints`);

  const whole = await writeSweep(scratch("whole.json"), {
    train,
    vary: { "learning-rate": Object.values(winner.values) },
  });
  await succeed(["sweep", whole, "--out", scratch("whole.ndjson"), "--quiet"]);
  const [line] = await trialsIn(scratch("whole.ndjson"));
  expect(line.weights).toBe(winner.weights);
  expect([line.validation, line.test]).toEqual([winner.validation, winner.test]);
});

if (LONG)
  test("checkpoints of other sweeps, and those that have come too far, count for nothing", async () => {
    const train = [...data(), "--model", "one-conv", "--filters", "1", "--epochs", "4", "--strict"];
    const vary = { "learning-rate": [0.001, 0.01] };
    const search = { type: "halving", from: 2, factor: 2 };
    const file = await writeSweep(scratch("stale.json"), { train, vary, search });
    const out = scratch("stale.ndjson");
    await succeed(["sweep", file, "--out", out, "--quiet"]);
    const expected = await resultsIn(out);
    await rm(out);

    // the file of the trials is gone, and the folder of checkpoints is not, with one after epoch 1 of another training
    const load = (options: TrainOptions) =>
      loadData(options, "training on", new Progress(process.stderr, true), new AbortController().signal);
    const task = { words: [...train, "--learning-rate=0.1", "--seed=0"], allEpochs: 4 };
    const [near, far] = [scratch("near.safetensors"), scratch("far.safetensors")];
    const one = await runTrial({ ...task, epochs: 1, checkpoint: near }, load, () => {});
    await mkdir(`${out}.checkpoints`);
    await copyFile(near, scratch("stale.ndjson.checkpoints", "1-s0.safetensors"));
    await succeed(["sweep", file, "--out", out, "--quiet"]);
    expect(await resultsIn(out)).toEqual(expected);

    // one that has come just so far is of a trial whose result was lost
    expect(await runTrial({ ...task, epochs: 1, checkpoint: near }, load, () => {})).toEqual(one);
    expect(await runTrial({ ...task, epochs: 2, checkpoint: far }, load, () => {})).toMatchObject({
      trained: 2,
    });
    expect(await runTrial({ ...task, epochs: 1, checkpoint: far }, load, () => {})).toEqual(one);
  });

test("a sweep that was killed goes on: nothing is lost, nothing twice, a torn line is taken away", async () => {
  const vary = { filters: [1, 2], seed: few([0, 1, 2], [0, 1, 2, 3]) };
  const file = await writeSweep(scratch("killed.json"), { ...twelve(40), vary });
  const [out, whole] = [scratch("killed.ndjson"), scratch("unkilled.ndjson")];
  await succeed(["sweep", file, "--out", whole, "--quiet"]);
  const child = start(["sweep", file, "--out", out, ...ALONE]); // several are left when it is killed, one after the other
  const end = ended(child);
  await untilTrials(out, few(1, 2));
  child.kill("SIGKILL");
  await end;
  const kept = await trialsIn(out);
  expect(kept.length).toBeLessThan(few(6, 8));
  await appendFile(out, '{"sweep":"torn');

  await succeed(["sweep", file, "--out", out, "--quiet"]);
  expect((await trialsIn(out)).slice(0, kept.length)).toEqual(kept);
  expect(await resultsIn(out)).toEqual(await resultsIn(whole));
});

testOnLinux("a trial whose process is killed is done again, to the same result", async () => {
  const vary = { filters: [2], seed: [0] };
  const file = await writeSweep(scratch("lost.json"), { ...twelve(60), vary });
  const [out, whole] = [scratch("lost.ndjson"), scratch("unlost.ndjson")];
  await succeed(["sweep", file, "--out", whole, "--quiet"]);
  const child = start(["sweep", file, "--out", out, ...ALONE]);
  const end = ended(child);
  const pid = await vi.waitUntil(
    async () =>
      Number((await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")).split(" ")[0]) ||
      undefined,
    { timeout: 20_000, interval: 5 },
  );
  process.kill(pid, "SIGKILL");
  expect(await end).toMatchObject({ code: 0 });

  const [line] = await trialsIn(out);
  expect(line.run.attempts).toBe(2);
  expect(await resultsIn(out)).toEqual(await resultsIn(whole));
});

test("Ctrl-C ends a sweep with what it has, and leaves no process", async () => {
  const file = await writeSweep(scratch("stopped.json"), twelve(60));
  const out = scratch("stopped.ndjson");
  const child = start(["sweep", file, "--out", out, ...ALONE]);
  const end = ended(child);
  await untilTrials(out, 1);
  child.kill("SIGINT");
  const { code, stderr } = await end;

  expect(code).toBe(130);
  expect(stderr).toMatch(
    /interrupted; \d+ trials? (is|are) kept in .*stopped\.ndjson; the same command goes on\.\n$/,
  );
  expect(await readdir(scratch())).not.toContain("stopped.ndjson.lock");
});

test("results of another sweep, or of nothing like it, stay as they are", async () => {
  const file = await writeSweep(scratch("mine.json"), { ...twelve(1), vary: { filters: [1] } });
  const other = await writeSweep(scratch("theirs.json"), { ...twelve(1), vary: { filters: [2] } });
  const out = scratch("mine.ndjson");
  await succeed(["sweep", file, "--out", out, "--quiet"]);
  const before = await readFile(out, "utf8");
  expectRefusal(await unravel(["sweep", other, "--out", out]), 2, /holds trials of another sweep/);
  expect(await readFile(out, "utf8")).toBe(before);

  await writeFile(scratch("notes.ndjson"), "my notes\n");
  expectRefusal(
    await unravel(["sweep", file, "--out", scratch("notes.ndjson")]),
    2,
    /is not a sweep's trials/,
  );
  await writeFile(`${out}.lock`, String(process.ppid));
  expectRefusal(await unravel(["sweep", file, "--out", out]), 2, /being written by another sweep/);
  await rm(`${out}.lock`);
});

test("the time of a budget ends a sweep, which says that it can't be reproduced", async () => {
  const file = await writeSweep(scratch("time.json"), {
    ...twelve(1),
    vary: { "learning-rate": { from: 0.001, to: 0.1, scale: "log" } },
    search: "random",
    budget: { minutes: 0.01 },
  });
  const { stderr } = await succeed(["sweep", file, "--out", scratch("time.ndjson")]);

  expect(stderr).toContain("it can't be reproduced");
  expect(stderr).toContain("The time is over");
  expect((await trialsIn(scratch("time.ndjson"))).length).toBeGreaterThan(0);
});

test("the report ranks configurations, and says which option mattered", async () => {
  const file = await writeSweep(scratch("told.json"), {
    ...twelve(3),
    vary: { "learning-rate": [1e-6, 0.01], filters: [1, 2], seed: [0, 1] },
  });
  const out = scratch("told.ndjson");
  await succeed(["sweep", file, "--out", out, "--quiet"]);
  const [svg, html] = [scratch("told.svg"), scratch("told.html")];
  const { stdout } = await succeed(["sweep", "report", out, "--svg", svg, "--html", html]);

  for (const line of stdout
    .split("\n")
    .filter((one) => !one.includes("unravel train") && !one.startsWith("Wrote"))) {
    expect(line.length, line).toBeLessThanOrEqual(80);
  }
  expect(stdout).toMatch(/^learning-rate +\d\d% +0\.01 \(/m);
  const { configurations, options } = JSON.parse((await succeed(["sweep", "report", out, "--json"])).stdout);
  expect(configurations).toHaveLength(4);
  expect(configurations[0].values["learning-rate"]).toBe(0.01);
  expect(options[0].name).toBe("learning-rate");
  const drawing = await readFile(svg, "utf8");
  expect(drawing.match(/<circle class="(best|rest)"/g)).toHaveLength(8 * 3); // learning-rate, filters, seed
  expect(drawing.match(/<path class="line-(best|rest)"/g)).toHaveLength(8);
  const page = await readFile(html, "utf8");
  expect(page.match(/<circle class="(best|rest)"/g)).toHaveLength(8 * 3);
  expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  expectRefusal(await unravel(["sweep", "report", scratch("nothing.ndjson")]), 2, /has no trial/);
  await appendFile(file, "\n");
  expectRefusal(await unravel(["sweep", "report", file]), 2, /this is no trial of a sweep/);
});
