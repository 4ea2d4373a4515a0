import { countOf, type Dataset } from "../data/dataset.js";
import type { Engine, EngineChange, EngineName } from "../engine/engine.js";
import { InputError, show } from "../errors.js";
import type { ModelSpec } from "../graph/model.js";
import {
  type Check,
  type Checks,
  callback,
  checkKeys,
  elsewhere,
  kindOf,
  number,
  whole,
} from "../options.js";
import type { ImageShape, NamedTensors } from "../tensor.js";
import { fingerprintOf } from "./fingerprint.js";
import type { EpochRecord } from "./history.js";
import type { TrainingState } from "./training.js";

/** When checkpoints are made: after so many seconds, epochs or steps. */
export type Every = { readonly seconds: number } | { readonly epochs: number } | { readonly steps: number };

/** When a training is kept, and where. */
export interface CheckpointOptions {
  /** Default: every 60 seconds. Besides, there is one at the beginning, one at the end, and one when training is aborted. */
  readonly every?: Every | undefined;
  /** Keeps a checkpoint; training waits for it. If it throws or rejects, training ends, and `fit` rejects with that. */
  readonly save: (checkpoint: Checkpoint) => void | Promise<void>;
  /** Anything that JSON can hold: it is kept with the checkpoint, and nothing is done with it. */
  readonly note?: unknown;
}

/** All that a training has to know to end, later and elsewhere, with the same bits as if it had never been interrupted. */
export interface Checkpoint {
  /** What it is a training of, and how. */
  readonly about: About;
  readonly state: TrainingState;
  /** Whether the training has ended, so that there is nothing to go on with. */
  readonly ended: boolean;
  /** Of the epochs that are over. */
  readonly history: readonly EpochRecord[];
  /** How long the epoch that isn't over has been trained. */
  readonly seconds: number;
  /** The best epoch so far, where images are set aside to know it. */
  readonly best: Best | null;
  /** When it went on with another engine, because a GPU was lost; `about` has the engine since then. Default: it never did. */
  readonly changes?: readonly EngineChange[] | undefined;
  readonly note?: unknown;
}

/** The best epoch so far, and its weights. */
export interface Best {
  /** Counted from 1. */
  readonly epoch: number;
  /** On the validation images. */
  readonly loss: number;
  readonly parameters: NamedTensors;
}

/** What a training follows from. If all of it is the same, so are the bits. */
export interface About {
  readonly network: ModelSpec;
  readonly data: {
    readonly images: number;
    readonly shape: ImageShape;
    readonly classes: readonly string[];
    readonly content: string;
  };
  /** As they were worked out: none is left out that says something. */
  readonly settings: object;
  readonly engine: {
    readonly name: EngineName;
    readonly strict: boolean;
    readonly convolution?: string | undefined;
  };
}

/** How often a checkpoint is made if nobody says so. */
const DEFAULT_EVERY: Every = { seconds: 60 };

const everyChecks: Checks<Record<"seconds" | "epochs" | "steps", unknown>> = {
  seconds: number(0, { above: true }),
  epochs: whole(1),
  steps: whole(1),
};

const everyCheck: Check = (name, value) => {
  const given = Object(value) as object;
  const known = Object.keys(given).filter((key) => Object.hasOwn(everyChecks, key));
  if (known.length !== 1 || Object.keys(given).length !== 1) {
    throw new InputError(
      `${name} must be { seconds }, { epochs } or { steps } with a number, not ${show(value)}`,
    );
  }
  const [unit] = known as (keyof typeof everyChecks)[];
  everyChecks[unit](`${name}.${unit}`, (given as Record<string, unknown>)[unit]);
};

const checkpointChecks: Checks<CheckpointOptions> = { every: everyCheck, save: callback, note: elsewhere };

/** For a table of checks. */
export const checkpointCheck: Check = (name, value) => {
  if (typeof value !== "object" || value === null) {
    throw new InputError(
      `${name} must be { save } with a function that keeps checkpoints, not ${kindOf(value)}`,
    );
  }
  checkKeys(value, Object.keys(checkpointChecks), `option of ${name}`);
  const given = value as CheckpointOptions;
  for (const option of Object.keys(checkpointChecks) as (keyof CheckpointOptions)[]) {
    if (given[option] !== undefined || option === "save")
      checkpointChecks[option](`${name}.${option}`, given[option]);
  }
};

/** For a table of checks. */
export const resumeCheck: Check = (name, value) => {
  const { about, state, history } = Object(value) as Partial<Checkpoint>;
  if (about && state && Array.isArray(history)) return;
  throw new InputError(`${name} must be a checkpoint, as checkpoint.save gets them, not ${kindOf(value)}`);
};

/** @param settings plain data */
export function aboutTraining(engine: Engine, data: Dataset, settings: object): About {
  const { spec, classes, normalize } = engine.model;
  return {
    network: { ...spec, classes, normalize },
    data: {
      images: countOf(data),
      shape: data.shape,
      classes: data.classes,
      content: fingerprintOf(data),
    },
    settings,
    engine: aboutEngine(engine),
  };
}

/** Which engine it is now: one that has lost its GPU is another one than before. */
export function aboutEngine({ name, strict, convolution }: Engine): About["engine"] {
  return { name, strict, ...(convolution && { convolution }) };
}

/** @throws InputError that says what differs, if a checkpoint is of another training */
export function checkSame(checkpoint: About, training: About): void {
  for (const [part, called] of Object.entries(PARTS)) {
    const key = part as keyof About;
    const different = firstDifference(checkpoint[key], training[key], []);
    if (different === undefined) continue;
    throw new InputError(
      `The checkpoint is of another training: ${called(different)}; give the same, or begin another training.`,
    );
  }
}

interface Difference {
  readonly path: readonly string[];
  readonly there: unknown;
  readonly here: unknown;
}

const inWords = ({ path, there, here }: Difference): string =>
  `${path.join(".")} is ${there === undefined ? "not given" : show(there)} in it, and ${here === undefined ? "not given" : show(here)} here`;

/** How a difference in each part of what a training follows from is told. */
const PARTS: Readonly<Record<keyof About, (difference: Difference) => string>> = {
  network: (difference) => `of its network, ${inWords(difference)}`,
  data: (difference) =>
    difference.path[0] === "content"
      ? "its images or labels are others, though as many"
      : `of its data, ${inWords(difference)}`,
  settings: (difference) => `of its settings, ${inWords(difference)}`,
  engine: (difference) => `of its engine, ${inWords(difference)}`,
};

/** The first place where two pieces of plain data differ; a key that is missing is one that is undefined. */
function firstDifference(there: unknown, here: unknown, path: readonly string[]): Difference | undefined {
  if (Object.is(there, here)) return undefined;
  if (!isPlain(there) || !isPlain(here) || Array.isArray(there) !== Array.isArray(here)) {
    return { path, there, here };
  }
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
    const different = firstDifference(there[key], here[key], [...path, key]);
    if (different) return different;
  }
  return undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** When checkpoints are due, and what keeps them. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #every: Every;
  #last = performance.now();
  #saved: string | undefined;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#every = options.every ?? DEFAULT_EVERY;
  }

  /** How many steps there are until one is due, after so many. */
  stepsLeft(steps: number): number {
    return "steps" in this.#every ? this.#every.steps - (steps % this.#every.steps) : Infinity;
  }

  /** How many milliseconds there are until one is due; undefined: that is no question of time. */
  get millisecondsLeft(): number | undefined {
    if (!("seconds" in this.#every)) return undefined;
    const passed = performance.now() - this.#last;
    return Math.min(LONGEST_TIMER_MS, Math.max(0, 1000 * this.#every.seconds - passed));
  }

  /** Whether one is due within an epoch, after so many steps. */
  isDue(steps: number): boolean {
    return this.millisecondsLeft === 0 || ("steps" in this.#every && steps % this.#every.steps === 0);
  }

  /** Whether one is due after an epoch. */
  isDueAfter(epoch: number, steps: number): boolean {
    return this.isDue(steps) || ("epochs" in this.#every && epoch % this.#every.epochs === 0);
  }

  /** Keeps where a training stands, unless just that was kept last. */
  async save(training: { readonly steps: number; readonly epochs: number }, make: () => Promise<Checkpoint>) {
    const place = `${training.steps} ${training.epochs}`;
    if (place !== this.#saved) {
      const { note } = this.#options;
      await this.#options.save({ ...(await make()), ...(note !== undefined && { note }) });
      this.#saved = place;
    }
    this.#last = performance.now();
  }

  /** What was read from a file need not be written there. */
  isKept(training: { readonly steps: number; readonly epochs: number }): void {
    this.#saved = `${training.steps} ${training.epochs}`;
  }
}

/** Longer timers end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
