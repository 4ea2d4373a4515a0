import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { DataPair } from "../data/dataset.js";
import { type IdxFile, idxFileNames, parseIdxFiles, variantsOf } from "../data/idxData.js";
import { InputError } from "../errors.js";
import { readBytes, reason } from "./files.js";

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
  const read = async (file: string): Promise<IdxFile> => {
    const source = await findIdxFile(folder, file);
    return { source, bytes: await readIdxBytes(source) };
  };
  const { train, test } = idxFileNames;
  const files = {
    train: { images: await read(train.images), labels: await read(train.labels) },
    test: { images: await read(test.images), labels: await read(test.labels) },
  };
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

async function readIdxBytes(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  return path.endsWith(".gz") ? gunzipBytes(bytes, path) : bytes;
}

/** @throws InputError that begins with `path`, if the bytes are damaged */
export async function gunzipBytes(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: LARGEST_FILE });
  } catch (error) {
    const fix =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? "get it again" : "if it is not packed, take .gz off its name";
    throw new InputError(`${path}: the gzip data is damaged (${reason(error)}); ${fix}.`);
  }
}

const LARGEST_FILE = 2 ** 31;
