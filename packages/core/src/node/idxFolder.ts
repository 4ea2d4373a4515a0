import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { DataPair, Dataset } from "../data/dataset.js";
import { parseIdxImages, parseIdxLabels } from "../data/idx.js";
import { InputError } from "../errors.js";
import { readBytes, reason } from "./files.js";

/** What MNIST's files are called; also with `.` before `idx`, and with or without `.gz`. */
export const idxFileNames = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

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
  const title = name ?? basename(resolve(folder));
  const train = await readPart(folder, title, idxFileNames.train, classes);
  const test = await readPart(folder, title, idxFileNames.test, train.classes);
  if (train.shape[1] !== test.shape[1] || train.shape[2] !== test.shape[2]) {
    throw new InputError(
      `${folder}: the training images are ${train.shape[1]}x${train.shape[2]}, but the test images ${test.shape[1]}x${test.shape[2]}; they must be equal.`,
    );
  }
  return { train, test };
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

async function readPart(
  folder: string,
  name: string,
  files: { readonly images: string; readonly labels: string },
  classes: readonly string[] | undefined,
): Promise<Dataset> {
  const imageFile = await find(folder, files.images);
  const labelFile = await find(folder, files.labels);
  const { count, height, width, pixels } = parseIdxImages(await readIdxBytes(imageFile), imageFile);
  const labels = parseIdxLabels(await readIdxBytes(labelFile), labelFile);
  if (labels.length !== count) {
    throw new InputError(
      `${labelFile}: it holds ${labels.length} labels, but ${imageFile} holds ${count} images; they must belong together.`,
    );
  }
  const names = classes ?? classesOf(labels, labelFile);
  const wrong = labels.findIndex((label) => label >= names.length);
  if (wrong >= 0) {
    throw new InputError(
      `${labelFile}: label ${wrong} (at byte ${8 + wrong}, unpacked) is ${labels[wrong]}, but labels go from 0 to ${names.length - 1}; get it again.`,
    );
  }
  return { name, shape: [1, height, width], images: pixels, labels, classes: names };
}

/** "0", "1", ...: ten of them, or more if there are more labels. A gap above 9 is taken for damage. */
function classesOf(labels: Uint8Array, file: string): string[] {
  const count = Math.max(10, labels.reduce((a, b) => Math.max(a, b), 0) + 1);
  const seen = new Set(labels);
  for (let label = 10; label < count; label++) {
    if (!seen.has(label)) {
      throw new InputError(
        `${file}: it has a label ${count - 1} but none that is ${label}; labels must count from 0 without a gap.`,
      );
    }
  }
  return Array.from({ length: count }, (_, k) => String(k));
}

/** Under which names a file is looked for, first choice first. */
export function variantsOf(file: string): string[] {
  const dotted = file.replace("-idx", ".idx");
  return [file, `${file}.gz`, dotted, `${dotted}.gz`];
}

async function find(folder: string, file: string): Promise<string> {
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
