import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { reason } from "unravel-cnn/node";
import { addBench } from "./commands/bench/index.js";
import { addCheck } from "./commands/check/index.js";
import { addData } from "./commands/data/index.js";
import { addEvaluate } from "./commands/evaluate.js";
import { addExplain } from "./commands/explain/index.js";
import { addExplore } from "./commands/explore.js";
import { addGradcheck } from "./commands/gradcheck/index.js";
import { addInspect } from "./commands/inspect.js";
import { addPredict } from "./commands/predict.js";
import { addScaling } from "./commands/scaling/index.js";
import { addSummary } from "./commands/summary.js";
import { addTrain } from "./commands/train/index.js";
import { EXIT_FAILURE, EXIT_USAGE, exitCodeOf, Interrupted, readable } from "./exit.js";
import { usageSentence } from "./usage.js";

/** Runs the command line. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // Whoever read the output (head, less) has gone: nobody is left to tell.
    if (error.code !== "EPIPE")
      process.stderr.write(`unravel: the output could not be written: ${reason(error)}.\n`);
    process.exit(EXIT_FAILURE);
  });
  process.stderr.on("error", () => process.exit(EXIT_FAILURE));
  try {
    await program().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return report(readable(error));
  }
}

function program(): Command {
  const { version } = createRequire(import.meta.url)("../package.json");
  const command = new Command("unravel")
    .description("Train convolutional neural networks, and take them apart.")
    .version(version, "-V, --version")
    .configureHelp({ helpWidth: Math.min(process.stdout.columns || 80, 100) })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText("after", "\nunravel COMMAND --help tells more about a command.");
  for (const add of [
    addTrain,
    addEvaluate,
    addPredict,
    addSummary,
    addInspect,
    addExplain,
    addGradcheck,
    addCheck,
    addExplore,
    addData,
    addBench,
    addScaling,
  ])
    add(command);
  return command;
}

/** Tells a person what went wrong, in one line. Returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help, --version
    if (error.code === "commander.help") return EXIT_USAGE; // no command was given: the help has been shown
    say(usageSentence(error));
    return EXIT_USAGE;
  }
  const exitCode = exitCodeOf(error);
  if (error instanceof Interrupted) say("interrupted; nothing was written.");
  else if (exitCode !== undefined) say((error as Error).message);
  else say(`a mistake of the program itself, please report it: ${(error as Error)?.stack ?? error}`);
  return exitCode ?? EXIT_FAILURE;
}

function say(message: string): void {
  process.stderr.write(`unravel: ${message}\n`);
}
