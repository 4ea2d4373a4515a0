import { Control } from "./control.js";
import type { ThreadRequest, ThreadResponse } from "./messages.js";
import { Thread } from "./thread.js";

/** What a worker that is one of several threads does with its messages: the other side of sharedPool.ts. */
export function createHandler(respond: (response: ThreadResponse) => void): (request: ThreadRequest) => void {
  const programs = new Map<number, Thread>();
  const run = (request: ThreadRequest): void => {
    switch (request.type) {
      case "load": {
        const { program, module, memory, layout, thread, threads, control, spinMs } = request;
        programs.set(
          program,
          new Thread(module, memory, layout, thread, new Control(control, threads, spinMs)),
        );
        return;
      }
      case "unload":
        programs.delete(request.program);
        respond({ type: "done" });
        return;
      case "epoch":
        drain(programs.get(request.program)?.epoch(request.job));
        respond({ type: "done" });
        return;
      case "infer":
        drain(programs.get(request.program)?.infer(request.job));
        respond({ type: "done" });
        return;
    }
  };
  return (request) => {
    try {
      run(request);
    } catch (error) {
      respond({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
}

function drain(work: Generator<void, void> | undefined): void {
  if (work === undefined) throw new Error("the program was not loaded");
  while (!work.next().done) {
    // each step is done by the generator
  }
}
