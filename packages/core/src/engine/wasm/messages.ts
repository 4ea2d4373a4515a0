import type { Layout } from "./layout.js";
import type { EpochJob, InferenceJob } from "./thread.js";

/** From the main thread to a worker. A module is loaded once and then used by its number. */
export type Request =
  | {
      readonly type: "load";
      readonly program: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly layout: Layout;
      readonly thread: number;
      readonly threads: number;
      readonly control: Int32Array;
      readonly spinMs: number;
    }
  | { readonly type: "unload"; readonly program: number }
  | { readonly type: "epoch"; readonly program: number; readonly job: EpochJob }
  | { readonly type: "infer"; readonly program: number; readonly job: InferenceJob };

/** From a worker: it has finished an epoch or its share of an inference, or could not. */
export type Response = { readonly type: "done" } | { readonly type: "failed"; readonly message: string };

/** Handles requests on the thread that calls it. */
export type Handler = (request: Request) => Response | undefined;
