import type { Circumstances, Outcome } from "./outcome.js";
import type { Trial } from "./trial.js";

/** A trial's result, and how it came about. */
export interface Ended extends Omit<Circumstances, "ended"> {
  readonly outcome: Outcome;
}

/** Where trials run: processes of this machine, or workers anywhere. */
export interface Runner {
  /** So many trials may be asked for at a time. */
  readonly slots: number;
  /**
   * Does a trial, again where its process dies.
   * @param onProgress gets the share that is done, as far as that is known here
   * @throws what the signal was aborted with; FailureError if trials can't be done at all
   */
  run(trial: Trial, onProgress: (share: number) => void): Promise<Ended>;
  /** How many trials are being done at this moment, of those that were asked for. */
  running(): number;
  /** Ends what is running. Idempotent. */
  close(): Promise<void>;
}
