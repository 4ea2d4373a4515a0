import type { IdxKind } from "./idx.js";

/*
 * Data sets that are known by the names of their four files. EMNIST (G. Cohen, S. Afshar, J. Tapson, A. van Schaik, 2017) and
 * QMNIST (C. Yadav, L. Bottou, 2019) have MNIST's kind of images, but lay some things out differently.
 */

/** How pictures and labels lie in the files. */
export interface IdxLayout {
  /** Rows and columns of each picture are exchanged. */
  readonly transposed: boolean;
  /** What the file of labels is. */
  readonly labels: Exclude<IdxKind, "images">;
  /** The label of the first class. */
  readonly first: number;
  /** Names of the classes; undefined where the labels decide how many there are. */
  readonly classes: readonly string[] | undefined;
}

/** What a set's files are called; also with `.` before `idx`, and with or without `.gz`. */
export interface IdxNames {
  readonly train: { readonly images: string; readonly labels: string };
  readonly test: { readonly images: string; readonly labels: string };
}

/** A published data set of IDX files: its names, classes and layout. */
export interface IdxSet extends IdxLayout {
  /** For people: `EMNIST letters`. */
  readonly title: string;
  readonly files: IdxNames;
}

/** What MNIST's files are called; also with `.` before `idx`, and with or without `.gz`. */
export const idxFileNames = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;

/** MNIST, and whatever has files of these names: how many classes there are, the labels say. */
export const mnistSet: IdxSet = {
  title: "MNIST's names",
  files: idxFileNames,
  transposed: false,
  labels: "labels",
  first: 0,
  classes: undefined,
};

const DIGITS = [..."0123456789"];
const CAPITALS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const SMALL = [..."abcdefghijklmnopqrstuvwxyz"];
/** Small letters whose shape is not that of the capital: the others count as capitals. */
const MERGED = [...DIGITS, ...CAPITALS, ..."abdefghnqrt"];

/** EMNIST's splits, by the name that their files have; classes as in its `emnist-*-mapping.txt`. */
const EMNIST: readonly (readonly [split: string, classes: readonly string[], first: number])[] = [
  ["balanced", MERGED, 0],
  ["byclass", [...DIGITS, ...CAPITALS, ...SMALL], 0],
  ["bymerge", MERGED, 0],
  ["digits", DIGITS, 0],
  // capitals and small letters are one class each
  ["letters", SMALL, 1],
  ["mnist", DIGITS, 0],
];

const namesOf = (prefix: string, labels: string): IdxNames => ({
  train: { images: `${prefix}-train-images-idx3-ubyte`, labels: `${prefix}-train-labels-${labels}` },
  test: { images: `${prefix}-test-images-idx3-ubyte`, labels: `${prefix}-test-labels-${labels}` },
});

/** All sets that a folder can hold, MNIST's names first. */
export const idxSets: readonly IdxSet[] = [
  mnistSet,
  ...EMNIST.map(
    ([split, classes, first]): IdxSet => ({
      title: `EMNIST ${split}`,
      files: namesOf(`emnist-${split}`, "idx1-ubyte"),
      transposed: true,
      labels: "labels",
      first,
      classes,
    }),
  ),
  {
    title: "QMNIST",
    files: namesOf("qmnist", "idx2-int"),
    transposed: false,
    labels: "labelRows",
    first: 0,
    classes: DIGITS,
  },
];

/** The names of a set's four files. */
export function filesOf({ files: { train, test } }: IdxSet): string[] {
  return [train.images, train.labels, test.images, test.labels];
}
