import { InputError } from "../errors.js";
import type { DataPair, Dataset } from "./dataset.js";
import { type IdxImages, idxHeaderLength, parseIdxImages, parseIdxLabelRows, parseIdxLabels } from "./idx.js";
import { type IdxLayout, mnistSet } from "./idxSets.js";
import { transposePlanes } from "./transpose.js";

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

/** The four files of a data set in IDX format. */
export interface IdxFiles {
  readonly train: { readonly images: IdxFile; readonly labels: IdxFile };
  readonly test: { readonly images: IdxFile; readonly labels: IdxFile };
}

/**
 * The data in four IDX files.
 * @param source what to call them together in an error
 * @param name of the data set
 * @param classes names of the classes; by default those of the layout, or as many as the training labels need, at least ten
 * @param layout how pictures and labels lie in the files: by default as in MNIST's. Where pictures have to be turned, they are
 *   turned in the bytes that are given
 * @throws InputError that names the file, if one is damaged, or they don't fit together
 */
export function parseIdxFiles(
  files: IdxFiles,
  source: string,
  name: string,
  classes?: readonly string[],
  layout: IdxLayout = mnistSet,
): DataPair {
  const train = parsePart(files.train, name, layout, classes ?? layout.classes);
  const test = parsePart(files.test, name, layout, train.classes);
  if (train.shape[1] !== test.shape[1] || train.shape[2] !== test.shape[2]) {
    throw new InputError(
      `${source}: the training images are ${train.shape[1]}x${train.shape[2]}, but the test images ${test.shape[1]}x${test.shape[2]}; they must be equal.`,
    );
  }
  return { train, test };
}

function parsePart(
  files: IdxFiles["train"],
  name: string,
  layout: IdxLayout,
  classes: readonly string[] | undefined,
): Dataset {
  const stored = parseIdxImages(files.images.bytes, files.images.source);
  const found = labelReaders[layout.labels](files.labels);
  const { count } = stored;
  if (found.labels.length !== count) {
    throw new InputError(
      `${files.labels.source}: it holds ${found.labels.length} labels, but ${files.images.source} holds ${count} images; they must belong together.`,
    );
  }
  const { first } = layout;
  const names = classes ?? classesOf(found.labels, files.labels.source);
  const wrong = found.labels.findIndex((label) => label < first || label >= first + names.length);
  if (wrong >= 0) {
    throw new InputError(
      `${files.labels.source}: label ${wrong} (at byte ${found.placeOf(wrong)}, unpacked) is ${found.labels[wrong]}, but labels go from ${first} to ${first + names.length - 1}; get it again.`,
    );
  }
  const plain = found.labels instanceof Uint8Array && first === 0;
  const labels = plain ? found.labels : Uint8Array.from(found.labels, (label) => label - first);
  const { height, width, pixels } = layout.transposed ? transpose(stored) : stored;
  return { name, shape: [1, height, width], images: pixels, labels, classes: names };
}

interface FoundLabels {
  readonly labels: Uint8Array | Int32Array;
  /** At which byte of the file a label lies. */
  readonly placeOf: (label: number) => number;
}

/** QMNIST's columns: the class; where in NIST's collection the digit is from (five of them); and two that are 0. */
const COLUMNS = 8;

/** How labels lie in their file. */
const labelReaders: Readonly<Record<IdxLayout["labels"], (file: IdxFile) => FoundLabels>> = {
  labels: ({ bytes, source }) => {
    const labels = parseIdxLabels(bytes, source);
    const header = idxHeaderLength("labels");
    const each = (bytes.length - header) / labels.length; // bytes of a label
    return { labels, placeOf: (label) => header + each * label };
  },
  labelRows: ({ bytes, source }) => ({
    labels: parseIdxLabelRows(bytes, source, COLUMNS),
    placeOf: (label) => idxHeaderLength("labelRows") + 4 * COLUMNS * label,
  }),
};

function transpose({ count, height, width, pixels }: IdxImages): IdxImages {
  transposePlanes(pixels, height, width);
  return { count, height: width, width: height, pixels };
}

/** "0", "1", ...: ten of them, or more if there are more labels. A gap above 9 is taken for damage. */
function classesOf(labels: Uint8Array | Int32Array, file: string): string[] {
  let largest = 9;
  for (const label of labels) largest = Math.max(largest, label);
  const count = largest + 1;
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
