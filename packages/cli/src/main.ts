import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { commands } from "./commands/index.js";
import { EXIT_FAILURE, endWithoutReader, exitWhenSaid } from "./exit.js";
import { addCommands } from "./lazy.js";

/** Runs the command line as this process. Returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  process.stdout.on("error", async (error: NodeJS.ErrnoException) => {
    // Whoever read the output (head, less) has gone: nobody is left to tell.
    if (error.code !== "EPIPE") (await import("./failure.js")).reportOutput(error);
    process.exit(EXIT_FAILURE);
  });
  process.stderr.on("error", endWithoutReader);
  const code = await main(args);
  return code === 0 ? code : exitWhenSaid(code);
}

/**
 * Runs a command line, and leaves the process as it was: any number of them can run in one process, one after the other.
 * Returns the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await (await program(args)).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    return (await import("./failure.js")).report(error);
  }
}

async function program(args: readonly string[]): Promise<Command> {
  const { version } = createRequire(import.meta.url)("../package.json");
  const command = new Command("unravel")
    .description("Train convolutional neural networks, and take them apart.")
    .version(version, "-V, --version")
    .configureHelp({
      helpWidth: Math.min(process.stdout.columns || 80, 100),
      subcommandTerm: (one) => one.name(),
    })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      "\nunravel COMMAND --help tells more about a command.\n\nExit codes: 0 done, 1 failed, 2 wrong usage or unreadable input, 130 interrupted\n(143 by kill, 129 by closing the terminal).",
    );
  await addCommands(command, commands, args);
  return command;
}
