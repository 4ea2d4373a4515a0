import {
  type Cell,
  copyAll,
  copyOf,
  forward,
  type Model,
  type NamedTensors,
  offsetOf,
  softmaxCrossEntropy,
  type Tensor,
  type Trace,
} from "unravel-cnn";
import type { NudgeQuestion } from "./nudgeWorker.js";

/*
 * What becomes of the loss when one parameter moves: the network is run again, in float64, where a small step can still be
 * told from rounding.
 */

/** The loss of the trace's batch with each of these numbers added to a parameter. */
export function lossesAlong(
  { model, tensors, labels }: Pick<Trace, "model" | "tensors" | "labels">,
  cell: Cell,
  steps: readonly number[],
): number[] {
  const names = model.parameters.map(({ fullName }) => fullName);
  const parameters = copyAll(Object.fromEntries(names.map((name) => [name, tensors[name]])), "float64");
  const { shape, data } = parameters[cell.tensor];
  const offset = offsetOf(shape, cell.index);
  const start = data[offset];
  const from = firstThatFeels(model, cell.tensor);
  const input = outputBefore(model, parameters, copyOf(tensors.x, "float64"), from);
  const rest: Model = { ...model, layers: model.layers.slice(from) };
  return steps.map((step) => {
    data[offset] = start + step;
    const scores = Object.values(forward(rest, parameters, input)).at(-1) as Tensor;
    return softmaxCrossEntropy(scores, labels);
  });
}

/** The first layer whose output changes with a parameter: its own. */
function firstThatFeels({ layers }: Model, parameter: string): number {
  return layers.findIndex(({ parameters }) => parameters.some(({ fullName }) => fullName === parameter));
}

/** What goes into a layer. */
function outputBefore(model: Model, parameters: NamedTensors, x: Tensor, layer: number): Tensor {
  const before: Model = { ...model, layers: model.layers.slice(0, layer) };
  return Object.values(forward(before, parameters, x)).at(-1) ?? x;
}

/** Asks a worker for `lossesAlong`; only the newest question is answered. */
export class Nudger {
  readonly #worker = new Worker(new URL("./nudgeWorker.ts", import.meta.url), { type: "module" });
  #isBusy = false;
  #next: (() => void) | undefined;

  ask(
    { model, tensors, labels }: Trace,
    cell: Cell,
    steps: readonly number[],
    tell: (losses: number[]) => void,
  ): void {
    const names = ["x", ...model.parameters.map(({ fullName }) => fullName)];
    const question: NudgeQuestion = {
      spec: model.spec,
      tensors: Object.fromEntries(names.map((name) => [name, tensors[name]])),
      labels: Array.from(labels),
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
