import type { EpochTotals } from "../engine.js";
import type { MemoryLayout } from "./layout.js";
import type { Code, EpochRequest, EpochResult, TrainingRows, TrainingStart } from "./pool.js";
import type { EpochJob, InferenceJob } from "./work.js";

/** To a worker, which is either one of several threads on shared memory or has memory of its own. */
export type Request = ThreadRequest | RemoteRequest | ServeRequest;
export type Response = ThreadResponse | RemoteResponse | ReadyResponse;

/** Other requests will come through this port, and their responses are to go there. */
export interface ServeRequest {
  readonly type: "serve";
  readonly port: MessagePort;
}

/** The first of all responses: the worker has started. */
export interface ReadyResponse {
  readonly type: "ready";
}

/** To one of several threads. A module is loaded once and then used by its number. */
export type ThreadRequest =
  | {
      readonly type: "load";
      readonly program: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly layout: MemoryLayout;
      readonly thread: number;
      readonly threads: number;
      readonly control: Int32Array;
      readonly spinMs: number;
    }
  | { readonly type: "unload"; readonly program: number }
  | { readonly type: "epoch"; readonly program: number; readonly job: EpochJob }
  | { readonly type: "infer"; readonly program: number; readonly job: InferenceJob };

/** It has finished its share of an epoch or an inference, or dropped a program; or it could not. */
export type ThreadResponse =
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly message: string };

/** To a worker with memory of its own. Every call is answered once; an epoch and an inference tell their progress, too. */
export type RemoteRequest =
  | { readonly type: "call"; readonly call: number; readonly work: RemoteWork }
  | { readonly type: "abort"; readonly call: number }
  | { readonly type: "drop"; readonly program: number };

export type RemoteWork =
  | {
      readonly type: "loadTraining";
      readonly program: number;
      readonly code: Code;
      readonly layout: MemoryLayout;
      readonly start: TrainingStart;
    }
  | {
      readonly type: "loadInference";
      readonly program: number;
      readonly code: Code;
      readonly layout: MemoryLayout;
    }
  | { readonly type: "epoch"; readonly program: number; readonly request: EpochRequest }
  | { readonly type: "rows"; readonly program: number }
  | {
      readonly type: "infer";
      readonly program: number;
      readonly parameters: Float32Array | undefined;
      readonly images: Uint8Array;
    };

export type RemoteResponse =
  | { readonly type: "progress"; readonly call: number; readonly progress: EpochTotals | number }
  | {
      readonly type: "result";
      readonly call: number;
      readonly result: EpochResult | Float32Array | TrainingRows | undefined;
    }
  | { readonly type: "error"; readonly call: number; readonly message: string };
