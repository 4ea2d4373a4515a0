import { FailureError } from "../../errors.js";

/** What is said to those who ask something of an engine that was closed, or still wait for it. */
export function closedError(): FailureError {
  return new FailureError("The engine was closed, so that it can't compute any more; create another one.");
}

/** A thread has ended although nobody ended it. */
export function deadError(reason: string): FailureError {
  const words = reason.replaceAll(/\s+/g, " ").replace(/[\s.]+$/, "");
  return new FailureError(`A worker thread died (${words}); close this engine and create another one.`);
}
