import {
  defineModel,
  InputError,
  type Model,
  type NamedTensors,
  type TrainingState,
  trainingGflops,
} from "unravel-cnn";
import { endingOf } from "../state/endings.js";
import type { Explorer } from "../state/explorer.svelte.js";
import { checkBrowser, threadsFor } from "./browser.js";
import type { Collected } from "./collected.js";
import { type DataRequest, filesIn, type OwnImages } from "./data.js";
import { TrainingImages } from "./images.svelte.js";
import { Lines } from "./lines.svelte.js";
import type { About, Progress, Until } from "./messages.js";
import type { Run } from "./run.js";
import { Runs } from "./runs.svelte.js";
import type { SavedTraining } from "./saved.js";
import type { Look, StepRecord } from "./session.js";
import { checkSettings, type Settings } from "./settings.js";
import { Trainer } from "./trainer.js";

/**
 * `idle`: nothing was trained yet. `stopped`: a number became infinite. `died`: the worker is gone, and what it had learnt
 * is kept here.
 */
export type Phase = "idle" | "loading" | "paused" | "running" | "done" | "stopped" | "died";

/** New weights come at most so often, so that drawing them leaves the cores to the training. */
const LEAST_BETWEEN_WEIGHTS_MS = 250;
/** Between new weights passes so many times what computing and drawing them took. */
const REST = 6;
const LONGEST_DRAWING_MS = 5000;
/** So often at most what was seen is drawn anew: epochs may be short. */
const LEAST_BETWEEN_LOOKS_MS = 500;
const MOST_IMAGES_OPENED = 64;

/** The training that the page shows: what components read, and what a visitor can do with it. */
export class LiveTraining {
  phase = $state<Phase>("idle");
  loading = $state.raw<{ readonly doing: string; readonly share: number }>();
  about = $state.raw<About>();
  /** The settings of the network in training; those in the form may be others. */
  settings = $state.raw<Settings>();
  progress = $state.raw<Progress>();
  look = $state.raw<Look>();
  /** What went wrong, in one sentence. */
  problem = $state("");
  /** What the visitor should know though nothing went wrong in the end, in one sentence. */
  notice = $state("");
  /** All that it takes to go on, as it was not long ago. */
  saved = $state.raw<SavedTraining>();
  parameters = $state.raw<NamedTensors>();
  /** The weights that the training began with. */
  first = $state.raw<NamedTensors>();
  /** The last step, if it was a single one. */
  record = $state.raw<StepRecord>();
  model = $state.raw<Model>();

  /** All cores, or all but one, so that the page answers. */
  allCores = $state(false);
  readonly images = new TrainingImages();
  readonly runs = new Runs();
  /** The images that are trained on: what the visitor gave since may be others. */
  #data = $state.raw<DataRequest>();

  readonly #lines = new Lines();
  readonly #explorer: Explorer;
  readonly #trainer: Trainer;
  /** How far it is to go; undefined: it pauses. */
  #until: Until | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  readonly gflops: number | undefined = $derived(
    this.model && this.progress?.imagesPerSecond
      ? trainingGflops(this.model, this.progress.imagesPerSecond)
      : undefined,
  );
  readonly share: number | undefined = $derived(
    this.gflops === undefined || !this.about?.peak ? undefined : this.gflops / this.about.peak,
  );
  readonly isBusy: boolean = $derived(this.phase === "loading" || this.phase === "running");
  readonly canTrain: boolean = $derived(!["loading", "done", "stopped"].includes(this.phase));

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    this.#trainer = new Trainer({
      loading: (doing, share) => {
        this.loading = { doing, share };
      },
      ready: (about, progress, parameters) => this.#ready(about, progress, parameters),
      progress: (progress) => this.#report(progress),
      weights: (parameters) => this.#showWeights(parameters),
      look: (look, steps) => this.#see(look, steps),
      step: (record) => {
        this.record = record;
        this.parameters = record.after;
        this.showStep("before");
      },
      state: (state) => this.#save(state),
      notice: (sentence) => {
        this.notice = sentence;
      },
      silent: (seconds) => this.#startAgain(seconds),
      failed: (why, message) => this.#failed(why, message),
    });
  }

  /** Files that the visitor gave. */
  take(files: readonly File[]): void {
    this.images.take(files);
    this.imagesChosen();
  }

  /** What was wrong with the images before the first step may be mended now. */
  imagesChosen(): void {
    if (this.phase === "idle") this.problem = "";
  }

  /** Files or pictures that the training, as it is, goes on with. */
  get ownImages(): OwnImages {
    const { files, collected } = this.#data ?? {};
    return { ...(files && { files }), ...(collected && { collected }) };
  }

  /** Pictures that the visitor collected. */
  collect(collected: Collected): void {
    this.images.collect(collected);
    this.imagesChosen();
  }

  // What a visitor can do ---------------------------------------------------------------------------------------------

  play(settings: Settings): void {
    this.#run("end", settings);
  }
  /** To the end of the present epoch. */
  epoch(settings: Settings): void {
    this.#run("epoch", settings);
  }
  /** One step, to be walked through. */
  step(settings: Settings): void {
    this.#run("step", settings);
  }
  pause(): void {
    this.#until = undefined;
    this.#trainer.pause();
  }
  toggle(settings: Settings): void {
    if (this.phase === "running") this.pause();
    else if (this.canTrain) this.play(settings);
  }

  /** Begins anew, with these settings; trains on if it was training. */
  restart(settings: Settings, then: Until | undefined = this.phase === "running" ? "end" : undefined): void {
    this.notice = "";
    this.#trainer.pause();
    void this.#open(settings, then);
  }

  /** Begins anew, with these settings, and trains to the end. */
  begin(settings: Settings): void {
    this.restart(settings, "end");
  }

  /** `saved`, brought up to date; undefined if there is nothing that can be gone on with. */
  async save(): Promise<SavedTraining | undefined> {
    if (this.#isOpen) await this.#trainer.state();
    return this.#isOpen || this.phase === "died" ? this.saved : undefined;
  }

  /**
   * Goes on where another training stopped: pauses there, or trains on to `then`.
   * @param own the images that the visitor had given it, whatever was given since
   */
  restore(
    { settings, training, first, curves }: SavedTraining,
    then: Until | undefined,
    own: OwnImages,
  ): void {
    this.first = first;
    void this.#open(settings, then, training, curves, () => this.images.requestWith(own, settings));
  }

  #run(until: Until, settings: Settings): void {
    this.notice = "";
    if (this.phase === "idle") void this.#open(settings, until);
    else if (this.phase === "died") this.#openAgain(until);
    else if (this.phase === "paused" || this.phase === "running") this.#begin(until);
  }

  #begin(until: Until): void {
    this.problem = "";
    this.#until = until;
    if (until !== "step") {
      this.record = undefined;
      this.#explorer.showDrawing();
      this.phase = "running";
      this.#trainer.askForWeights();
    }
    this.#trainer.run(until);
  }

  async #open(
    settings: Settings,
    then: Until | undefined,
    state?: TrainingState,
    curves?: SavedTraining["curves"],
    images = () => this.images.requestFor(settings),
  ): Promise<void> {
    const before = this.phase;
    this.problem = "";
    this.phase = "loading";
    this.loading = { doing: "Starting", share: 0 };
    try {
      checkSettings(settings);
      checkBrowser();
      await this.images.asked;
      const data = images();
      if (!data) throw new InputError("Where are the images? Choose other data, or give them below.");
      this.runs.follow(this.run, { settings, files: filesIn(data) });
      this.#until = then;
      this.settings = settings;
      this.#data = data;
      this.record = undefined;
      this.look = undefined;
      this.#lookedAt = Number.NEGATIVE_INFINITY;
      this.progress = undefined;
      this.first = state ? this.first : undefined;
      this.#lines.begin(curves);
      this.saved = state &&
        this.first && { settings, training: state, first: this.first, curves: this.#lines.points };
      this.#trainer.open({ settings, data, threads: threadsFor(this.allCores), state });
    } catch (error) {
      this.loading = undefined;
      this.phase = before;
      this.problem = (error as Error).message;
    }
  }

  /** The present training as one that others are compared with. */
  get run(): Run | undefined {
    const { settings, progress, about } = this;
    if (!settings || !about || !this.#data) return undefined;
    return {
      settings,
      files: filesIn(this.#data),
      colour: this.runs.colour,
      steps: progress?.steps ?? 0,
      total: about.epochs * about.stepsPerEpoch,
      curves: this.#lines.points,
    };
  }

  // What the worker says ----------------------------------------------------------------------------------------------

  #ready(about: About, progress: Progress, parameters: NamedTensors): void {
    this.about = about;
    this.loading = undefined;
    this.model = defineModel(about.spec);
    this.first ??= parameters;
    this.progress = progress;
    this.phase = progress.done ? "done" : "paused";
    this.#showWeights(parameters);
    if (this.#until && !progress.done) this.#begin(this.#until);
  }

  #report(progress: Progress): void {
    this.progress = progress;
    if (this.phase !== "stopped") {
      this.phase = progress.done ? "done" : progress.running ? "running" : "paused";
    }
    this.#lines.learn(progress.pieces ?? []);
    this.#lines.draw();
    if (!progress.running) this.#until = undefined;
  }

  #see(look: Look, steps: number): void {
    const isRunning = this.phase === "running";
    // what is looked at shortly after is drawn then
    if (!isRunning || performance.now() - this.#lookedAt >= LEAST_BETWEEN_LOOKS_MS) {
      this.look = look;
      this.#lookedAt = performance.now();
    }
    this.#lines.see(look, steps);
    if (isRunning) return; // the next report is near
    this.#lines.draw();
    this.#save(this.saved?.training); // with this point
  }

  /** Whether there is a training that can be gone on with. */
  get #isOpen(): boolean {
    return ["paused", "running", "done"].includes(this.phase);
  }

  #save(training: TrainingState | undefined): void {
    const { settings, first } = this;
    if (!this.#isOpen || !training || !settings || !first) return;
    this.saved = { settings, training, first, curves: this.#lines.points };
  }

  /** The network above is the one in training. */
  #showWeights(parameters: NamedTensors): void {
    const { model, about } = this;
    if (!model || !about) return;
    const start = performance.now();
    this.parameters = parameters;
    if (!this.#explorer.batch) {
      const network = { id: undefined, title: about.title, note: this.note, model, parameters };
      this.#explorer.show(network, this.phase === "running");
    }
    if (this.phase === "running") requestAnimationFrame(() => this.#askAgain(parameters, start));
  }

  /** Asks for newer weights when these are drawn, and what that took has passed some times. */
  #askAgain(parameters: NamedTensors, start: number): void {
    if (this.phase !== "running") return;
    const elapsed = performance.now() - start;
    const isDrawn = this.#explorer.batch || this.#explorer.network.parameters === parameters;
    if (!isDrawn && elapsed < LONGEST_DRAWING_MS) {
      requestAnimationFrame(() => this.#askAgain(parameters, start));
      return;
    }
    setTimeout(
      () => {
        if (this.phase === "running") this.#trainer.askForWeights();
      },
      Math.max(LEAST_BETWEEN_WEIGHTS_MS, REST * elapsed),
    );
  }

  /** The last single step's batch, in the network as it was before the update or as it is after it. */
  showStep(side: "before" | "after"): void {
    const { record, model, about } = this;
    if (!record || !model || !about) return;
    if (!this.opensStep) {
      this.#showWeights(record.after);
      return;
    }
    const { images, labels, step } = record;
    const network = { id: undefined, title: about.title, note: `${side} step ${step}`, model };
    this.#explorer.showBatch(
      { ...network, parameters: record[side] },
      {
        name: `the batch of step ${step}`,
        images,
        labels: [...labels],
        circumstances: { mode: "training", seed: record.seed, step },
      },
    );
  }

  /** Whether the last step's batch is small enough to be shown, number by number. */
  get opensStep(): boolean {
    return this.record !== undefined && this.record.labels.length <= MOST_IMAGES_OPENED;
  }

  /** How far it is, in a few words. */
  get note(): string {
    const { progress, about } = this;
    if (!progress || progress.steps === 0) return "untrained";
    return this.phase === "done" ? `trained here on ${about?.data}` : `in training, step ${progress.steps}`;
  }

  #failed(why: "refused" | "diverged" | "died", message: string): void {
    this.loading = undefined;
    this.#until = undefined;
    if (why === "died") {
      const kept = this.saved?.training.steps;
      this.problem = endingOf(message, { reached: this.progress?.steps, kept });
      this.phase = kept === undefined ? "idle" : "died";
      if (kept === undefined) this.progress = undefined; // there is no place to go on from
      return;
    }
    this.problem = message;
    this.phase = why === "diverged" ? "stopped" : "idle";
  }

  #startAgain(seconds: number): void {
    this.notice = `The training had not begun after ${seconds} seconds, so it was started again.`;
    this.#openAgain(this.#until);
  }

  /** Goes on from what was saved last, or begins anew. */
  #openAgain(until: Until | undefined): void {
    const { settings, saved } = this;
    if (settings) void this.#open(settings, until, saved?.training, saved?.curves, () => this.#data);
  }
}
