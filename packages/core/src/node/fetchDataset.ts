import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetName, Source } from "../data/sources.js";
import { InputError } from "../errors.js";
import { listening } from "../listening.js";
import { abortSignal, type Checks, callback, checkOptions, elsewhere } from "../options.js";
import { cacheFolder } from "./cache.js";
import { locateDataset, sourceOf } from "./datasets.js";
import { type DownloadOptions, download } from "./download.js";
import { type CheckedDataset, verifyFolder } from "./verifyDataset.js";

/** How a data set is fetched, and who hears of it. */
export interface FetchOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; for tests. */
  readonly timing?: DownloadOptions["timing"];
}

const fetchChecks: Checks<FetchOptions> = {
  env: elsewhere,
  onProgress: callback,
  signal: abortSignal,
  timing: elsewhere,
};

/** How far a download is. */
export interface FetchProgress {
  /** What comes just now. */
  readonly file: string;
  /** Of all the files that are fetched. Less than before, where a server has to begin again. */
  readonly bytes: number;
  readonly total: number;
}

/** What came of fetching a data set. */
export interface Fetched {
  readonly name: DatasetName;
  /** For people. */
  readonly title: string;
  readonly folder: string;
  /** The files that were not there before. */
  readonly downloaded: readonly string[];
  /** Whether all of its files have a known checksum, and the right one; else someone has unpacked them. */
  readonly verified: boolean;
}

/**
 * Sees to it that a known data set is at hand: downloads what is missing or damaged into the cache folder, unless
 * `$UNRAVEL_DATA` has all of it. `$UNRAVEL_MIRROR` is asked instead of the public servers, where it is set.
 * @throws FailureError if a file can't be had or written; InputError if there is no such data set, or the one in
 *   `$UNRAVEL_DATA` is incomplete or damaged; the signal's reason if it is aborted; what
 *   `onProgress` throws. Nothing half is left.
 */
export async function fetchDataset(name: DatasetName, options: FetchOptions = {}): Promise<Fetched> {
  checkOptions("Fetching data", options, fetchChecks);
  return listening(options, (listeners) => fetchMissing(name, { ...options, ...listeners }));
}

async function fetchMissing(name: DatasetName, options: FetchOptions): Promise<Fetched> {
  const { env = process.env, onProgress, signal, timing } = options;
  const { title, mirrors, files } = sourceOf(name);
  const home = join(cacheFolder(env), name);
  const located = (await locateDataset(name, env)) ?? home;
  const present = await verifyFolder(name, located);
  const lacking = present.files.filter(({ state }) => state === "missing" || state === "damaged");
  if (lacking.length > 0 && located !== home) {
    throw notWhole(present, `put the published files there, or take ${name}/ away`);
  }

  const wanted = files.filter((file) => lacking.some((lack) => lack.name === file.name));
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  let servers = mirrorsFor(name, mirrors, env);
  let done = 0;
  for (const { name: file, bytes, checksum } of wanted) {
    const path = join(home, file);
    const url = await download(
      { title: `${title}'s ${file}`, urls: servers.map((server) => server + file), path, bytes, checksum },
      {
        onProgress: (received) => onProgress?.({ file, bytes: done + received, total }),
        signal,
        ...(timing && { timing }),
      },
    );
    // A damaged file under another variant of the name would still be read first.
    const old = lacking.find((lack) => lack.name === file)?.path;
    if (old && old !== path) await rm(old, { force: true });
    // The server that had this file is asked first for the next one: the others have failed, perhaps after some seconds.
    const worked = url.slice(0, -file.length);
    servers = [worked, ...servers.filter((server) => server !== worked)];
    done += bytes;
  }
  const downloaded = wanted.map((file) => file.name);
  const verified = !present.files.some(({ state }) => state === "unchecked");
  return { name, title, folder: located, downloaded, verified };
}

/** What is wrong with a data set. */
export function notWhole({ title, folder, files }: CheckedDataset, advice: string): InputError {
  const bad = files.filter(({ state }) => state === "missing" || state === "damaged");
  const what = bad.map((file) => `${file.name} is ${file.state}`).join(", ");
  return new InputError(`${folder}: ${title} is not whole: ${what}; ${advice}.`);
}

function mirrorsFor(name: DatasetName, mirrors: Source["mirrors"], env: NodeJS.ProcessEnv): string[] {
  const own = env.UNRAVEL_MIRROR;
  if (!own) return [...mirrors];
  if (!/^https?:$/.test(URL.canParse(own) ? new URL(own).protocol : "")) {
    throw new InputError(
      `UNRAVEL_MIRROR must be an address that begins with http:// or https://, not "${own}".`,
    );
  }
  return [`${own.replace(/\/+$/, "")}/${name}/`];
}
