/** What ends the work from outside: Ctrl-C, kill, a terminal that is closed; with the exit codes that shells give. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type EndSignal = keyof typeof EXIT_CODES;

const END_SIGNALS = Object.keys(EXIT_CODES) as EndSignal[];

/** The command was interrupted by a signal. */
export class Interrupted extends Error {
  readonly signal: EndSignal;
  /** What became of the work, as a clause. */
  outcome = "nothing was written";

  constructor(signal: EndSignal) {
    super("interrupted");
    this.signal = signal;
  }

  get exitCode(): number {
    return EXIT_CODES[this.signal];
  }
}

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** npm hands a Ctrl-C on that has arrived already: what comes so soon after the first is no second one. Milliseconds. */
const ECHO_MS = 250;

/** Aborts the work that is under way, if any is. */
let interruptWork: ((signal: EndSignal) => void) | undefined;

/**
 * Runs `work` with a signal that SIGINT (Ctrl-C), SIGTERM and SIGHUP abort. A second Ctrl-C or SIGTERM ends the process at
 * once; a terminal that is closed may send several SIGHUP.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let since = 0;
  const interrupt = (signal: EndSignal) => {
    if (!controller.signal.aborted) {
      since = performance.now();
      controller.abort(new Interrupted(signal));
    } else if (signal !== "SIGHUP" && performance.now() - since > ECHO_MS) process.exit(EXIT_CODES[signal]);
  };
  interruptWork = interrupt;
  for (const signal of END_SIGNALS) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of END_SIGNALS) process.off(signal, interrupt);
    interruptWork = undefined;
  }
}

/**
 * Nobody reads the error output any more. Where its terminal is gone (EIO), so that the signal that says so is under way or
 * has come, the work ends as after that signal, with what it saves; otherwise the process ends here.
 */
export function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code === "EIO" && interruptWork) interruptWork("SIGHUP");
  else process.exit(EXIT_FAILURE);
}

/**
 * Ends the process when all that was said has been taken, whatever is still open: a command that has failed or was interrupted has
 * cleaned up, and a connection that looks for a server that is gone must not keep its process.
 */
export async function exitWhenSaid(code: number): Promise<never> {
  // not before it is needed: with it comes the library
  const { allTaken } = await import("./terminal/output.js");
  await allTaken();
  process.exit(code);
}
