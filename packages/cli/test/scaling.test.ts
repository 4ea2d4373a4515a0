import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../test/support/long.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { ended, expectRefusal, said, scratchFolder, start, succeed, unravel } from "./support/cli.js";

/*
 * What `unravel scaling` prints. How large the times are is the machine's affair.
 */

const scratch = scratchFolder();

/** A network that takes no time. */
const TINY = {
  input: [1, 6, 6],
  layers: [{ type: "conv2d", filters: 2, kernel: 3 }, { type: "flatten" }, { type: "dense", units: 3 }],
};

const QUICK = ["--seconds", "0.02"];

/** A number above 0. */
const positive = {
  asymmetricMatch: (value: unknown) => typeof value === "number" && value > 0 && value < 1e12,
};

/** Multiply-adds of a training step of one-conv with one filter: 26 x 26 x 9 twice, 1,690 three times. */
const ONE_FILTER = 2 * 6084 + 3 * 1690;

test("--json: machine, settings, a point for each value, line, power, exponential, answer", async () => {
  const args = ["scaling", "--filters", "4,1,2", "--batch-size", "16", "--images", "1000", "--threads", "2"];
  const { stdout } = await succeed([...args, ...QUICK, "--optimizer", "sgd", "--seed", "3", "--json"]);

  expect(stdout.endsWith("}\n")).toBe(true);
  const { points, exponential, answer, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({
    machine: expect.objectContaining({ cpu: expect.any(String), cores: positive, node: process.version }),
    sweep: "filters",
    model: "one-conv",
    settings: { batchSize: 16, images: 1000, threads: 2 },
    engine: "wasm",
    optimizer: "sgd",
    strict: !rest.machine.relaxed,
    convolution: "auto",
    seed: 3,
    secondsPerPoint: 0.02,
    line: {
      offset: expect.any(Number),
      slope: expect.any(Number),
      over: "value",
      largestError: expect.any(Number),
    },
    power: { factor: positive, exponent: expect.any(Number), from: 1, to: 4 },
  });
  expect(points).toEqual(
    [1, 2, 4].map((value) => ({
      value,
      multiplyAddsPerEpoch: 1000 * value * ONE_FILTER,
      secondsPerEpoch: positive,
      fastest: positive,
      slowest: positive,
      imagesTimed: positive,
      gflops: positive,
    })),
  );
  const [a, b] = points;
  if (b.secondsPerEpoch > a.secondsPerEpoch) {
    const { predicted } = exponential;
    expect(predicted / (a.secondsPerEpoch * (b.secondsPerEpoch / a.secondsPerEpoch) ** 3)).toBeCloseTo(1, 9);
  } else expect(exponential).toBeUndefined();
  expect(answer[0]).toMatch(/^Twice the filters take \d+\.\d\d times as long/);
});

test("for people: table, plot and answer within 80 columns, the picture in its file", async () => {
  const out = scratch("scaling.svg");
  const { stdout, stderr } = await succeed([
    "scaling",
    "--filters",
    "1,2,4,8",
    ...QUICK,
    "--threads",
    "1",
    "--strict",
    "--out",
    out,
  ]);

  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain("\x1b");
  expect(stdout).toMatch(/^Machine {3}\S.*, \d+ cores?\n {10}Node [\d.]+, V8 \S+, strict\n/);
  expect(stdout).toMatch(/^Training {2}one-conv, batches of 32, 60,000 images, 1 thread, adam, wasm$/m);
  expect(stdout).toMatch(
    /^ +million +compared +seconds +fastest to +compared\nfilters +multiply-adds +with 1 +an epoch +slowest +with 1 +GFLOP\/s$/m,
  );
  expect(stdout).toMatch(/^ +8 +8,274 +8\.00 +\S+ +\S+ to \S+ +\S+ +\S+$/m);
  const plot = stdout.split("\n").filter((line) => /^ *[\d.]* \|/.test(line));
  expect(plot).toHaveLength(16);
  expect(plot.join("").match(/o/g), "a mark for each point").toHaveLength(4);
  expect(plot.join("")).toContain("...");
  expect(stdout).toMatch(/^ +1 +2 +4 +8$/m);
  expect(stdout).toMatch(/\n\nTwice the filters take [\s\S]+\nAn epoch takes |Twice the filters/);
  const said = stderr.replace(/^Measuring +\d+%.*\n/gm, ""); // where it takes longer, how far it is
  expect(said).toBe(`Measuring 4 points for about 0.02 s each; nothing else should run.\nWrote ${out}\n`);
  const svg = await readFile(out, "utf8");
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  expect(svg).toContain("one-conv, batches of 32, 60,000 images, 1 thread, adam, wasm");
});

describe("what changes", () => {
  const rows: [string, string, number[]][] = [
    ["--batch-size 1,8 --filters 1", "batch-size", [1, 8]],
    ["--images 20,50 --filters 1", "images", [20, 50]],
    ["--threads 1,2 --filters 1", "threads", [1, 2]],
    ["--kernel 1,4 --filters 1", "kernel", [1, 4]],
    ["--sweep images --images 30,10,30 --model net.json", "images", [10, 30]],
    [
      "--sweep batch-size --images 50 --engine reference --model net.json",
      "batch-size",
      [1, 2, 4, 8, 16, 32, 64, 128],
    ],
  ];
  test.concurrent.each(sampleOf(rows, 2))("%s", async (args, sweep, values) => {
    await writeFile(scratch("net.json"), JSON.stringify(TINY));
    const { stdout } = await succeed(["scaling", ...args.split(" "), "--seconds", "0.01", "--json"], {
      cwd: scratch(),
    });
    const { points, settings, ...rest } = JSON.parse(stdout);
    expect(rest.sweep).toBe(sweep);
    expect(points.map(({ value }: { value: number }) => value)).toEqual(values);
    expect(Object.keys(settings)).not.toContain(sweep === "batch-size" ? "batchSize" : sweep);
  });
});

test("--quiet: the answer alone", async () => {
  const { stdout, stderr } = await succeed([
    "scaling",
    "--batch-size",
    "8,16",
    "--filters",
    "1",
    ...QUICK,
    "--quiet",
  ]);
  expect(stdout).toMatch(/^Batches twice as large take \d+\.\d\d times as long/);
  expect(stderr).toBe("");
});

describe("no", () => {
  const rows: [string, RegExp][] = [
    ["lenet5", /^scaling takes options only, not "lenet5"/],
    ["--sweep colours", /^--sweep must be filters, kernel, batch-size, images or threads, not "colours"\.$/],
    ["--filters 1,x", /^--filters must be a whole number of at least 1, not "x"\.$/],
    ["--filters 0,1", /^--filters must be a whole number of at least 1, not "0"\.$/],
    ["--filters 1,,2", /^--filters must be a whole number of at least 1, not ""\.$/],
    ["--threads 1,257", /^--threads must be a whole number from 1 to 256, not "257"\.$/],
    [
      "--filters 3",
      /^--filters is what changes, so it needs several numbers, as in --filters 1,2,4, not 3 alone\.$/,
    ],
    ["--filters 1,2 --batch-size 1,2", /^Only one thing can change at a time: give --batch-size one number/],
    ["--sweep images --filters 1,2", /^Only one thing can change at a time: give --filters one number/],
    ["--model lenet5 --sweep kernel", /^Only one-conv has a kernel to choose, not lenet5/],
    ["--filters 1,2 --kernel 5", /^one-conv has kernels of 3x3; another size goes with --sweep kernel/],
    ["--model lenet5", /^Only one-conv has a number of filters to choose, not lenet5/],
    ["--model lenet5 --sweep images --filters 3", /^Only one-conv has a number of filters to choose/],
    ["--model alexnet --sweep images", /^There is no built-in model "alexnet"/],
    ["--engine reference --threads 1,2", /^The textbook works on one thread/],
    ["--seconds 0", /^--seconds must be a number above 0/],
    ["--out scaling.png", /^--out must be a file name that ends in \.svg, not "scaling\.png"\.$/],
    ["--out missing/scaling.svg", /missing/],
  ];
  test.concurrent.each(rows)("%s", async (args, message) => {
    expectRefusal(await unravel(["scaling", ...args.split(" ")]), 2, message);
  });
});

test("threads on one core need to be named", async () => {
  expectRefusal(await unravel(["scaling", "--sweep", "threads"]), 2, /one core/);
});

testIfPresent(process.platform !== "win32", "Windows has no signals")(
  "an interrupt ends it: nothing on stdout, no picture",
  async () => {
    const out = scratch("never.svg");
    const child = start(["scaling", "--seconds", "600", "--out", out]);
    const end = ended(child);
    await said(child.stderr, /\S/);
    child.kill("SIGINT");
    expect(await end).toMatchObject({ code: 130, stdout: "" });
    await expect(readFile(out)).rejects.toThrow("ENOENT");
  },
);
