import type { Ended } from "../runner.js";
import type { TrialTask } from "../runTrial.js";
import type { Attachment } from "./attachments.js";

/** A trial as it waits in the queue. */
export interface TrialJob extends Pick<TrialTask, "words" | "epochs" | "allEpochs"> {
  /** The key of its training's checkpoint. */
  readonly checkpoint?: string | undefined;
  /** What `--data auto` means. */
  readonly data?: string | undefined;
  /** Files that options name, and a worker has to fetch. */
  readonly attached?: Partial<Record<"data" | "model" | "spec", Attachment>> | undefined;
}

/** What a worker gives back. */
export type TrialResult = Omit<Ended, "attempts">;
