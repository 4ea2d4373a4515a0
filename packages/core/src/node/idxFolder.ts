import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { DataPair } from "../data/dataset.js";
import type { IdxKind } from "../data/idx.js";
import { type IdxFile, idxFileNames, parseIdxFiles, variantsOf } from "../data/idxData.js";
import { InputError } from "../errors.js";
import { reason } from "./files.js";
import { readIdxFile } from "./idxFile.js";

/**
 * The data in a folder with four IDX files named like MNIST's.
 * @param classes names of the classes; by default as many as the training labels need, at least ten
 * @throws InputError that names the file, if one is missing or damaged, or they don't fit together
 */
export async function readIdxFolder(
  folder: string,
  name?: string,
  classes?: readonly string[],
): Promise<DataPair> {
  const read = async (kind: IdxKind, file: string): Promise<IdxFile> => {
    const source = await findIdxFile(folder, file);
    return { source, bytes: await readIdxFile(source, kind) };
  };
  const readPair = async ({ images, labels }: { readonly images: string; readonly labels: string }) => ({
    images: await read("images", images),
    labels: await read("labels", labels),
  });
  const files = { train: await readPair(idxFileNames.train), test: await readPair(idxFileNames.test) };
  return parseIdxFiles(files, folder, name ?? basename(resolve(folder)), classes);
}

/** Whether a folder holds at least one of the four files: then it is meant, even if something in it is wrong. */
export async function holdsIdxFiles(folder: string): Promise<boolean> {
  return (await missingIdxFiles(folder)).length < 4;
}

/** Which of the four files are not in a folder, under any variant of their names. */
export async function missingIdxFiles(folder: string): Promise<string[]> {
  const present = await readdir(folder).catch((): string[] => []);
  return [idxFileNames.train, idxFileNames.test]
    .flatMap(({ images, labels }) => [images, labels])
    .filter((file) => !variantsOf(file).some((variant) => present.includes(variant)));
}

/**
 * Where one of the four files lies in a folder, under any variant of its name.
 * @throws InputError if it isn't there
 */
export async function findIdxFile(folder: string, file: string): Promise<string> {
  const present = await readdir(folder).catch((error: unknown) => {
    throw noFolder(folder, error);
  });
  const folders: string[] = [];
  for (const variant of variantsOf(file).filter((name) => present.includes(name))) {
    const path = join(folder, variant);
    if (!(await stat(path).catch(() => undefined))?.isDirectory()) return path;
    folders.push(path);
  }
  if (folders.length > 0) return unpackedFile(folders[0], file);
  const other = present.find((name) => /^[eq]mnist-.*ubyte|^qmnist-.*-int/.test(name));
  const problem = `the file ${file}.gz is missing (or ${file}, or with a dot before "idx"); put it there`;
  const instead =
    other === undefined
      ? ""
      : `; ${other} is of another data set, whose files are laid out differently, so a new name alone won't do`;
  throw new InputError(`${folder}: ${problem}${instead}.`);
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
