import { type LentWorkers, lendWorkers, type NamedTensors, type TrainingState } from "unravel-cnn";
import type { DataRequest } from "./data.js";
import type { About, Progress, Request, Response, Until } from "./messages.js";
import type { Look, StepRecord } from "./session.js";
import type { Settings } from "./settings.js";
import { type Silence, Watchdog } from "./watchdog.js";

/** What the page is told by the worker that trains. */
export interface TrainerEvents {
  loading(doing: string, share: number): void;
  ready(about: About, progress: Progress, parameters: NamedTensors): void;
  progress(progress: Progress): void;
  weights(parameters: NamedTensors, steps: number): void;
  look(look: Look, steps: number): void;
  step(record: StepRecord): void;
  /** All that it takes to go on later, in this page or another. */
  state(state: TrainingState): void;
  /** Which engine trains, and why; or that its GPU was lost. */
  notice(sentence: string): void;
  /** It had not begun after so many seconds, and was ended: it can be opened again. */
  silent(seconds: number): void;
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

/** How long a training that was asked for may take to begin: to build its network, and to do its first step. */
const LIMIT_MS = 15_000;
/** So often it is given another chance, with twice as much time each. */
const CHANCES = 2;

/** What is heard of a training that is being opened, and not of the one before. */
const OPENING: ReadonlySet<Response["type"]> = new Set(["loading", "building", "notice"]);

const startTrainWorker = () => new Worker(new URL("./trainWorker.ts", import.meta.url), { type: "module" });

/**
 * The worker that trains, as the page sees it. It starts when it is needed, and anew after it has died. The workers of its
 * engine are the page's own.
 */
export class Trainer {
  readonly #events: TrainerEvents;
  readonly #startWorker: () => Worker;
  readonly #watchdog = new Watchdog("the training", LIMIT_MS, (silence) => this.#silent(silence));
  #worker: Worker | undefined;
  #lent: LentWorkers | undefined;
  /** Until the new training is ready, what is heard is of the one before. */
  #isOpening = false;
  /** Those who wait for a state. */
  #waiting: (() => void)[] = [];

  constructor(events: TrainerEvents, startWorker = startTrainWorker) {
    this.#events = events;
    this.#startWorker = startWorker;
  }

  /** Gets the images and builds the network; what was trained before is dropped. Answered by `ready`, or `failed`. */
  open(request: OpenRequest): void {
    this.#isOpening = true;
    this.#send({ type: "open", ...request });
    this.#watchdog.expect();
  }

  run(until: Until): void {
    this.#send({ type: "run", until });
    this.#watchdog.expect();
  }

  /** Heard after the piece that is being trained on, in less than a tenth of a second. */
  pause(): void {
    this.#send({ type: "pause" });
  }

  /** The next weights that are others than those that came last come as `weights`, once. */
  askForWeights(): void {
    this.#send({ type: "weights" });
  }

  /** Resolves when the next `state` has come, or the worker has died. Unasked one comes every second or two. */
  state(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#send({ type: "state" });
    });
  }

  /** Ends the worker, and those of its engine. */
  close(): void {
    this.#watchdog.rest();
    this.#worker?.terminate();
    this.#worker = undefined;
    void this.#lent?.end();
    this.#lent = undefined;
    this.#answer();
  }

  #answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #send(request: Request, transfer: Transferable[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request, transfer);
  }

  #start(): Worker {
    const worker = this.#startWorker();
    this.#lent = lendWorkers();
    const { port } = this.#lent;
    worker.postMessage({ type: "workers", port } satisfies Request, [port]);
    let isLoaded = false;
    worker.onmessage = ({ data }: MessageEvent<Response>) => {
      isLoaded = true;
      this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const unsaid = isLoaded ? "the browser doesn't say why" : "its file could not be loaded";
      this.#died(event.message || unsaid);
    };
    return worker;
  }

  #died(message: string): void {
    this.close();
    this.#watchdog.done();
    this.#events.failed("died", message);
  }

  #silent({ seconds, count }: Silence): void {
    this.close();
    if (count > CHANCES) this.#died(`nothing was heard of ${this.#watchdog.name} for ${seconds} seconds`);
    else this.#events.silent(seconds);
  }

  #hear(response: Response): void {
    const events = this.#events;
    const watchdog = this.#watchdog;
    watchdog.heard();
    if (response.type === "ready" || response.type === "failed") this.#isOpening = false;
    if (this.#isOpening && !OPENING.has(response.type)) return;
    switch (response.type) {
      case "loading":
        watchdog.rest();
        events.loading(response.doing, response.share);
        break;
      case "building":
        watchdog.expect();
        events.loading("Compiling the network", 1);
        break;
      case "ready":
        watchdog.rest();
        events.ready(response.about, response.progress, response.parameters);
        break;
      case "progress":
        watchdog.done();
        events.progress(response.progress);
        break;
      case "weights":
        events.weights(response.parameters, response.steps);
        break;
      case "look":
        events.look(response.look, response.steps);
        break;
      case "step":
        watchdog.done();
        events.step(response.record);
        break;
      case "state":
        events.state(response.state);
        this.#answer();
        break;
      case "notice":
        events.notice(response.sentence);
        break;
      case "failed":
        watchdog.done();
        this.#answer();
        if (response.why === "died") this.#died(response.message);
        else events.failed(response.why, response.message);
    }
  }
}
