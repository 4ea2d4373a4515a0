import { LocalPool } from "./localPool.js";
import type { RemoteRequest, RemoteResponse, RemoteWork } from "./messages.js";
import type { InferenceProgram, TrainingProgram } from "./pool.js";

/** What a worker with memory of its own does with its messages: the other side of remotePool.ts. */
export function createRemoteHandler(
  respond: (response: RemoteResponse) => void,
): (request: RemoteRequest) => void {
  const pool = new LocalPool();
  const trainings = new Map<number, TrainingProgram>();
  const inferences = new Map<number, InferenceProgram>();
  const aborts = new Map<number, AbortController>();

  const run = async (call: number, work: RemoteWork, signal: AbortSignal) => {
    switch (work.type) {
      case "loadTraining":
        trainings.set(work.program, await pool.loadTraining(work.code, work.layout, work.start));
        return undefined;
      case "loadInference":
        inferences.set(work.program, await pool.loadInference(work.code, work.layout));
        return undefined;
      case "epoch":
        return trainings.get(work.program)?.epoch(work.request, {
          signal,
          onProgress: (progress) => respond({ type: "progress", call, progress }),
        });
      case "rows":
        return trainings.get(work.program)?.rows();
      case "infer":
        return inferences.get(work.program)?.infer(work.parameters, work.images, {
          signal,
          onProgress: (progress) => respond({ type: "progress", call, progress }),
        });
    }
  };

  const answer = async (call: number, work: RemoteWork) => {
    const abort = new AbortController();
    aborts.set(call, abort);
    try {
      respond({ type: "result", call, result: await run(call, work, abort.signal) });
    } catch (error) {
      respond({ type: "error", call, message: error instanceof Error ? error.message : String(error) });
    } finally {
      aborts.delete(call);
    }
  };

  return (request) => {
    if (request.type === "call") void answer(request.call, request.work);
    else if (request.type === "abort") aborts.get(request.call)?.abort();
    else trainings.delete(request.program);
  };
}
