import { createStore, del, get, set } from "idb-keyval";
import {
  checkNumbers,
  checkParameters,
  defineModel,
  formatModel,
  InputError,
  type ModelSpec,
  type NamedTensors,
} from "unravel-cnn";
import type { Collected } from "./collected.js";
import { curveNames, type SavedTraining } from "./saved.js";
import { type Settings, settingsFrom, settingsWords } from "./settings.js";

/*
 * One training, kept in this browser (IndexedDB) as plain data, for a reload or another day.
 */

export interface Kept {
  readonly version: typeof VERSION;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether it trained, or paused. */
  readonly running: boolean;
  /** Of the network. */
  readonly spec: ModelSpec;
  readonly saved: SavedTraining;
  /** Whether the visitor allowed to fetch its images from another host. */
  readonly mayFetch: boolean;
}

/** Grows when what is kept, or what follows from a seed, becomes something else. */
const VERSION = 2;
export const version: typeof VERSION = VERSION;

const TRAINING = "training";
const FILES = "files";
const COLLECTED = "collected";
const store = createStore("unravel", "kept");

/** As it was found: a later or earlier page may have written it. */
export async function readKept(): Promise<unknown> {
  return get(TRAINING, store);
}

export async function writeKept(kept: Kept): Promise<void> {
  await set(TRAINING, kept, store);
}

/** The visitor's own images, without which their training can't go on. */
export async function writeFiles(files: readonly File[]): Promise<void> {
  await set(FILES, files, store);
}

export async function readFiles(): Promise<readonly File[]> {
  const files: unknown = await get(FILES, store);
  return Array.isArray(files) && files.every((file) => file instanceof File) ? files : [];
}

/** The pictures that were trained on; those of the collection may be others by now. */
export async function writeCollected(collected: Collected): Promise<void> {
  await set(COLLECTED, collected, store);
}

export async function readCollected(): Promise<Collected | undefined> {
  return get<Collected>(COLLECTED, store);
}

export async function forgetKept(): Promise<void> {
  await del(TRAINING, store);
  await del(FILES, store);
  await del(COLLECTED, store);
}

/** Whether there is anything. Where storage is denied, there isn't. */
export async function isKept(): Promise<boolean> {
  return (await readKept().catch(() => undefined)) !== undefined;
}

/**
 * What was kept, if this page can go on with it.
 * @throws InputError if another version of the page wrote it, or it is damaged
 */
export function checkKept(found: unknown): Kept {
  const kept = found as Kept;
  if (typeof kept?.version === "number" && kept.version !== VERSION) {
    throw new InputError("Another version of this page kept it, so this one can't go on with it.");
  }
  try {
    const { saved, spec, at, running, mayFetch } = kept;
    const { settings, training, first, curves } = saved;
    const model = defineModel(spec);
    for (const tensors of [training.parameters, first]) checkParameters(model, tensors);
    for (const tensors of training.memory) checkNumbers(model.parameters, tensors);
    const words = settingsWords(settings);
    const isWhole =
      kept.version === VERSION &&
      Number.isFinite(at) &&
      typeof running === "boolean" &&
      typeof mayFetch === "boolean" &&
      isSame(
        settings,
        settingsFrom((name) => words[name]),
      ) &&
      Number.isInteger(training.steps) &&
      training.steps >= 0 &&
      Object.values(training.totals).every(Number.isFinite) &&
      curveNames.every((name) => curves[name].flat().every(Number.isFinite));
    if (isWhole) return kept;
  } catch {
    // said below
  }
  throw new InputError("What was kept is damaged, so the training can't go on.");
}

const isSame = (a: Settings, b: Settings) =>
  Object.entries(b).every(([name, value]) => a[name as keyof Settings] === value);

/** The network of what was found, as a file, if that much of it is whole. */
export function modelIn(found: unknown): Uint8Array | undefined {
  try {
    const { spec, saved } = found as { spec: ModelSpec; saved: { training: { parameters: NamedTensors } } };
    return formatModel({ model: defineModel(spec), parameters: saved.training.parameters });
  } catch {
    return undefined;
  }
}

/** Why nothing can be kept, in a sentence. */
export function reasonOf(error: unknown): string {
  const { name } = (error ?? {}) as Partial<Error>;
  return name === "QuotaExceededError"
    ? "This browser's storage is full, so a reload would bring back an earlier state, or none: save the model before you leave."
    : "This browser lets the page keep nothing, so a reload would lose this training: save the model before you leave.";
}
