import type { Command } from "commander";
import { wholeNumber } from "../../options.js";
import { TRIALS_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";

export function defineSweep(command: Command, args: readonly string[]): void | Promise<void> {
  if (args.find((word) => !word.startsWith("-")) === "report") return defineWithReport(command);
  command
    .description(
      "Trains many networks, as a file says, and finds the best. Each trial is a line of the results as soon as it ends; a sweep that was stopped goes on when it is started again.",
    )
    .usage("[options] <file>\n       unravel sweep report [options] <trials>")
    .argument("<file>", "what is tried: JSON, as below")
    .option(
      "--out <file>",
      "the results (default: FILE's name with .trials.ndjson)",
      outputFile("--out", TRIALS_FILE),
    )
    .option(
      "--jobs <n>",
      "trials at a time, each on one thread (default: as many as cores)",
      wholeNumber("--jobs", 1, 1024),
    )
    .option("--redis <url>", "let workers do the trials, on any number of machines (see unravel worker)")
    .option("--plan", "say what would be tried, and train nothing")
    .option("--json", "print the best configuration and the counts as JSON")
    .option("--quiet", "no progress, the best command only")
    .addHelpText(
      "after",
      `
The file:
  { "train": "--model one-conv --epochs 3",
    "vary": { "learning-rate": { "from": 1e-4, "to": 0.1, "scale": "log" },
              "filters": [4, 8, 16], "seed": [0, 1, 2] },
    "search": "random", "budget": { "trials": 60 }, "seed": 0 }

  train   options of "unravel train" that all trials have. A tenth of the
          training images is set aside to choose by, unless --validation is
          among them; the test set is never chosen by.
  vary    options of it that vary: a list, or a range { from, to } with "step",
          "count", "scale": "log", "whole": true. null leaves an option out,
          true is an option without a value. Each configuration is trained
          with each "seed".
  search  grid, random, or { "type": "halving", "factor": 3, "from": 1 }: all
          are trained for 1 epoch, the best third goes on to 3, then to 9 ...
  budget  { "trials": 60 } or { "minutes": 10 }; by minutes it depends on the
          machine which trials are done, so it can't be reproduced

Examples:
  unravel sweep sweep.json
  unravel sweep sweep.json --out trials.ndjson --jobs 2
  unravel sweep report trials.ndjson --html trials.html
  unravel sweep sweep.json --redis redis://10.0.0.5`,
    )
    .action(async (file: string, options: import("./sweep.js").SweepOptions) => {
      const { sweep } = await import("./sweep.js");
      await sweep(file, options);
    });
}

async function defineWithReport(command: Command): Promise<void> {
  const { defineReport } = await import("./report.js");
  defineReport(command.command("report"));
}
