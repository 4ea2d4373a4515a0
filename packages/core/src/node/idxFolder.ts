import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { DataPair } from "../data/dataset.js";
import type { IdxKind } from "../data/idx.js";
import { type IdxFile, parseIdxFiles, variantsOf } from "../data/idxData.js";
import { filesOf, type IdxSet, idxSets, mnistSet } from "../data/idxSets.js";
import { InputError } from "../errors.js";
import { reason } from "./files.js";
import { readIdxFile } from "./idxFile.js";

/**
 * The data in a folder with four IDX files named like MNIST's, or those of EMNIST (any split) or QMNIST.
 * @param name by default that of the set, or for MNIST's names the folder's
 * @param classes names of the classes; by default those of the set, or as many as the training labels need, at least ten
 * @throws InputError that names the file, if one is missing or damaged, or they don't fit together; or if there are several sets
 */
export async function readIdxFolder(
  folder: string,
  name?: string,
  classes?: readonly string[],
): Promise<DataPair> {
  return readIdxSet(folder, await findIdxSet(folder), name, classes);
}

/** As readIdxFolder, where it is known which set is meant. */
export async function readIdxSet(
  folder: string,
  set: IdxSet,
  name?: string,
  classes?: readonly string[],
): Promise<DataPair> {
  const read = async (kind: IdxKind, file: string): Promise<IdxFile> => {
    const source = await findIdxFile(folder, file);
    return { source, bytes: await readIdxFile(source, kind) };
  };
  const readPair = async ({ images, labels }: { readonly images: string; readonly labels: string }) => ({
    images: await read("images", images),
    labels: await read(set.labels, labels),
  });
  const files = { train: await readPair(set.files.train), test: await readPair(set.files.test) };
  const own = set === mnistSet ? basename(resolve(folder)) : set.title;
  return parseIdxFiles(files, folder, name ?? own, classes, set);
}

/**
 * Which set a folder holds: the one that is complete, or else the one of which most files are there.
 * @throws InputError if several are complete
 */
export async function findIdxSet(folder: string): Promise<IdxSet> {
  const present = await namesIn(folder);
  const missing = new Map(idxSets.map((set) => [set, missingOf(set, present).length]));
  const complete = idxSets.filter((set) => missing.get(set) === 0);
  if (complete.length > 1) {
    const titles = complete.map(({ title, files }) => `${title} (${files.train.images}, ...)`);
    throw new InputError(
      `${folder}: it holds several data sets: ${titles.join(", ")}; put the four files of one into a folder of their own, and give that.`,
    );
  }
  const fewest = Math.min(...missing.values());
  return idxSets.find((set) => missing.get(set) === fewest) ?? mnistSet;
}

/** Whether a folder holds at least one of MNIST's four files: then it is meant, even if something in it is wrong. */
export async function holdsIdxFiles(folder: string): Promise<boolean> {
  return (await missingIdxFiles(folder)).length < 4;
}

/** Which of MNIST's four files are not in a folder, under any variant of their names. */
export async function missingIdxFiles(folder: string): Promise<string[]> {
  const present = await readdir(folder).catch((): string[] => []);
  return missingOf(mnistSet, present);
}

function missingOf(set: IdxSet, present: readonly string[]): string[] {
  return filesOf(set).filter((file) => !variantsOf(file).some((variant) => present.includes(variant)));
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    throw noFolder(folder, error);
  });
}

/**
 * Where one of a set's four files lies in a folder, under any variant of its name.
 * @throws InputError if it isn't there
 */
export async function findIdxFile(folder: string, file: string): Promise<string> {
  const present = await namesIn(folder);
  const folders: string[] = [];
  for (const variant of variantsOf(file).filter((name) => present.includes(name))) {
    const path = join(folder, variant);
    if (!(await stat(path).catch(() => undefined))?.isDirectory()) return path;
    folders.push(path);
  }
  if (folders.length > 0) return unpackedFile(folders[0], file);
  const problem = `the file ${file}.gz is missing (or ${file}, or with a dot before "idx"); put it there`;
  throw new InputError(`${folder}: ${problem}${unknownFile(present)}.`);
}

/** A remark on a file that is named like those of EMNIST or QMNIST, but belongs to no set that is known. */
function unknownFile(present: readonly string[]): string {
  const known = new Set(idxSets.flatMap(filesOf).flatMap(variantsOf));
  const other = present.find((name) => !known.has(name) && /^[eq]mnist-.*(ubyte|-int|\.tsv)/.test(name));
  if (other === undefined) {
    const none = idxSets.every((set) => missingOf(set, present).length === filesOf(set).length);
    return none ? "; for pictures, put those of each class into a folder of their own in it" : "";
  }
  const splits = idxSets.filter((set) => set !== mnistSet).map(({ title }) => title);
  return `; ${other} is of none of the sets that are read (${splits.join(", ")}), and a new name alone won't do`;
}

/** Some archives unpack to a folder for each file: `train-images-idx3-ubyte/train-images-idx3-ubyte`. */
async function unpackedFile(folder: string, file: string): Promise<string> {
  const present = await readdir(folder);
  const found = variantsOf(file).filter((variant) => present.includes(variant));
  if (found.length === 1) return join(folder, found[0]);
  const problem = found.length === 0 ? `holds no file ${file}` : `holds ${found.join(" and ")}`;
  throw new InputError(`${folder}: it is a folder that ${problem}; put the one that is meant in its place.`);
}

/** What else is often given where a folder is meant, by the end of its name. */
const OTHERS: readonly [RegExp, string][] = [
  [
    /\.csv$/i,
    "it is a CSV file, not a folder; write its images and labels as MNIST's four IDX files, and give their folder",
  ],
  [
    /\.np[yz]$/i,
    "it is a file of NumPy arrays, not a folder; write its images and labels as MNIST's four IDX files, and give their folder",
  ],
];

function noFolder(folder: string, error: unknown): InputError {
  const isFile = (error as NodeJS.ErrnoException).code === "ENOTDIR";
  const other = isFile ? OTHERS.find(([name]) => name.test(folder)) : undefined;
  const problem = other?.[1] ?? `${reason(error)}; give a folder with MNIST's four files`;
  return new InputError(`${folder}: ${problem}.`);
}
