import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Checkpoint, defineModel, type Evaluation, InputError } from "unravel-cnn";
import { checkpointFolder } from "unravel-cnn/node";
import type { LoadedModel } from "../../model.js";
import type { TrainOptions } from "./options.js";

/* What a checkpoint knows of the command that it is of, and how `--resume` takes it up. */

/** Kept with a checkpoint. */
interface Note {
  /** Those that the training follows from. */
  readonly options: Partial<TrainOptions>;
  readonly title: string;
  readonly trained: boolean;
  readonly before: Pick<Evaluation, "accuracy" | "loss">;
}

/** What a command goes on with. */
export interface Resumed {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** As they were given, and where they weren't, as the checkpoint has them. */
  readonly options: TrainOptions;
}

/** Options by which a command may go on in another way: nothing that is learnt follows from them. */
const FREE: readonly (keyof TrainOptions)[] = [
  ...([
    "threads",
    "checkpoint",
    "every",
    "resume",
    "out",
    "history",
    "plot",
    "json",
    "quiet",
    "offline",
  ] as const),
];

/** Options whose values may have several names: what they mean is compared, not how it is called. */
const NAMES: readonly (keyof TrainOptions)[] = ["model", "data"];

export function noteOf(
  options: TrainOptions,
  source: string,
  { title, trained }: Pick<LoadedModel, "title" | "trained">,
  before: Note["before"],
): Note {
  const kept = Object.entries(options).filter(([name]) => !FREE.includes(name as keyof TrainOptions));
  const given = Object.fromEntries(kept) as Partial<TrainOptions>;
  const data = options.data === "auto" ? source : options.data;
  return {
    options: { ...given, model: absolute(options.model), data: absolute(data) },
    title,
    trained,
    before: { accuracy: before.accuracy, loss: before.loss },
  };
}

/** A path so that it can be found from another folder, too. */
function absolute(name: string): string {
  return /[/\\.]/.test(name) && existsSync(name) ? resolve(name) : name;
}

/**
 * @param isGiven whether an option stands on the command line
 * @throws InputError if there is no sound checkpoint in the folder, or an option that is given says something else
 */
export async function readResumed(
  folder: string,
  options: TrainOptions,
  isGiven: (option: string) => boolean,
): Promise<Resumed> {
  const checkpoint = await checkpointFolder(folder).load();
  const note = checkpoint.note as Note | undefined;
  if (!isObject(note) || !isObject(note.options) || !isObject(note.before)) {
    throw new InputError(
      `${folder}: its checkpoint was not made by "unravel train", which can't go on from it.`,
    );
  }
  // it goes on with the engine that it has now, also if that was chosen, or took the place of a GPU that was lost
  const kept: Record<string, unknown> = { ...note.options, engine: checkpoint.about.engine.name };
  const given = options as unknown as Record<string, unknown>;
  const saysElse = (option: string) =>
    isGiven(option) && !(option === "engine" && options.engine === note.options.engine);
  for (const name of new Set([...Object.keys(kept), ...Object.keys(given)])) {
    const option = name as keyof TrainOptions;
    if (FREE.includes(option) || NAMES.includes(option) || !saysElse(name)) continue;
    if (isDeepStrictEqual(kept[name], given[name])) continue;
    const before = kept[name] === undefined ? `no ${flag(name)}` : `${flag(name)} ${text(kept[name])}`;
    throw new InputError(
      `${folder}: its training has ${before}, but ${flag(name)} ${text(given[name])} is given; leave the option out, or begin another training.`,
    );
  }
  const free = Object.fromEntries(
    Object.entries(given).filter(([name]) => FREE.includes(name as keyof TrainOptions) || saysElse(name)),
  );
  return { checkpoint, note, options: { ...kept, ...free } as unknown as TrainOptions };
}

/** The network of a checkpoint. */
export function modelOf({ checkpoint, note }: Resumed): LoadedModel {
  const { title, trained } = note;
  const model = defineModel(checkpoint.about.network);
  return { title: String(title), model, parameters: checkpoint.state.parameters, trained };
}

/** How far a training has come. */
export function describeResumed({ checkpoint }: Resumed): string {
  const { history, state, ended } = checkpoint;
  const { epochs } = checkpoint.about.settings as { readonly epochs?: number };
  const within =
    state.totals.images > 0 && !ended ? `, ${state.steps.toLocaleString("en-US")} steps in all` : "";
  return `Resumed   ${ended ? "at its end, " : ""}after ${history.length} of ${epochs} epochs${within}`;
}

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
