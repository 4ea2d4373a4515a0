import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { testIfPresent } from "../../../test/support/needs.js";
import { ended, expectRefusal, said, scratchFolder, start, succeed, unravel } from "./support/cli.js";

/*
 * What `unravel bench` prints. How large the figures are is the machine's affair.
 */

const scratch = scratchFolder();

/** A network that takes no time. */
const TINY = {
  input: [1, 6, 6],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3 },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
};

async function tiny(): Promise<string> {
  const path = scratch("tiny.json");
  await writeFile(path, JSON.stringify(TINY));
  return path;
}

const QUICK = ["--quick", "--seconds", "0.05"];

/** A number above 0. */
const positive = {
  asymmetricMatch: (value: unknown) => typeof value === "number" && value > 0 && value < 1e12,
};

test("--json: machine, peak, and for each network its kernels, training, start-up and compiling", async () => {
  const model = await tiny();
  const { stdout } = await succeed([
    "bench",
    model,
    ...QUICK,
    "--batch-size",
    "20",
    "--threads",
    "2",
    "--json",
  ]);

  expect(stdout.endsWith("}\n")).toBe(true);
  const { models, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({
    machine: {
      cpu: expect.stringMatching(/./),
      cores: positive,
      node: process.version,
      v8: process.versions.v8,
      relaxed: expect.any(Boolean),
      load: expect.any(Number),
    },
    threads: 2,
    strict: !rest.machine.relaxed,
    convolution: "auto",
    peak: { one: positive, all: positive },
  });
  expect(models).toHaveLength(1);
  const [{ kernels, ...figures }] = models;
  expect(figures).toEqual({
    model,
    batchSize: 20,
    optimizer: "adam",
    parameters: 20 + 99,
    multiplyAddsPerImage: 2 * 288 + 3 * 96,
    training: {
      imagesPerSecond: positive,
      slowest: positive,
      fastest: positive,
      images: positive,
      repetitions: 3,
      gflops: positive,
      computedGflops: positive,
      shareOfPeak: positive,
    },
    startUp: { firstStepMs: positive, fastestMs: positive, slowestMs: positive, starts: 1 },
    compile: { generateMs: positive, compileMs: positive, bytes: positive },
  });
  const withWork = kernels.filter(({ gflops }: { gflops: number | null }) => gflops !== null);
  for (const { name, microseconds } of kernels) expect(microseconds, name).toEqual(positive);
  expect(withWork.map(({ name }: { name: string }) => name)).toEqual([
    "conv1.forward",
    "fc1.forward",
    "fc1.parameterGradients",
    "fc1.inputGradient",
    "conv1.parameterGradients",
  ]);
  for (const { gflops, shareOfPeak } of withWork) expect([gflops, shareOfPeak]).toEqual([positive, positive]);
});

test("for people: within 80 columns, the figures on stdout, on one thread of the strict path", async () => {
  const model = await tiny();
  const { stdout, stderr } = await succeed(["bench", model, ...QUICK, "--threads", "1", "--strict"]);

  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(stdout).toMatch(/^Machine {3}\S.*, \d+ cores?\n {10}Node [\d.]+, V8 \S+, strict\n/);
  expect(stdout).toMatch(/^Peak {6}\d+\.\d GFLOP\/s on one thread$/m);
  expect(stdout).toMatch(/^tiny\.json: batches of 64, adam, 1 thread$/m);
  expect(stdout).toMatch(/^kernel +us for 8 images +of the time +GFLOP\/s +of the peak$/m);
  expect(stdout).toMatch(/^conv1\.forward +\d+\.\d+ +\d+% +\d+\.\d +\d+%$/m);
  expect(stdout).toMatch(
    /^Training {2}[\d,]+ images\/s \([\d,]+ to [\d,]+\), \d+\.\d GFLOP\/s: \d+% of the peak$/m,
  );
  expect(stdout).toMatch(/^Start-up {2}\d+ ms from process start to first step/m);
  expect(stdout).toMatch(/^Compile {3}\S+ ms to generate [\d,]+ bytes, \S+ ms WebAssembly\.compile$/m);
  expect(stderr).toBe(`Measuring ${model}; for good figures nothing else should run.\n`);
});

describe("no", () => {
  test.concurrent.each([
    [["no-such-net"], /no built-in model "no-such-net"/],
    [["one-conv", "missing.json"], /missing\.json/],
    [["--threads", "0"], /--threads must be a whole number from 1 to 256/],
    [["--engine", "webgpu", "--threads", "2"], /--threads goes with --engine wasm/],
    [["--engine", "webgpu", "--strict"], /--strict goes with --engine wasm/],
    [["--engine", "reference"], /--engine must be/],
    [["--seconds", "0"], /--seconds must be a number above 0/],
  ] as const)("%j", async (args, message) => {
    expectRefusal(await unravel(["bench", ...args]), 2, message);
  });
});

testIfPresent(process.platform !== "win32", "Windows has no signals")(
  "an interrupt ends it, with nothing on stdout",
  async () => {
    const child = start(["bench", await tiny(), "--seconds", "600"]);
    const end = ended(child);
    await said(child.stderr, /\S/);
    child.kill("SIGINT");
    expect(await end).toMatchObject({ code: 130, stdout: "" });
  },
);
