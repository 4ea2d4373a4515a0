import { join } from "node:path";
import type { DataPair } from "../data/dataset.js";
import { mnistSet } from "../data/idxSets.js";
import { type DatasetName, datasetNames, type Source, sources } from "../data/sources.js";
import { InputError, show } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { cacheFolder } from "./cache.js";
import { holdsIdxFiles, readIdxSet } from "./idxFolder.js";

/** @throws InputError if there is no such data set */
export function sourceOf(name: DatasetName): Source {
  if (Object.hasOwn(sources, name)) return sources[name];
  throw new InputError(
    `There is no data set ${show(name)}${didYouMean(name, datasetNames)}; there are ${datasetNames.join(", ")}.`,
  );
}

/** Where a known data set is looked for, first choice first: a folder of its name in `$UNRAVEL_DATA` and in the cache. */
export function foldersFor(name: DatasetName, env: NodeJS.ProcessEnv = process.env): string[] {
  return [...(env.UNRAVEL_DATA ? [env.UNRAVEL_DATA] : []), cacheFolder(env)].map((folder) =>
    join(folder, name),
  );
}

/**
 * The folder that a known data set would be read from: the first that holds any of its files, whole or not.
 * @throws InputError if there is no such data set
 */
export async function locateDataset(
  name: DatasetName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  sourceOf(name);
  for (const folder of foldersFor(name, env)) if (await holdsIdxFiles(folder)) return folder;
  return undefined;
}

/**
 * A known data set, from `$UNRAVEL_DATA` or the cache folder; loadData also downloads it.
 * @throws InputError if there is no such data set, or it isn't there, or it is damaged
 */
export async function loadDataset(
  name: DatasetName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<DataPair> {
  const { title, classes } = sourceOf(name);
  const folder = await locateDataset(name, env);
  if (folder !== undefined) return readIdxSet(folder, mnistSet, title, classes);
  throw new InputError(
    `${title} was not found in ${foldersFor(name, env).join(" or ")}; put its four files there, or set UNRAVEL_DATA to the folder that holds ${name}/.`,
  );
}
