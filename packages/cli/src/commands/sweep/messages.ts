import type { Done, TrialTask } from "./runTrial.js";

/* What a sweep and the processes that do its trials say to each other. */

/** To a process: do this. */
export type ToChild = { readonly task: TrialTask };

/** From a process. */
export type FromChild =
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly share: number }
  | ({ readonly type: "outcome" } & Done);
