import type { Trace } from "unravel-cnn";
import { lostWorker } from "./endings.js";
import type { Network } from "./network.js";
import { type Batch, traceBatch } from "./traceBatch.js";
import type { Answer, Question } from "./traceWorker.js";

/** Up to so many multiply-adds, forward and backward, are done within a frame on the page's own thread. */
const MOST_AT_ONCE = 3e6;
/** Where nobody waits for the answer, the frame has other things to do, too. */
const MOST_IN_PASSING = 4e5;

const startTraceWorker = () => new Worker(new URL("./traceWorker.ts", import.meta.url), { type: "module" });

type OnTrace = (trace: Trace, network: Network) => void;

/**
 * Runs the textbook, forward and backward. Small work is done at once; larger work in a worker, where only the newest
 * question waits its turn.
 */
export class Tracer {
  readonly #onTrace: OnTrace;
  readonly #onError: (error: Error) => void;
  readonly #startWorker: () => Worker;
  #worker: Worker | undefined;
  /** The network that the worker has. */
  #known: Network | undefined;
  #busy = false;
  #next: readonly [Network, Batch] | undefined;
  /** Whether the worker's present work is still of use. */
  #wanted = true;

  constructor(onTrace: OnTrace, onError: (error: Error) => void, startWorker = startTraceWorker) {
    this.#onTrace = onTrace;
    this.#onError = onError;
    this.#startWorker = startWorker;
  }

  /**
   * The trace comes to `onTrace`, at once or later.
   * @param inPassing whether nobody waits for it
   */
  ask(network: Network, batch: Batch, inPassing = false): void {
    const { model, parameters } = network;
    const most = inPassing ? MOST_IN_PASSING : MOST_AT_ONCE;
    if (model.multiplyAdds.trainingStep * batch.labels.length <= most) {
      this.forget();
      this.#onTrace(traceBatch(model, parameters, batch), network);
      return;
    }
    this.#next = [network, batch];
    if (!this.#busy) this.#send();
  }

  /** What was asked before is not wanted any more: its trace won't come. */
  forget(): void {
    this.#next = undefined;
    this.#wanted = false;
  }

  #send(): void {
    if (!this.#next) return;
    const [network, batch] = this.#next;
    const { spec } = network.model;
    this.#next = undefined;
    this.#busy = true;
    this.#wanted = true;
    this.#worker ??= this.#startWorker();
    this.#worker.onerror = (event) => this.#lose(event);
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#busy = false;
      if (!this.#wanted) return this.#send();
      if (data.error !== undefined) this.#onError(new Error(data.error));
      else this.#onTrace(traceOf(network, data), network);
      this.#send();
    };
    const question: Question = {
      images: batch.images,
      labels: batch.labels,
      circumstances: batch.circumstances,
      ...(network !== this.#known && { spec, parameters: network.parameters }),
    };
    this.#known = network;
    this.#worker.postMessage(question);
  }

  /** What is asked from now on goes to another worker. */
  #lose(event: ErrorEvent): void {
    this.#worker?.terminate();
    this.#worker = this.#known = undefined;
    this.#busy = false;
    this.forget();
    this.#onError(new Error(lostWorker("computes", event)));
  }
}

function traceOf({ model, parameters }: Network, { labels, loss, tensors, circumstances }: Answer): Trace {
  return { model, labels, circumstances, loss, tensors: { x: tensors.x, ...parameters, ...tensors } };
}
