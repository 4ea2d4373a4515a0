import { writeFile } from "node:fs/promises";
import type { Evaluation } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { LONG } from "../../../test/support/long.js";
import { testWithMnist } from "../../../test/support/needs.js";
import { defineModel, formatModel, initialParameters, oneConv } from "../../core/src/index.js";
import { nextSteps } from "../src/commands/train/nextSteps.js";
import type { TrainOptions } from "../src/commands/train/options.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

/*
 * What `unravel train` prints, for people and for programs.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");

/** The lines of a text without those of progress, which come only where a machine takes long. */
const linesThatStay = (text: string) =>
  text.split("\n").filter((line) => !/^[^,]+ {2}\d+%( {2}|$)/.test(line));

describe("for people", () => {
  test.concurrent("progress goes to stderr, results to stdout", async () => {
    const { stdout, stderr } = await succeed(["train", ...data(), "--epochs", "2"]);

    expect(linesThatStay(stderr)).toEqual([
      expect.stringMatching(/^Loading .*shapes/),
      "Data      shapes: 600 training and 200 test images, 1x12x12",
      "Network   one-conv, 8 filters: 2,090 parameters, 9,200 multiply-adds an image",
      "Training  2 epochs, batches of 32, adam, rate 0.01 one-cycle, seed 0",
      expect.stringMatching(/^Engine {4}wasm, \d+ threads?$/),
      expect.stringMatching(/^Before {4}\d+\.\d% right, loss 2\.\d{3}; guessing gives 10\.0%$/),
      expect.stringMatching(
        /^Epoch 1\/2 loss \d\.\d{3}, \d+\.\d\d% right {2}\d+(\.\d+)? m?s, [\d,]+ images\/s$/,
      ),
      expect.stringMatching(
        /^Epoch 2\/2 loss \d\.\d+, \d+\.\d\d% right {2}\d+(\.\d+)? m?s, [\d,]+ images\/s$/,
      ),
      "",
    ]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "        predicted",
      "actual     0    1    2    3    4    5    6    7    8    9    right",
    ]);
    expect(lines.slice(2, 12).map((line) => line[0])).toEqual([..."0123456789"]);
    expect(lines).toContain("What to try next, added to your command:");
    expect(lines.at(-2)).toMatch(
      /^Speed {2}[\d,]+ images\/s, \d+\.\d+ GFLOP\/s(: \d+% of this machine's peak)?$/, // of a second or more, speed.test.ts
    );
    expect(lines.at(-1)).toMatch(
      /^Test accuracy \d+\.\d\d% on shapes: \d+ of 200 images right, loss \d\.\d+$/,
    );
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test.concurrent("without a terminal there is no colour, no redrawing, no bar", async () => {
    const { stdout, stderr } = await succeed(["train", ...data(), "--limit", "60"], {
      env: { FORCE_COLOR: "1" },
    });

    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    expect(stderr).not.toMatch(/\[#*-*\]/);
  });

  test.concurrent("the matrix adds up to the test images, its diagonal to those said to be right", async () => {
    const { stdout } = await succeed(["train", ...data(), "--limit", "100"]);

    const rows = stdout.split("\n").slice(2, 12);
    const counts = rows.map((row) =>
      row
        .split(/\s+/)
        .slice(1, 11)
        .map((cell) => (cell === "." ? 0 : Number(cell))),
    );
    expect(counts.flat().reduce((a, b) => a + b)).toBe(200);
    const right = counts.reduce((sum, row, k) => sum + row[k], 0);
    expect(stdout).toContain(`: ${right} of 200 images right`);
    expect(stdout).toContain(`Test accuracy ${(right / 2).toFixed(2)}%`);
  });

  test.concurrent("--quiet leaves the last line only", async () => {
    const { stdout, stderr } = await succeed(["train", ...data(), "--limit", "60", "--quiet"]);

    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Test accuracy [^\n]*\n$/);
  });

  test.concurrent("with validation it is measured after each epoch, within 80 columns", async () => {
    const { stderr } = await succeed(["train", ...data(), "--validation", "0.25", "--epochs", "2"]);

    const epochs = linesThatStay(stderr).filter((line) => line.startsWith("Epoch"));
    expect(epochs).toHaveLength(2);
    for (const line of epochs) {
      expect(line).toMatch(/right {2}validation \d+\.\d+, \d+\.\d\d% {2}\d+(\.\d+)? m?s$/);
      expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  test.concurrent("what it suggests next can be done: one suggestion, added, is a command that works", async () => {
    const base = ["train", ...data()];
    const { stdout } = await succeed(base);

    const options = [...stdout.matchAll(/^ {2}(--\S+ \S+) {2}/gm)].map(([, option]) => option);
    expect(options).toEqual([
      "--epochs 9",
      "--filters 16",
      "--model lenet5",
      "--batch-size 1",
      "--out model.safetensors",
    ]);
    const next = await succeed([...base, ...options[2].split(" "), ...options[3].split(" ")]);
    expect(next.stderr).toContain("lenet5");
    expect(next.stderr).toContain("one image at a time");
    expect(next.stdout).not.toContain("--filters");
  });

  test.concurrent("a network that learnt nothing gets the advice to take larger steps", async () => {
    const { stdout } = await succeed([
      "train",
      ...data(),
      "--limit",
      "64",
      "--optimizer",
      "sgd",
      "--learning-rate",
      "1e-9",
    ]);

    expect(stdout).toMatch(/^ {2}--learning-rate 0\.05 .*larger steps/m);
  });

  test("or smaller ones", () => {
    const options = { batchSize: 32, optimizer: "sgd", epochs: 9, model: "lenet5" } as TrainOptions;
    const guesses = { accuracy: 0.1 } as Evaluation;
    expect(nextSteps(options, guesses, 10, 30)).toContainEqual(
      expect.stringMatching(/^ {2}--learning-rate 0\.05 .*smaller steps/),
    );
  });
});

describe("--json", () => {
  test.concurrent("is one object with everything that the contract names", async () => {
    const run = ["train", ...data(), "--json", "--epochs", "2", "--seed", "7"];
    const { stdout, stderr } = await succeed([
      ...run,
      "--validation",
      "100",
      "--out",
      scratch("json.safetensors"),
    ]);

    expect(stderr).toMatch(/^Epoch 2\/2 /m);
    expect(stdout.endsWith("}\n")).toBe(true);
    const result = JSON.parse(stdout);
    const number = expect.any(Number);
    const epoch = {
      loss: number,
      accuracy: number,
      valLoss: number,
      valAccuracy: number,
      seconds: number,
      imagesPerSecond: number,
    };
    expect(result).toEqual({
      model: "one-conv",
      data: expect.stringContaining("shapes"),
      seed: 7,
      engine: "wasm",
      adapter: null,
      engineChoice: null,
      engineChanges: [],
      threads: number,
      strict: expect.any(Boolean),
      parameters: 2090,
      multiplyAddsPerImage: 9200,
      before: { accuracy: number, loss: number },
      epochs: [epoch, epoch],
      death: null,
      leftOut: 0,
      keptEpoch: 2,
      stoppedEarly: false,
      test: { loss: number, accuracy: number, confusion: expect.any(Array) },
      trainSeconds: number,
      totalSeconds: number,
      gflops: number,
      computedGflops: expect.toBeOneOf([null, number]), // null below a second
      peakGflops: expect.toBeOneOf([null, number]),
      out: scratch("json.safetensors"),
    });
    expect(Object.keys(result)).toEqual(
      "model data seed engine threads strict parameters multiplyAddsPerImage before epochs death leftOut keptEpoch stoppedEarly test trainSeconds totalSeconds gflops computedGflops peakGflops out adapter engineChoice engineChanges".split(
        " ",
      ),
    );
    const { before, epochs, test, trainSeconds, totalSeconds } = result;
    expect(before.loss).toBeGreaterThan(1.5);
    expect(before.accuracy).toBeLessThan(0.5);
    expect(epochs[1].loss).toBeLessThan(epochs[0].loss);
    expect(epochs[1].valAccuracy).toBeGreaterThan(0.9);
    expect(test.accuracy).toBeGreaterThan(0.9);
    const confusion: number[][] = test.confusion;
    expect(confusion.map((row) => row.length)).toEqual(Array(10).fill(10));
    expect(confusion.map((row) => row.reduce((a, b) => a + b))).toEqual(Array(10).fill(20));
    expect(confusion.reduce((sum, row, k) => sum + row[k], 0) / 200).toBeCloseTo(test.accuracy, 12);
    expect(epochs[0].seconds + epochs[1].seconds).toBeCloseTo(trainSeconds, 9);
    expect(epochs[0].imagesPerSecond * epochs[0].seconds).toBeCloseTo(500, 6);
    expect(totalSeconds).toBeGreaterThan(trainSeconds);
    expect(result.gflops).toBeGreaterThan(0);
  });

  test.concurrent("the textbook has a speed, but no peak", async () => {
    const run = ["train", ...data(), "--limit", "64", "--epochs", "1", "--engine", "reference"];
    const [json, text] = await Promise.all([succeed([...run, "--json"]), succeed(run)]);

    expect(JSON.parse(json.stdout)).toMatchObject({ gflops: expect.any(Number), peakGflops: null });
    expect(text.stdout).toMatch(/^Speed {2}[\d,]+ images\/s, \d+\.\d+ GFLOP\/s$/m);
  });

  test.concurrent("has null where there is nothing: no validation, no file", async () => {
    const { stdout, stderr } = await succeed([
      "train",
      ...data(),
      "--json",
      "--quiet",
      "--limit",
      "64",
      "--epochs",
      "1",
    ]);

    expect(stderr).toBe("");
    const { epochs, death, out } = JSON.parse(stdout);
    expect(epochs).toEqual([expect.objectContaining({ valLoss: null, valAccuracy: null })]);
    expect([death, out]).toEqual([null, null]);
  });
});

test.concurrent("a loss that is no number any more ends with one sentence, exit code 1, and no file", async () => {
  const out = scratch("diverged.safetensors");
  const result = await unravel([
    "train",
    ...data(),
    "--optimizer",
    "sgd",
    "--learning-rate",
    "1e38",
    "--out",
    out,
  ]);

  expectRefusal(result, 1, /^The loss became NaN .* at step \d+, .* learning rate .* too high/);
  await expect(succeed(["evaluate", out])).rejects.toThrow();
});

test.concurrent("a network that has died is said, once, with a rate to try; and in JSON", async () => {
  const model = defineModel({ ...oneConv({ filters: 1 }), input: [1, 12, 12] });
  const parameters = initialParameters(model, 0);
  parameters["conv1.bias"].data.fill(-1e3); // no image passes the ReLU
  await writeFile(scratch("dead.safetensors"), formatModel({ model, parameters }));
  const wild = "--batch-size 16 --optimizer sgd --learning-rate 0.2 --epochs 15 --json".split(" ");
  const args = ["train", ...data(), "--model", scratch("dead.safetensors"), ...wild];
  const { stdout, stderr } = await succeed(args);

  const said = stderr.split("\n").filter((line) => line.includes("died"));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^The network has died: no weight has changed for 5(12|28) steps, .*: start again with 0\.025\.$/,
  );
  const { death } = JSON.parse(stdout);
  expect(death).toEqual({ steps: 560, message: said[0].replace(/512|528/, "560") }); // of 570
});

if (LONG)
  testWithMnist("a little of real MNIST teaches the network something", async () => {
    const { stdout, stderr } = await succeed(
      ["train", "--data", "mnist", "--limit", "640", "--quiet", "--json"],
      {
        env: { UNRAVEL_DATA: process.env.UNRAVEL_DATA },
      },
    );

    expect(stderr).toBe("");
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ model: "three-conv", data: "mnist", parameters: 8_962 });
    expect(result.test.accuracy).toBeGreaterThan(0.6);
    expect(result.test.confusion[0].reduce((a: number, b: number) => a + b)).toBe(980);
  });
