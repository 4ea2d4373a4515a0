import workerThreads, { type Worker } from "node:worker_threads";
import { onTestFinished, vi } from "vitest";

/** The workers that are started from now on, until the end of the test. */
export function watchWorkers(): readonly Worker[] {
  const started: Worker[] = [];
  const { Worker: Original } = workerThreads;
  workerThreads.Worker = class extends Original {
    constructor(...options: ConstructorParameters<typeof Original>) {
      super(...options);
      started.push(this);
    }
  };
  onTestFinished(() => {
    workerThreads.Worker = Original;
  });
  return started;
}

/** How many of them run. */
export function running(workers: readonly Worker[]): number {
  return workers.filter(({ threadId }) => threadId !== -1).length;
}

/** For the rest of the test it is as on a page without cross-origin isolation. */
export function withoutSharedMemory(): void {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
}
