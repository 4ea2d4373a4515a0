import { FailureError, InputError } from "../errors.js";

/** What is said to those who ask something of an engine that was closed, or still wait for it. */
export function closedError(): FailureError {
  return new FailureError("The engine was closed, so that it can't compute any more; create another one.");
}

/** What is said to those who ask something of a training run that was closed. */
export function closedRunError(): InputError {
  return new InputError("This training run was closed; start another one.");
}

/** A thread has ended although nobody ended it. */
export function deadError(reason: string): FailureError {
  return new FailureError(
    `A worker thread died (${brief(reason)}); close this engine and create another one.`,
  );
}

/** A thread has ended before it could do anything, as where a bundler has left its file behind. */
export function lostError(reason: string): FailureError {
  return new FailureError(
    `A worker thread could not be started (${brief(reason)}); if a bundler has lost its file, pass threads: 0 to do without, or startWorker: a function that returns a Worker of unravel-cnn/worker.`,
  );
}

function brief(reason: string): string {
  return reason.replaceAll(/\s+/g, " ").replace(/[\s.]+$/, "");
}
