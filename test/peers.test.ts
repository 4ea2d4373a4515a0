import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { onlyLong } from "./support/long.js";

// Plain JavaScript without types, like all of bench/.
const support = (name: string) => import(new URL(`../bench/peers/support/${name}.mjs`, import.meta.url).href);
const { readOptions, UsageError, usage } = await support("options");
const { cases } = await support("cases");
const { systems, refusal, programOptions } = await support("systems");
const { spreadOf, timesAsFast, tableOf, pageOf, measureOf, digits } = await support("table");

const caseOf = (name: string) => cases.find((one: { name: string }) => one.name === name);
const systemOf = (name: string) => systems.find((system: { name: string }) => system.name === name);

const folder = mkdtempSync(join(tmpdir(), "unravel-peers-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, "../bench/peers/run.mjs");
  // A home without data: what is measured with is made up.
  const env = { PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: folder, TMPDIR: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe("options of bench/peers", () => {
  test("without any, all cases and systems", () => {
    expect(readOptions([])).toMatchObject({
      cases,
      systems,
      rounds: 2,
      seconds: 1,
      install: true,
      json: false,
    });
  });

  test("unravel is always there, and the order is that of the definitions", () => {
    const { cases: chosen, systems: beside } = readOptions([
      "convnet",
      "lenet5",
      "--systems",
      "ort-web,pytorch",
    ]);
    expect(chosen.map(({ name }: { name: string }) => name)).toEqual(["lenet5", "convnet"]);
    expect(beside.map(({ name }: { name: string }) => name)).toEqual(["unravel", "pytorch", "ort-web"]);
  });

  test.each([
    [["lenet"], /no case "lenet"; there are one-conv-1, .*predict-convnet-1\.$/],
    [["--systems", "pytorch,tensorflow"], /no system "tensorflow"; there are unravel, /],
    [["--rounds", "0"], /^--rounds must be a whole number from 1, not "0"\.$/],
    [["--rounds", "1.5"], /^--rounds must/],
    [["--threads", "-1x"], /--threads/],
    [["--seconds", "long"], /^--seconds must be a number above 0, not "long"\.$/],
    [["--seconds", "Infinity"], /^--seconds must/],
    [["--limit", "-3"], /--limit/],
    [["--optimizer", "lion"], /^--optimizer must be sgd or adam, not "lion"\.$/],
    [["--fast"], /'--fast'.*--help shows all options\.$/],
    [["--out"], /--out.*--help/],
  ])("%j is refused in one sentence", (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
    try {
      readOptions(args);
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
    }
  });

  test("the help names all cases and systems", () => {
    for (const { name } of cases) expect(usage).toContain(name);
    for (const { name } of systems.slice(1)) expect(usage).toContain(name);
  });
});

describe("systems of bench/peers", () => {
  test("each has a program that is there", () => {
    for (const { variants } of systems) {
      for (const { args } of Object.values(variants) as { args: string[] }[])
        expect(existsSync(args[0])).toBe(true);
    }
  });

  test("each npm package is in package.json and in the lock file, which names no registry", () => {
    const read = (name: string) => readFileSync(join(import.meta.dirname, "../bench/peers", name), "utf8");
    const { optionalDependencies } = JSON.parse(read("package.json"));
    const lock = read("package-lock.json");
    for (const { needs } of systems) {
      if (!needs?.package) continue;
      expect(optionalDependencies).toHaveProperty([needs.package]);
      expect(lock).toContain(`"node_modules/${needs.package}"`);
    }
    expect(lock).not.toContain('"resolved": "http');
  });

  test("refuse what they are not for", () => {
    expect(refusal(systemOf("ort-web"), caseOf("lenet5"))).toBe("only predicts");
    expect(refusal(systemOf("ort-web"), caseOf("predict-lenet5"))).toBeUndefined();
    expect(refusal(systemOf("numpy-loops"), caseOf("one-conv-8"))).toBeUndefined();
    expect(refusal(systemOf("numpy-loops"), caseOf("lenet5"))).toMatch(/one-conv only/);
    expect(refusal(systemOf("tfjs-wasm"), { ...caseOf("lenet5"), optimizer: "adam" })).toMatch(/SGD/);
    expect(refusal(systemOf("pytorch"), { ...caseOf("lenet5"), optimizer: "adam" })).toBeUndefined();
  });

  test("slow ones get fewer images and smaller batches", () => {
    const context = { seconds: 1, threads: 2, weights: "w" };
    const slow = programOptions(systemOf("tfjs-cpu"), caseOf("convnet"), context).join(" ");
    expect(slow).toContain("--batch-size 1 --images 1 --model convnet");
    const fast = programOptions(systemOf("pytorch"), caseOf("convnet"), context).join(" ");
    expect(fast).toContain("--batch-size 128 --model convnet --mode train --threads 2");
    expect(fast).not.toContain("--images");
    const plain = programOptions(systemOf("numpy-im2col"), caseOf("one-conv-1"), context);
    expect(plain).toEqual(["--seconds", "1", "--batch-size", "1", "--filters", "1"]);
  });
});

describe("tables of bench/peers", () => {
  test("median, fastest and slowest, whichever way is better", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, fastest: 1, slowest: 3 });
    expect(spreadOf([3, 1, 2, 4], "more")).toEqual({ median: 2.5, fastest: 4, slowest: 1 });
    expect(spreadOf([10, 9, 100])).toEqual({ median: 10, fastest: 9, slowest: 100 });
  });

  test("above 1 means that unravel is faster", () => {
    expect(timesAsFast(2, 6, "less")).toBe(3);
    expect(timesAsFast(900, 300, "more")).toBe(3);
    expect(measureOf(caseOf("lenet5"))).toMatchObject({ key: "secondsPerEpoch", better: "less" });
    expect(measureOf(caseOf("predict-lenet5"))).toMatchObject({ key: "imagesPerSecond", better: "more" });
    expect(measureOf(caseOf("predict-lenet5-1"))).toMatchObject({ key: "milliseconds", better: "less" });
  });

  test("numbers have three digits", () => {
    expect([0.06049, 1.234, 12.34, 123.4, 43295.9].map(digits)).toEqual([
      "0.0605",
      "1.23",
      "12.3",
      "123",
      "43,296",
    ]);
  });

  const rows = [
    { label: "unravel", version: "0.1.0", threads: 2, values: [1, 2, 3], images: 60_000 },
    { label: "Slow", version: "9", threads: 1, values: [50, 30, 40], images: 64, note: "in batches of 4" },
    { label: "Absent", skipped: "not installed" },
  ];
  const table = tableOf(caseOf("lenet5"), rows, [{ label: "onnx", reason: "only predicts" }]);

  test("a case is a heading, a row for each system, and who is not in it", () => {
    expect(table.split("\n")).toEqual([
      "### Training lenet5, batches of 64",
      "",
      "| system | seconds for 60,000 images | unravel is | threads | images timed |",
      "|---|---|---|---|---|",
      "| unravel 0.1.0 | 2.00 (1.00 to 3.00) |  | 2 | 60,000 |",
      "| Slow 9 | 40.0 (30.0 to 50.0) | 20.0x as fast | 1 | 64, in batches of 4 |",
      "| Absent | not measured: not installed |  |  |  |",
      "",
      "Not here: onnx (only predicts).",
    ]);
  });

  test("where unravel could not be measured there are no ratios", () => {
    const without = tableOf(caseOf("lenet5"), [{ label: "unravel", skipped: "broken" }, rows[1]]);
    expect(without).toContain("| unravel | not measured: broken |");
    expect(without).not.toContain("as fast");
  });

  test("the page says on what machine, with which command", () => {
    const page = pageOf({
      ...{ machine: "A processor", threads: 2, rounds: 1, seconds: 1, optimizer: "sgd", load: 0.25 },
      ...{ data: "Made-up images", command: "node x", tables: [table] },
    });
    for (const part of ["A processor, 2 threads", "`node x`", "Made-up images", "0.3 threads", table]) {
      expect(page).toContain(part);
    }
  });
});

describe("bench/peers/run.mjs", () => {
  test("a mistake is one sentence, and nothing is measured", async () => {
    const { code, stdout, stderr } = await run("lenet", "--json");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^There is no case "lenet"[^\n]*\.\n$/);
  });

  onlyLong(test)("measures without any peer, and says why the others are not there", async () => {
    const out = join(folder, "table.md");
    const args = ["one-conv-8", "predict-lenet5-1", "--systems", "pytorch", "--no-install"];
    const rest = ["--python", join(folder, "none"), "--rounds", "1", "--seconds", "0.05", "--threads", "1"];
    const { code, stdout, stderr } = await run(...args, ...rest, "--out", out, "--json");
    expect(stderr).toContain("one-conv-8, round 1 of 1: unravel");
    expect(code).toBe(0);
    const { results, data } = JSON.parse(stdout);
    expect(data).toMatch(/^Made-up images/);
    const [training, predicting] = results;
    for (const { rows } of results) expect(rows[0].values.every((value: number) => value > 0)).toBe(true);
    const [first] = training.rows[0].results;
    expect(first.lossAfter).toBeLessThan(0.9 * first.lossBefore);
    expect(predicting.rows[0].results[0].probabilities).toHaveLength(10);
    expect(training.rows[1].skipped).toMatch(/import torch; --python names another$/);
    const page = readFileSync(out, "utf8");
    expect(page).toContain("### Predicting one image with lenet5");
    expect(readdirSync(folder).filter((name) => name.startsWith("unravel-peers-"))).toEqual([]);
  });

  test("refuses probabilities that are not the textbook's", async () => {
    const { checkProbabilities } = await support("rounds");
    expect(() => checkProbabilities([0.2, 0.8], [0.2005, 0.7995])).not.toThrow();
    expect(() => checkProbabilities([0.2, 0.8], [0.25, 0.75])).toThrow(/differ by up to 0\.05/);
    expect(() => checkProbabilities([0.2, Number.NaN], [0.2, 0.8])).toThrow(/differ/);
  });
});
