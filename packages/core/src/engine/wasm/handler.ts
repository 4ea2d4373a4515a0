import { Control } from "./control.js";
import type { Request, Response } from "./messages.js";
import { Thread } from "./thread.js";

/** What a worker does with its messages. */
export function createHandler(): (request: Request) => Response | undefined {
  const programs = new Map<number, Thread>();
  const run = (request: Request): Response | undefined => {
    switch (request.type) {
      case "load": {
        const { program, module, memory, layout, thread, threads, control, spinMs } = request;
        programs.set(
          program,
          new Thread(module, memory, layout, thread, threads, new Control(control, threads, spinMs)),
        );
        return undefined;
      }
      case "unload":
        programs.delete(request.program);
        return undefined;
      case "epoch":
        drain(programs.get(request.program)?.epoch(request.job));
        return { type: "done" };
      case "infer":
        drain(programs.get(request.program)?.infer(request.job));
        return { type: "done" };
    }
  };
  return (request) => {
    try {
      return run(request);
    } catch (error) {
      return { type: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  };
}

function drain(work: Generator<void, void> | undefined): void {
  if (work === undefined) throw new Error("the program was not loaded");
  while (!work.next().done) {
    // each step is done by the generator
  }
}
