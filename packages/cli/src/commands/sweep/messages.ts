import type { Outcome } from "./outcome.js";
import type { TrialTask } from "./runTrial.js";

/* What a sweep and the processes that do its trials say to each other. */

/** To a process: do this. */
export type ToChild = { readonly task: TrialTask };

/** From a process. */
export type FromChild =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly share: number }
  | { readonly type: "outcome"; readonly outcome: Outcome };
