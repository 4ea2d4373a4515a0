import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type DataPair, firstOf } from "../data/dataset.js";
import { drawPair } from "../data/drawnPair.js";
import { mnistSet } from "../data/idxSets.js";
import { type DatasetName, datasetNames } from "../data/sources.js";
import { FailureError, InputError, inContext } from "../errors.js";
import { listening } from "../listening.js";
import { nearest } from "../nearest.js";
import {
  abortSignal,
  type Checks,
  callback,
  checkOptions,
  elsewhere,
  flag,
  text,
  wholeOrAll,
} from "../options.js";
import { cacheFolder } from "./cache.js";
import { foldersFor, loadDataset, locateDataset, sourceOf } from "./datasets.js";
import { DownloadError, type DownloadOptions } from "./download.js";
import { fetchDataset, notWhole } from "./fetchDataset.js";
import { findIdxSet, missingIdxFiles, readIdxSet } from "./idxFolder.js";
import { verifyFolder } from "./verifyDataset.js";

/**
 * The drawn digits are one data set like MNIST, so their seed is fixed: whoever trains with several seeds to see the
 * spread wants to see that of training, on the same data.
 */
const DIGITS_SEED = 0;

/** As in MNIST. */
const asMany = { train: 60000, test: 10000 };

/** Which part of the data is wanted, and who hears of the loading. */
export interface LoadOptions {
  /** Download nothing. */
  readonly offline?: boolean | undefined;
  /** Use the first so many training images only; 0 where only the test images are wanted. */
  readonly trainCount?: number | undefined;
  /** Where digits are drawn: at most so many for each of the two sets. The first ones are the same for any number. */
  readonly drawCount?: number | undefined;
  readonly onProgress?: ((event: LoadEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds; for tests. */
  readonly timing?: DownloadOptions["timing"];
}

const loadChecks: Checks<LoadOptions> = {
  offline: flag,
  trainCount: wholeOrAll(0),
  drawCount: wholeOrAll(0),
  onProgress: callback,
  signal: abortSignal,
  env: elsewhere,
  timing: elsewhere,
};

/** What happens while data are loaded. */
export type LoadEvent =
  /** `bytes` of `total` have come. */
  | { readonly type: "download"; readonly title: string; readonly bytes: number; readonly total: number }
  /** The folder has the files of this set (`EMNIST letters`), not MNIST's names. Reading begins. */
  | { readonly type: "set"; readonly title: string }
  /** "auto" has to do without MNIST, for this reason: a clause without a full stop. Drawing begins. */
  | { readonly type: "standIn"; readonly reason: string }
  /** So many `digits` of `total` are drawn. */
  | { readonly type: "draw"; readonly digits: number; readonly total: number };

/** A training set and a test set, and where they come from. */
export interface LoadedData extends DataPair {
  /** What it is: `mnist`, `fashion-mnist`, `digits`, or the folder as it was given. */
  readonly source: string;
  /** Why the drawn digits stand in for MNIST; null where they don't. */
  readonly standIn: string | null;
}

/**
 * Labelled images by name: `mnist` or `fashion-mnist` (from `$UNRAVEL_DATA` or the cache, else downloaded into the cache),
 * `digits` (drawn by the program), a folder with four IDX files (named as MNIST's, EMNIST's or QMNIST's are), or `auto`: MNIST, or drawn digits where it can't be had.
 * What is there but damaged is an error, also for `auto`.
 * @throws InputError if it isn't there or is damaged; FailureError if it could not be downloaded; the signal's reason if
 *   it is aborted; what `onProgress` throws
 */
export async function loadData(name = "auto", options: LoadOptions = {}): Promise<LoadedData> {
  checkOptions("Loading data", options, loadChecks);
  inContext("Loading data", () => text("the name", name));
  if (name === "") throw new InputError("The name of the data is empty; auto takes what there is.");
  return listening(options, (listeners) => load(name, { ...options, ...listeners }));
}

async function load(name: string, options: LoadOptions): Promise<LoadedData> {
  if (name === "digits") return drawn(null, options);
  if (name === "auto") return mnistOrDigits(options);
  const known = datasetNames.find((candidate) => candidate === name);
  if (known === undefined) {
    await checkMeant(name);
    const set = await findIdxSet(name);
    if (set !== mnistSet) options.onProgress?.({ type: "set", title: set.title });
    return cut(await readIdxSet(name, set), name, options);
  }
  if (!(await isHere(known, options.env))) {
    if (options.offline) throw missing(known, options.env);
    await downloadNow(known, options);
  }
  return named(known, options);
}

/** @throws InputError if it is no folder, but nearly one of the names */
async function checkMeant(name: string): Promise<void> {
  const meant = nearest(name, ["auto", ...datasetNames, "digits"]);
  if (meant === undefined || (await stat(name).catch(() => undefined))) return;
  throw new InputError(
    `${name}: there is no such folder, and no data of that name (did you mean ${meant}?).`,
  );
}

async function mnistOrDigits(options: LoadOptions): Promise<LoadedData> {
  if (!(await isHere("mnist", options.env))) {
    if (options.offline) return drawn("it is not here, and offline nothing is downloaded", options);
    try {
      await downloadNow("mnist", options);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      return drawn(error instanceof DownloadError ? error.reason : error.message.replace(/\.$/, ""), options);
    }
  }
  return named("mnist", options);
}

/**
 * Whether a data set can be read from here. In the cache some of its files may still be to come, because a download was
 * interrupted; anywhere else, and if it is damaged, reading it says what is wrong.
 * @throws InputError if it is both incomplete and damaged
 */
async function isHere(name: DatasetName, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const folder = await locateDataset(name, env);
  if (folder === undefined) return false;
  if (folder !== join(cacheFolder(env), name) || (await missingIdxFiles(folder)).length === 0) return true;
  const present = await verifyFolder(name, folder);
  if (present.state === "damaged") throw notWhole(present, "fetch it again");
  return false;
}

function missing(name: DatasetName, env?: NodeJS.ProcessEnv): InputError {
  return new InputError(
    `${sourceOf(name).title} was not found in ${foldersFor(name, env).join(" or ")}, and offline nothing is downloaded; put its four files there.`,
  );
}

async function downloadNow(
  name: DatasetName,
  { env, onProgress, signal, timing }: LoadOptions,
): Promise<void> {
  const { title } = sourceOf(name);
  await fetchDataset(name, {
    signal,
    ...(env && { env }),
    ...(timing && { timing }),
    onProgress: ({ bytes, total }) => onProgress?.({ type: "download", title, bytes, total }),
  });
}

async function named(name: DatasetName, options: LoadOptions): Promise<LoadedData> {
  return cut(await loadDataset(name, options.env), name, options);
}

async function drawn(standIn: string | null, options: LoadOptions): Promise<LoadedData> {
  const { trainCount = Infinity, drawCount = Infinity, signal, onProgress } = options;
  if (standIn !== null) onProgress?.({ type: "standIn", reason: standIn });
  const pair = await drawPair(DIGITS_SEED, {
    trainCount: Math.min(trainCount, drawCount, asMany.train),
    testCount: Math.min(drawCount, asMany.test),
    signal,
    onProgress: (digits, total) => onProgress?.({ type: "draw", digits, total }),
  });
  return { ...pair, source: "digits", standIn };
}

function cut(pair: DataPair, source: string, { trainCount = Infinity }: LoadOptions): LoadedData {
  return { train: firstOf(pair.train, trainCount), test: pair.test, source, standIn: null };
}
