import { readdir } from "node:fs/promises";
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
    throw new InputError(`${folder}: ${reason(error)}; give a folder with MNIST's four files.`);
  });
  const found = variantsOf(file).find((variant) => present.includes(variant));
  if (found === undefined) {
    throw new InputError(
      `${folder}: the file ${file}.gz is missing (or ${file}, or with a dot before "idx"); put it there.`,
    );
  }
  return join(folder, found);
}
