import { datasetNames, firstOf, InputError, type Model, transposeImages } from "unravel-cnn";
import { type LoadEvent, type LoadedData, loadData as load } from "unravel-cnn/node";
import type { DataOptions } from "./dataOptions.js";
import { Interrupted } from "./exit.js";
import { DATA_HELP } from "./help.js";
import type { PictureData } from "./pictureData.js";
import { clock, megabytes, whole } from "./terminal/numbers.js";
import type { Progress } from "./terminal/progress.js";

/** As options of a command. */
export interface DataChoice extends DataOptions {
  /** Use the first so many training images only; 0 where only the test images are wanted. */
  readonly limit?: number | undefined;
  /** Where digits are drawn: at most so many for each of the two sets. */
  readonly drawCount?: number | undefined;
  /** Leave files out that can't be read as pictures, also where that wasn't asked for. */
  readonly leavesBrokenOut?: boolean | undefined;
  /** All pictures are for testing. */
  readonly all?: boolean | undefined;
  /** A network whose inputs pictures are to become. */
  readonly like?: Model | undefined;
}

/** Images, and where they come from pictures what is known of these. */
export type CommandData = PictureData;

/**
 * The data that `--data` names, downloaded or drawn if need be.
 * @param doing what it is for, said where drawn digits stand in: `training on`
 * @throws InputError if there is no such data, or it is damaged; FailureError if it could not be downloaded; the
 *   signal's reason if it is aborted
 */
export async function loadData(
  choice: DataChoice,
  doing: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommandData> {
  const { data } = choice;
  if (!data) throw new InputError(`--data must be ${DATA_HELP}.`);
  const loaded = (await arePictures(data))
    ? await loadFiles(choice, progress, signal)
    : await loadNamed(choice, doing, progress, signal);
  return choice.transpose
    ? { ...loaded, train: transposeImages(loaded.train), test: transposeImages(loaded.test) }
    : loaded;
}

async function arePictures(data: string): Promise<boolean> {
  if (["auto", "digits", ...datasetNames].includes(data)) return false;
  return (await import("unravel-files/node")).holdsPictures(data);
}

async function loadFiles(choice: DataChoice, progress: Progress, signal: AbortSignal): Promise<CommandData> {
  progress.say(`Loading ${choice.data} ...`);
  const { loadPictures } = await import("./pictureData.js");
  const loaded = await loadPictures(
    { ...choice, skipBroken: choice.skipBroken || choice.leavesBrokenOut },
    progress,
    signal,
    choice.like,
  );
  if (!loaded.pictures) refusePictureOptions(choice);
  return choice.limit === undefined ? loaded : { ...loaded, train: firstOf(loaded.train, choice.limit) };
}

function refusePictureOptions(choice: DataChoice): void {
  for (const option of ["size", "fit", "grey", "skipBroken"] as const) {
    if (choice[option] === undefined) continue;
    throw new InputError(
      `--${option === "skipBroken" ? "skip-broken" : option} goes with pictures, but ${choice.data} has images that are just as large and coloured as they are.`,
    );
  }
}

async function loadNamed(
  choice: DataChoice,
  doing: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<LoadedData> {
  const { data, offline, limit, drawCount } = choice;
  refusePictureOptions(choice);
  // Which data "auto" takes is known only when they are loaded: the first line says so then.
  if (data !== "auto") progress.say(`Loading ${data} ...`);
  const downloaded = downloadProgress(progress);
  let downloading = false;
  let drawing = 0;
  const said: { [T in LoadEvent["type"]]: (event: Extract<LoadEvent, { type: T }>) => void } = {
    download: (event) => {
      downloading = true;
      downloaded(event);
    },
    set: ({ title }) => progress.say(`Its files are those of ${title}.`),
    draw: ({ digits, total }) => {
      drawing ||= performance.now();
      const left = ((total - digits) / digits) * ((performance.now() - drawing) / 1000);
      progress.show({
        title: "Drawing digits",
        share: digits / total,
        details: [`ETA ${clock(left)}`, `${whole(total)} in all`],
      });
    },
    standIn: ({ reason }) =>
      progress.say(
        `MNIST can't be had (${reason}): ${doing} digits that the program draws; "unravel data fetch mnist" tries again.`,
      ),
  };
  const onProgress = (event: LoadEvent) => (said[event.type] as (event: LoadEvent) => void)(event);
  try {
    return await load(data, { offline, trainCount: limit, drawCount, signal, onProgress });
  } catch (error) {
    throw downloading ? afterDownload(error) : error;
  } finally {
    progress.clear();
  }
}

/** Adds to an interruption of a download what became of the files. */
export function afterDownload(error: unknown): unknown {
  if (error instanceof Interrupted) error.outcome = "files that had come whole are kept";
  return error;
}

/** Shows a download: share, rate, and how long it will still take. */
export function downloadProgress(progress: Progress) {
  const started = performance.now();
  return ({ title, bytes, total }: { title: string; bytes: number; total: number }): void => {
    const rate = bytes / ((performance.now() - started) / 1000);
    progress.show({
      title: `Downloading ${title}`,
      share: bytes / total,
      details: [`${megabytes(rate)}/s`, `ETA ${clock((total - bytes) / rate)}`, `${megabytes(total)} in all`],
    });
  };
}
