import type { Value } from "./space.js";

/* What is known of a trial that has ended: a line of trials.ndjson. */

export type Status = "done" | "failed" | "diverged";

/** Loss and share of right answers. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** What computed, so that it is clear which trials must have the same bits. */
export interface Path {
  readonly engine: string;
  readonly strict: boolean;
  readonly convolution: string | null;
}

/** What a trial found: the same wherever it ran, if the path is the same. */
export interface Outcome {
  readonly status: Status;
  /** Why there is no result, as a sentence. */
  readonly problem: string | null;
  readonly path: Path | null;
  /** The data's name. */
  readonly data: string | null;
  readonly parameters: number | null;
  readonly multiplyAdds: number | null;
  /** Over the last epoch. */
  readonly training: Score | null;
  readonly validation: Score | null;
  /** At the end of the whole training only. */
  readonly test: Score | null;
  /** A hash of the weights, so that two runs can be compared. */
  readonly weights: string | null;
}

/** When and where a trial ran: what may differ between two runs of it. */
export interface Circumstances {
  readonly seconds: number;
  /** How many epochs were trained in this time; those of the rungs before come from a checkpoint, where there is one. */
  readonly trained: number;
  /** As ISO 8601. */
  readonly ended: string;
  /** Machine and process. */
  readonly where: string;
  /** How often it was begun. */
  readonly attempts: number;
}

/** A line of trials.ndjson. */
export interface TrialLine extends Outcome {
  /** The sweep's hash. */
  readonly sweep: string;
  readonly trial: string;
  readonly configuration: number;
  readonly rung: number;
  readonly epochs: number;
  readonly seed: number;
  readonly values: Readonly<Record<string, Value>>;
  /** What trains the same network. */
  readonly command: string;
  readonly run: Circumstances;
}

/** A line without what may differ between two runs of the trial. */
export function comparable({ run: _, ...line }: TrialLine): string {
  return JSON.stringify(line);
}

/** What is known of a trial without a result. */
export const noOutcome: Omit<Outcome, "status" | "problem"> = {
  path: null,
  data: null,
  parameters: null,
  multiplyAdds: null,
  training: null,
  validation: null,
  test: null,
  weights: null,
};
