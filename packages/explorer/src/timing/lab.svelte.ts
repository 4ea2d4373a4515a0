import { lostWorker } from "../state/endings.js";
import type { TimedSweep, TimingResult, TimingSettings } from "./settings.js";
import type { TimingReport } from "./timingWorker.js";

/** What the lab measures and has measured. */
class TimingLab {
  /** Of each thing that can change, what was measured last. */
  results = $state.raw<Partial<Record<TimedSweep, TimingResult>>>({});
  progress = $state.raw<{ readonly share: number; readonly value: number }>();
  problem = $state("");
  #worker: Worker | undefined;

  get isBusy(): boolean {
    return this.progress !== undefined;
  }

  start(settings: TimingSettings): void {
    this.stop();
    this.problem = "";
    this.progress = { share: 0, value: 1 };
    const worker = new Worker(new URL("./timingWorker.ts", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.onerror = (event) => this.#fail(lostWorker("measures", event));
    worker.onmessage = ({ data }: MessageEvent<TimingReport>) => {
      if (worker !== this.#worker) return; // of a measurement that was stopped
      if (data.kind === "progress") this.progress = { share: data.share, value: data.value };
      else if (data.kind === "problem") this.#fail(data.problem);
      else if (data.kind === "done") this.stop();
      else {
        const result = { settings, points: data.points, rounds: data.round };
        this.results = { ...this.results, [settings.sweep]: result };
      }
    };
    worker.postMessage(settings);
  }

  /** What is measured so far stays. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.progress = undefined;
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.stop();
  }
}

/** It outlives the view, so that what was measured stays. */
export const timingLab = new TimingLab();
