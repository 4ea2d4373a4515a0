/**
 * What was given cannot be used: a spec, a file, an option. The message is one sentence that says what is wrong,
 * where, and what to do. The command line exits with 2.
 */
export class InputError extends Error {
  override readonly name: string = "InputError";
}

/**
 * The work itself failed although the input was sound: the loss became infinite, the disk is full. The message is one
 * sentence. The command line exits with 1.
 */
export class FailureError extends Error {
  override readonly name: string = "FailureError";
}

/** Runs `work`; the message of an InputError in it gets its place before it and becomes a sentence. */
export function inContext<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${place}: ${error.message}.`);
    throw error;
  }
}
