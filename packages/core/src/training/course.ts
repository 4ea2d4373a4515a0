import { countOf } from "../data/dataset.js";
import type { Engine, EngineChange, EpochOptions, EpochTotals } from "../engine/engine.js";
import { withAnyOf } from "../listening.js";
import { type About, aboutEngine, type Best, type Checkpoint, type Checkpoints } from "./checkpoint.js";
import { type Death, deathOf } from "./death.js";
import { evaluate } from "./evaluate.js";
import type { EpochRecord, History, ProgressEvent } from "./history.js";
import type { Training } from "./training.js";

export interface CourseOptions {
  readonly keep: "best" | "last";
  readonly patience: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** Where checkpoints go, and what each says of the training that it is of. */
export interface Keeping {
  readonly checkpoints: Checkpoints;
  readonly about: About;
  /** Of the engine, in the training so far. */
  readonly changes: () => readonly EngineChange[];
}

/** A training's way from its beginning, or from a checkpoint, to its end: epoch by epoch, looking at validation images after each. */
export class Course {
  readonly #engine: Engine;
  readonly #training: Training;
  readonly #options: CourseOptions;
  readonly #keeping: Keeping | undefined;
  readonly #records: EpochRecord[];
  #best: Best | null;
  /** How long the present epoch has been trained. */
  #seconds: number;
  #diedTold = false;
  /** Whether the last checkpoint was due before a step was done. */
  #isHurried = false;

  constructor(
    engine: Engine,
    training: Training,
    options: CourseOptions,
    keeping?: Keeping,
    from?: Checkpoint,
  ) {
    this.#engine = engine;
    this.#training = training;
    this.#options = options;
    this.#keeping = keeping;
    this.#records = [...(from?.history ?? [])];
    this.#best = from?.best ?? null;
    this.#seconds = from?.seconds ?? 0;
    if (from) keeping?.checkpoints.isKept(this.#place);
  }

  async run(): Promise<History> {
    const training = this.#training;
    const { epochs } = training;
    try {
      await this.#save();
      while (!this.#isOver) {
        await this.#train();
        await this.#endEpoch();
        const epoch = this.#records.length;
        if (this.#keeping?.checkpoints.isDueAfter(epoch, training.steps)) await this.#save();
      }
    } catch (error) {
      // after any other error, even beside an abort, the one before is what can be gone on with
      const { signal } = this.#options;
      if (signal?.aborted && error === signal.reason) await this.#save();
      throw error;
    }
    await this.#save();
    const kept = this.#options.keep === "best" ? this.#best : null;
    if (kept) this.#engine.setParameters(kept.parameters);
    return {
      epochs: this.#records,
      death: training.death ?? null,
      leftOut: countOf(training.data.train) - training.imagesPerEpoch,
      keptEpoch: kept?.epoch ?? this.#records.length,
      stoppedEarly: this.#records.length < epochs,
    };
  }

  get #isOver(): boolean {
    const { patience } = this.#options;
    const since = this.#records.length - (this.#best?.epoch ?? 0);
    return this.#records.length >= this.#training.epochs || (patience !== undefined && since >= patience);
  }

  /** Trains to the end of the present epoch. */
  async #train(): Promise<void> {
    const training = this.#training;
    const end = (this.#records.length + 1) * training.stepsPerEpoch;
    while (training.steps < end) {
      const before = this.#seconds;
      const start = performance.now();
      const onProgress = (soFar: EpochTotals) => {
        this.#seconds = before + (performance.now() - start) / 1000;
        this.#tellStep(soFar);
      };
      try {
        await this.#advance(end - training.steps, onProgress);
      } finally {
        this.#seconds = before + (performance.now() - start) / 1000;
      }
      this.#options.signal?.throwIfAborted();
      if (training.steps < end && this.#keeping?.checkpoints.isDue(training.steps)) await this.#save();
    }
  }

  /** Without checkpoints an abort ends the training; with them it is paused, so that it can be kept. */
  async #advance(steps: number, onProgress: NonNullable<EpochOptions["onProgress"]>): Promise<void> {
    const { signal } = this.#options;
    const checkpoints = this.#keeping?.checkpoints;
    if (checkpoints === undefined) {
      await this.#training.advance(steps, { signal, onProgress });
      return;
    }
    // what is due sooner than a step takes must not keep every step from being taken, and a timer can't wait for less than 1 ms
    const wait = checkpoints.millisecondsLeft;
    const isHurried = this.#isHurried || (wait !== undefined && wait < 1);
    const left = isHurried ? 1 : Math.min(steps, checkpoints.stepsLeft(this.#training.steps));
    const milliseconds = isHurried ? undefined : wait;
    const due = new AbortController();
    const timer = milliseconds === undefined ? undefined : setTimeout(() => due.abort(), milliseconds);
    try {
      const done = await withAnyOf([signal, due.signal], (pause) =>
        this.#training.advance(left, { pause, onProgress }),
      );
      this.#isHurried = done.steps === 0;
    } finally {
      clearTimeout(timer);
    }
  }

  #tellStep(soFar: EpochTotals): void {
    const { epochs, imagesPerEpoch } = this.#training;
    const { images, loss, correct } = soFar;
    const epoch = this.#records.length + 1;
    this.#options.onProgress?.({
      type: "step",
      epoch,
      epochs,
      images,
      imagesPerEpoch,
      loss: loss / images,
      accuracy: correct / images,
      imagesPerSecond: images / this.#seconds,
    });
    this.#tellDeath(epoch, deathOf(soFar, this.#training.settings));
  }

  #tellDeath(epoch: number, death: Death | undefined): void {
    const { epochs } = this.#training;
    if (death && !this.#diedTold) this.#options.onProgress?.({ type: "died", epoch, epochs, death });
    this.#diedTold = death !== undefined;
  }

  /** Looks at the validation images, and enters the epoch that has ended. */
  async #endEpoch(): Promise<void> {
    const { epochs, imagesPerEpoch: count, totals, data, death } = this.#training;
    const { signal, onProgress } = this.#options;
    const validated = data.validation ? await evaluate(this.#engine, data.validation, { signal }) : null;
    const seconds = this.#seconds;
    const record = {
      loss: totals.loss / count,
      accuracy: totals.correct / count,
      valLoss: validated?.loss ?? null,
      valAccuracy: validated?.accuracy ?? null,
      seconds,
      imagesPerSecond: count / seconds,
    };
    this.#records.push(record);
    this.#seconds = 0;
    const epoch = this.#records.length;
    if (validated && this.#needsBest && !(validated.loss >= (this.#best?.loss ?? Infinity))) {
      this.#best = { epoch, loss: validated.loss, parameters: this.#engine.parameters() };
    }
    onProgress?.({ type: "epoch", epoch, epochs, record });
    this.#tellDeath(epoch, death);
  }

  get #needsBest(): boolean {
    return this.#options.keep === "best" || this.#options.patience !== undefined;
  }

  get #place() {
    return { steps: this.#training.steps, epochs: this.#records.length };
  }

  async #save(): Promise<void> {
    const keeping = this.#keeping;
    await keeping?.checkpoints.save(this.#place, async () => {
      const changes = keeping.changes();
      return {
        about: { ...keeping.about, engine: aboutEngine(this.#engine) },
        ended: this.#isOver,
        state: await this.#training.state(),
        history: [...this.#records],
        seconds: this.#seconds,
        best: this.#best,
        ...(changes.length > 0 && { changes: [...changes] }),
      };
    });
  }
}
