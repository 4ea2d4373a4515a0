import {
  type Cell,
  copyAll,
  copyOf,
  forward,
  forwardFrom,
  meanLoss,
  offsetOf,
  type Trace,
  tensorsOfModel,
} from "unravel-cnn";
import type { NudgeQuestion } from "./nudgeWorker.js";

/*
 * What becomes of the loss when one parameter moves: the network is run again, in float64, where a small step can still be
 * told from rounding.
 */

/** The loss of the trace's batch with each of these numbers added to a parameter. */
export function lossesAlong(
  { model, tensors, labels, circumstances }: Pick<Trace, "model" | "tensors" | "labels" | "circumstances">,
  cell: Cell,
  steps: readonly number[],
): number[] {
  const names = tensorsOfModel(model).map(({ fullName }) => fullName);
  const parameters = copyAll(Object.fromEntries(names.map((name) => [name, tensors[name]])), "float64");
  const { shape, data } = parameters[cell.tensor];
  const offset = offsetOf(shape, cell.index);
  const start = data[offset];
  const x = copyOf(tensors.x, "float64");
  const before = { ...parameters, x, ...forward(model, parameters, x, circumstances) };
  return steps.map((step) => {
    data[offset] = start + step;
    const after = forwardFrom(model, before, cell.tensor, circumstances);
    return meanLoss(model.loss, after[model.output], labels);
  });
}

/** Asks a worker for `lossesAlong`; only the newest question is answered. */
export class Nudger {
  readonly #worker = new Worker(new URL("./nudgeWorker.ts", import.meta.url), { type: "module" });
  #isBusy = false;
  #next: (() => void) | undefined;

  ask(
    { model, tensors, labels, circumstances }: Trace,
    cell: Cell,
    steps: readonly number[],
    tell: (losses: number[]) => void,
  ): void {
    const names = ["x", ...tensorsOfModel(model).map(({ fullName }) => fullName)];
    const question: NudgeQuestion = {
      spec: model.spec,
      tensors: Object.fromEntries(names.map((name) => [name, tensors[name]])),
      labels: Array.from(labels),
      circumstances,
      cell,
      steps,
    };
    this.#next = () => {
      this.#next = undefined;
      this.#isBusy = true;
      this.#worker.onmessage = ({ data }: MessageEvent<number[]>) => {
        this.#isBusy = false;
        if (this.#next) this.#next();
        else tell(data);
      };
      this.#worker.postMessage(question);
    };
    if (!this.#isBusy) this.#next();
  }

  close(): void {
    this.#worker.terminate();
  }
}
