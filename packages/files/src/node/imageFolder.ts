import { createHash } from "node:crypto";
import { sizeOf } from "unravel-cnn";
import { arrange, checkTestClasses } from "../layout/arrange.js";
import { duplicatesAcross } from "../layout/duplicates.js";
import type { Layout } from "../layout/folders.js";
import { normalizationOf } from "../layout/statistics.js";
import { type PictureTarget, type TargetOptions, targetOf } from "../layout/target.js";
import { parseCsv, textOf } from "../tables/csv.js";
import { BrokenPicturesError, withoutBroken } from "./broken.js";
import { type Found, findLayout, inFileOf, tableLayout } from "./findLayout.js";
import { type Opened, openSource } from "./openSource.js";
import { readCache, writeCache } from "./pictureCache.js";
import { type About, arraysOf, folderOf, type ImageFolder } from "./pictureData.js";
import { type PixelData, pixelTables } from "./pixelTables.js";
import { readPictures } from "./readPictures.js";
import { tableSource } from "./tableSource.js";

/** Another one whenever other classes are found, or other images made, of the same files: what is kept counts no more. */
const VERSION = 3;

/** What becomes of a folder's pictures, and who hears of it. */
export interface ImageFolderOptions extends TargetOptions {
  /** Leave files out that can't be read as pictures; default: they are an error. */
  readonly skipBroken?: boolean | undefined;
  /** All pictures are for testing, whatever the data say; default false. */
  readonly onlyTest?: boolean | undefined;
  /** Chooses what is set aside for testing, where the data don't say; default 0. */
  readonly seed?: number | undefined;
  /** Keep decoded pictures in the cache folder, and take them from there; default true. */
  readonly cache?: boolean | undefined;
  /** So many of all pictures are decoded. */
  readonly onProgress?: ((pictures: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Labelled images from pictures: a folder with one folder for each class, or with `train` and `test` (or `val`) of such folders; a
 * CSV file of files and labels, or a folder with one; or a `.zip` or `.tar.gz` of any of these. PNG, JPEG, WebP, and a GIF's first
 * picture, upright as EXIF says; what is transparent is laid on white. Images have three channels, or one if no picture has colours.
 * A table may give a picture several labels at once, or none. Where nothing is for testing, a fifth of each class (of all pictures, with
 * several labels) is set aside, drawn by the seed.
 * @throws InputError if it can't be read, there are no classes, or a class has fewer than two pictures; BrokenPicturesError, which
 *   is one, if files are broken; the signal's reason if it is aborted; what `onProgress` throws
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  return (await load(path, options, false)) as ImageFolder;
}

/**
 * As imageFolder; a `.csv` of labels and pixels, as MNIST is often passed on, or a folder or archive of such, gives its images as they
 * are.
 * @throws as imageFolder
 */
export async function labelledImages(
  path: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolder | PixelData> {
  return load(path, options, true);
}

async function load(
  path: string,
  options: ImageFolderOptions,
  withTables: boolean,
): Promise<ImageFolder | PixelData> {
  const target = targetOf(options);
  const { seed = 0, skipBroken = false, onlyTest = false, cache = true, env, signal } = options;
  const source = await openSource(path);
  if (withTables && source.kind === "table") {
    const tables = await pixelTables(path, source, seed);
    if (tables) return tables;
  }
  const opened = await openPictures(path, source);
  signal?.throwIfAborted();
  const keyFor = (made: PictureTarget) =>
    JSON.stringify({ version: VERSION, files: opened.fingerprint, target: made, onlyTest, seed });
  const kept = cache ? await readKept(keyFor(target), env) : undefined;
  if (kept) {
    const { broken, files } = kept.about;
    const total = files.train.length + files.test.length + broken.length;
    if (broken.length > 0 && !skipBroken) throw new BrokenPicturesError(path, broken, total);
    return folderOf(path, kept.about, kept.arrays, true);
  }
  if (withTables && source.kind === "files") {
    const tables = await pixelTables(path, source, seed);
    if (tables) return tables;
  }

  const { about, arrays } = await read(path, await opened.find(), target, options);
  const folder = folderOf(path, about, arrays, false);
  const { size, fit, grey } = folder.pictures;
  const keys = [keyFor({ size, fit, grey }), keyFor(target)] as const;
  const problem = cache ? await keep(keys, about, arrays, env).catch((error: Error) => error) : undefined;
  if (problem === undefined) return folder;
  const remark = `The decoded pictures are not kept for the next time: ${problem.message}`;
  return { ...folder, remarks: [...folder.remarks, remark] };
}

/** What is kept under a key, or under the one that it leads to. */
async function readKept(key: string, env?: NodeJS.ProcessEnv) {
  const first = await readCache(key, env);
  const { leadsTo } = (first?.about ?? {}) as { leadsTo?: string };
  const kept = leadsTo === undefined ? first : await readCache(leadsTo, env);
  return kept && { about: kept.about as About, arrays: kept.arrays };
}

/**
 * Keeps images under a key that says what they were made to: whoever asks for just that, as `evaluate` does with a model's own size,
 * finds them, too.
 * @throws FailureError if they can't be written
 */
async function keep(
  [made, asked]: readonly [made: string, asked: string],
  about: About,
  arrays: ReturnType<typeof arraysOf>,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  await writeCache(made, about, arrays, env);
  if (asked !== made) await writeCache(asked, { leadsTo: made }, {}, env);
}

/** Finds, decodes and examines what isn't in the cache. */
async function read(path: string, found: Found, target: PictureTarget, options: ImageFolderOptions) {
  const { source, missing } = found;
  const layout = options.onlyTest ? allForTesting(found.layout) : found.layout;
  const { seed = 0, skipBroken = false, onProgress, signal } = options;
  const arrangement = inFileOf(path, () => {
    checkTestClasses(layout);
    return arrange(layout, seed);
  });
  const pictures = await readPictures(source, arrangement, target, { onProgress, signal });
  const problems = [
    ...missing.map((file) => `${file}: there is no such file.`),
    ...Array.from(
      pictures.broken,
      ([file, [first, ...rest]]) => `${file}: ${first.toLowerCase()}${rest.join("")}`,
    ),
  ];
  if (problems.length > 0 && !skipBroken) {
    throw new BrokenPicturesError(path, problems, layout.images.length + missing.length);
  }
  const whole = inFileOf(path, () => withoutBroken(arrangement, pictures));
  const { train, test } = whole;
  const { shape } = pictures;
  const about: About = {
    shape,
    classes: whole.arrangement.classes,
    fit: target.fit,
    files: { train: whole.arrangement.train.paths, test: whole.arrangement.test.paths },
    setAside: whole.arrangement.setAside,
    duplicates: duplicatesAcross(train.images, test.images, sizeOf(shape)),
    normalize: normalizationOf(train.images.length > 0 ? train.images : test.images, shape),
    broken: problems,
    remarks: layout.remarks.map((remark) => `${remark}.`),
  };
  return { about, arrays: arraysOf(whole) };
}

function allForTesting(layout: Layout): Layout {
  return { ...layout, images: layout.images.map((image) => ({ ...image, set: "test" })) };
}

interface OpenedPictures {
  /** Changes with the files. */
  readonly fingerprint: string;
  readonly find: () => Promise<Found>;
}

/** The pictures of a folder, an archive or a table that was given. */
async function openPictures(path: string, opened: Opened): Promise<OpenedPictures> {
  if (opened.kind === "files") {
    const { fingerprint, list } = opened;
    return { fingerprint, find: async () => findLayout(await list()) };
  }
  const hash = createHash("sha256").update(opened.bytes);
  const rows = inFileOf(path, () => parseCsv(textOf(opened.bytes)));
  const found = await tableLayout(path, rows, (files) => tableSource(path, files, hash));
  return { fingerprint: hash.digest("hex"), find: async () => found };
}
