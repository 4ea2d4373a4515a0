import { FailureError, InputError } from "unravel-cnn";

/** The command was interrupted by a signal. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super("interrupted");
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** An error that says what a person can do about it: JavaScript's own about memory says how it is called instead. */
export function readable(error: unknown): unknown {
  const memory =
    error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message);
  return memory
    ? new FailureError(
        "There is not enough memory for this network and batch size; make one of them smaller.",
      )
    : error;
}

/** The exit code that an error means; undefined for a mistake of the program itself. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof InputError) return EXIT_USAGE;
  if (error instanceof FailureError) return EXIT_FAILURE;
  return undefined;
}

/**
 * Runs `work` with a signal that SIGINT (Ctrl-C) and SIGTERM abort. A second one ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (signal: "SIGINT" | "SIGTERM") => {
    const interrupted = new Interrupted(signal);
    if (controller.signal.aborted) process.exit(interrupted.exitCode);
    controller.abort(interrupted);
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
