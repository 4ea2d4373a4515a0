import { InputError } from "../errors.js";
import type { DataPair, Dataset } from "./dataset.js";
import { parseIdxImages, parseIdxLabels } from "./idx.js";

/** What MNIST's files are called; also with `.` before `idx`, and with or without `.gz`. */
export const idxFileNames = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

/** Under which names a file is looked for, first choice first. */
export function variantsOf(file: string): string[] {
  const dotted = file.replace("-idx", ".idx");
  return [file, `${file}.gz`, dotted, `${dotted}.gz`];
}

/** A file of a data set, without gzip. */
export interface IdxFile {
  /** What to call it in an error. */
  readonly source: string;
  readonly bytes: Uint8Array;
}

export interface IdxFiles {
  readonly train: { readonly images: IdxFile; readonly labels: IdxFile };
  readonly test: { readonly images: IdxFile; readonly labels: IdxFile };
}

/**
 * The data in four IDX files.
 * @param source what to call them together in an error
 * @param name of the data set
 * @param classes names of the classes; by default as many as the training labels need, at least ten
 * @throws InputError that names the file, if one is damaged, or they don't fit together
 */
export function parseIdxFiles(
  files: IdxFiles,
  source: string,
  name: string,
  classes?: readonly string[],
): DataPair {
  const train = parsePart(files.train.images, files.train.labels, name, classes);
  const test = parsePart(files.test.images, files.test.labels, name, train.classes);
  if (train.shape[1] !== test.shape[1] || train.shape[2] !== test.shape[2]) {
    throw new InputError(
      `${source}: the training images are ${train.shape[1]}x${train.shape[2]}, but the test images ${test.shape[1]}x${test.shape[2]}; they must be equal.`,
    );
  }
  return { train, test };
}

function parsePart(
  imageFile: IdxFile,
  labelFile: IdxFile,
  name: string,
  classes: readonly string[] | undefined,
): Dataset {
  const { count, height, width, pixels } = parseIdxImages(imageFile.bytes, imageFile.source);
  const labels = parseIdxLabels(labelFile.bytes, labelFile.source);
  if (labels.length !== count) {
    throw new InputError(
      `${labelFile.source}: it holds ${labels.length} labels, but ${imageFile.source} holds ${count} images; they must belong together.`,
    );
  }
  const names = classes ?? classesOf(labels, labelFile.source);
  const wrong = labels.findIndex((label) => label >= names.length);
  if (wrong >= 0) {
    throw new InputError(
      `${labelFile.source}: label ${wrong} (at byte ${8 + wrong}, unpacked) is ${labels[wrong]}, but labels go from 0 to ${names.length - 1}; get it again.`,
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
