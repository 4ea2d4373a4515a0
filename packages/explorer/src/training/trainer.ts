import type { NamedTensors, TrainingState } from "unravel-cnn";
import type { DataRequest } from "./data.js";
import type { About, Progress, Request, Response, Until } from "./messages.js";
import type { Look, StepRecord } from "./session.js";
import type { Settings } from "./settings.js";

/** What the page is told by the worker that trains. */
export interface TrainerEvents {
  loading(doing: string, share: number): void;
  ready(about: About, progress: Progress, parameters: NamedTensors): void;
  progress(progress: Progress): void;
  weights(parameters: NamedTensors, steps: number): void;
  look(look: Look, steps: number): void;
  step(record: StepRecord): void;
  /** `refused` and `diverged` come with a sentence of the library; who `died` can be opened anew. */
  failed(why: "refused" | "diverged" | "died", message: string): void;
}

export interface OpenRequest {
  readonly settings: Settings;
  readonly data: DataRequest;
  /** Worker threads; 0: the training worker alone. */
  readonly threads: number;
  /** Where another training with the same settings stopped. */
  readonly state?: TrainingState | undefined;
}

/** The worker that trains, as the page sees it. It starts when it is needed, and anew after it has died. */
export class Trainer {
  readonly #events: TrainerEvents;
  #worker: Worker | undefined;
  #states: ((state: TrainingState | undefined) => void)[] = [];

  constructor(events: TrainerEvents) {
    this.#events = events;
  }

  /** Gets the images and builds the network; what was trained before is dropped. Answered by `ready`, or `failed`. */
  open(request: OpenRequest): void {
    this.#send({ type: "open", ...request });
  }

  run(until: Until): void {
    this.#send({ type: "run", until });
  }

  /** Heard after the piece that is being trained on, in less than a tenth of a second. */
  pause(): void {
    this.#send({ type: "pause" });
  }

  /** The next weights that are others than those that came last come as `weights`, once. */
  askForWeights(): void {
    this.#send({ type: "weights" });
  }

  /** All that it takes to go on later, in this page or another; undefined if the worker dies. */
  state(): Promise<TrainingState | undefined> {
    return new Promise((resolve) => {
      this.#states.push(resolve);
      this.#send({ type: "state" });
    });
  }

  /** Ends the worker. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const resolve of this.#states.splice(0)) resolve(undefined);
  }

  #send(request: Request): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./trainWorker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Response>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#died(event.message || "its file could not be loaded");
    };
    return worker;
  }

  #died(message: string): void {
    this.close();
    this.#events.failed("died", message);
  }

  #hear(response: Response): void {
    const events = this.#events;
    switch (response.type) {
      case "loading":
        events.loading(response.doing, response.share);
        break;
      case "ready":
        events.ready(response.about, response.progress, response.parameters);
        break;
      case "progress":
        events.progress(response.progress);
        break;
      case "weights":
        events.weights(response.parameters, response.steps);
        break;
      case "look":
        events.look(response.look, response.steps);
        break;
      case "step":
        events.step(response.record);
        break;
      case "state":
        for (const resolve of this.#states.splice(0)) resolve(response.state);
        break;
      case "failed":
        if (response.why === "died") this.#died(response.message);
        else events.failed(response.why, response.message);
    }
  }
}
