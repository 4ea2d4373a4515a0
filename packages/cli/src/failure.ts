import { CommanderError } from "commander";
import { FailureError, InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { EXIT_FAILURE, EXIT_USAGE, Interrupted } from "./exit.js";
import { complain, printLines } from "./terminal/output.js";
import { usageSentence } from "./usage.js";

/*
 * How a failure is told to a person. Loaded when something has failed.
 */

/** Tells a person what went wrong, in one line. Returns the exit code. */
export function report(failure: unknown): number {
  const error = readable(failure);
  if (error instanceof CommanderError) {
    if (error.code === "commander.help") return EXIT_USAGE; // no command was given: the help has been shown
    complain(usageSentence(error));
    return EXIT_USAGE;
  }
  const exitCode = exitCodeOf(error);
  if (error instanceof Interrupted) complain(`interrupted; ${error.outcome}.`);
  else if (exitCode !== undefined) complain((error as Error).message);
  else {
    const [first, ...stack] = String((error as Error)?.stack ?? error).split("\n");
    complain(`a mistake of the program itself, please report it: ${first}`);
    printLines(stack, process.stderr);
  }
  return exitCode ?? EXIT_FAILURE;
}

/** Says that the output could not be written. */
export function reportOutput(error: NodeJS.ErrnoException): void {
  complain(`the output could not be written: ${reason(error)}.`);
}

/** JavaScript's own errors about memory don't say what to do; here is one that does. */
function readable(error: unknown): unknown {
  const memory =
    error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message);
  return memory
    ? new FailureError(
        "There is not enough memory for this network and batch size; make one of them smaller.",
      )
    : error;
}

/** The exit code that an error means; undefined for a mistake of the program itself. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof InputError) return EXIT_USAGE;
  if (error instanceof FailureError) return EXIT_FAILURE;
  return undefined;
}
