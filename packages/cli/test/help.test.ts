import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../test/support/long.js";
import { type Ended, expectRefusal, scratchFolder, succeed, UNRAVEL, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20, size: 28 });

const COMMANDS = [
  "train",
  "evaluate",
  "predict",
  "export",
  "import",
  "sweep",
  "worker",
  "summary",
  "inspect",
  "explain",
  "gradcheck",
  "check",
  "scaling",
  "data",
];

function expectNarrow({ stdout }: Ended): void {
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
}

test.concurrent("the program's help names the commands, in whichever way it is asked for", async () => {
  const answers = await Promise.all([["--help"], ["-h"], ["help"]].map((args) => succeed(args)));

  const [first] = answers;
  for (const command of COMMANDS) expect(first.stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
  expectNarrow(first);
  for (const { stdout, stderr } of answers) expect([stdout, stderr]).toEqual([first.stdout, ""]);
});

test.concurrent("without a command the help comes, but it is no success", async () => {
  const { code, stdout, stderr } = await unravel([]);

  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^Usage: unravel /);
});

test.concurrent.each(["--version", "-V"])("%s is the package's version", async (option) => {
  const { stdout } = await succeed([option]);

  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** What makes a command's examples quick, where it isn't a small data set. */
const quickly: Record<string, string[]> = {
  summary: [],
  inspect: [],
  scaling: ["--seconds", "0.01", "--model", "one-conv"],
};

/** What ends a command as soon as it has understood its options. */
const missing: Record<string, string[]> = {
  train: ["--data", "missing"],
  evaluate: ["--data", "missing"],
  gradcheck: ["--data", "missing"],
  scaling: ["--out", "missing/scaling.svg"],
};

const TRAIN_OPTIONS =
  "model filters init data offline size fit grey skip-broken transpose limit validation epochs batch-size optimizer learning-rate find-rate schedule momentum nesterov " +
  "weight-decay decay clip label-smoothing class-weights ema augment seed keep patience checkpoint every resume engine threads " +
  "strict out history plot json quiet help";

describe.each([
  { command: "train", options: TRAIN_OPTIONS.split(" ") },
  {
    command: "evaluate",
    options:
      "data offline size fit grey skip-broken transpose filters seed engine threads strict mistakes json quiet help".split(
        " ",
      ),
  },
  { command: "summary", options: ["filters", "json", "help"] },
  {
    command: "gradcheck",
    options: ["data", "offline", "images", "cells", "all", "filters", "seed", "json", "quiet", "help"],
  },
  {
    command: "scaling",
    options:
      "sweep model filters batch-size images threads optimizer engine strict convolution seconds seed out json quiet help".split(
        " ",
      ),
  },
  { command: "inspect", options: ["layer", "batch-size", "threads", "filters", "json", "help"] },
])("help of $command", ({ command, options }) => {
  test.concurrent("names each option, fits 80 columns and gives examples", async () => {
    const answers = await Promise.all(
      [
        [command, "--help"],
        ["help", command],
      ].map((args) => succeed(args)),
    );

    const [{ stdout }, other] = answers;
    expect(other).toEqual(answers[0]);
    expectNarrow(answers[0]);
    for (const option of options) expect(stdout).toMatch(new RegExp(`^ {2}(-h, )?--${option}\\b`, "m"));
    expect(stdout).toContain("\nExamples:\n");
    expect(examplesOf(stdout).length).toBeGreaterThan(1);
  });

  /*
   * Each example is run with changes that make it quick, as the later of two equal options counts. Files that it names
   * aren't there: then the program must have got as far as looking for them. Of several, one goes to its end, and the others as
   * far as what isn't there, with which all options have been understood.
   */
  test.concurrent("its examples are commands that work", async () => {
    const { stdout } = await succeed([command, "--help"]);
    const examples = examplesOf(stdout);
    const whole = sampleOf(examples, 1);
    for (const example of examples) {
      // one epoch tells as much as fifty
      const epochs = /--(epochs|recipe) /.test(example.join(" ")) ? ["--epochs", "1"] : [];
      const quick = quickly[command] ?? [...data(), ...epochs];
      if (!whole.includes(example) && command in missing) {
        const end = await unravel([...example, ...quick, ...missing[command]], { cwd: scratch() });
        expectRefusal(end, 2, /: there is no (such file|such folder|checkpoint in it to go on from)/);
        continue;
      }
      const { code, stderr } = await unravel([...example, ...quick], { cwd: scratch() });
      const file = example.find((word) => /\.(safetensors|json)$/.test(word) && !example.includes("--out"));
      if (file) expect(stderr, example.join(" ")).toContain(`unravel: ${file}: there is no such file`);
      else expect([code, stderr], example.join(" ")).toEqual([0, expect.not.stringContaining("unravel: ")]);
    }
  });
});

test.concurrent.each([
  "predict",
  "explain",
  "data",
  "data list",
  "data fetch",
  "data verify",
  "data describe",
  "data sheet",
  "export",
  "import",
  "sweep",
  "sweep report",
  "worker",
])("help of %s fits 80 columns", async (command) => {
  const help = await succeed([...command.split(" "), "--help"]);

  expect(help.stdout).toMatch(new RegExp(`^Usage: unravel ${command} `));
  expectNarrow(help);
});

/** The commands under "Examples:", as words: without `unravel`, and without the remark after three spaces. */
function examplesOf(help: string): string[][] {
  const [, examples] = help.split("\nExamples:\n");
  return examples
    .split("\n")
    .filter((line) => line.startsWith("  unravel "))
    .map((line) => line.trim().split(/ {3,}/)[0].split(" ").slice(1));
}

test.concurrent("the file that npm links starts with the line that systems look for", async () => {
  const { readFile } = await import("node:fs/promises");

  expect((await readFile(UNRAVEL, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
});
