import { join } from "node:path";
import { expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { readIdxFolder } from "../../src/node/index.js";
import { fourFiles, idx, idxImages, idxLabels } from "../support/idxFiles.js";

/* Folders as archives leave them, and what is given in a folder's place. */

const IMAGES = "train-images-idx3-ubyte";
/** The four files, the training images elsewhere. */
const moved = (files: Files): Files => {
  const { [`${IMAGES}.gz`]: _, ...others } = fourFiles();
  return { ...others, ...files };
};

test.each<readonly [string, Files]>([
  ["a folder for the file", moved({ [`${IMAGES}/${IMAGES}`]: idxImages(3, 2, 4) })],
  [
    "a folder for the file, whose name has a dot",
    moved({ [`${IMAGES}/train-images.idx3-ubyte`]: idxImages(3, 2, 4) }),
  ],
  [
    "the file beside such a folder",
    moved({ [`${IMAGES}/other`]: "x", "train-images.idx3-ubyte": idxImages(3, 2, 4) }),
  ],
])("%s", async (_, files) => {
  const { train } = await readIdxFolder(await temporaryFolder(files));
  expect(train.shape).toEqual([1, 2, 4]);
  expect([...train.labels]).toEqual([7, 0, 9]);
});

test.each<readonly [string, Files, string, RegExp]>([
  [
    "an empty folder for the file",
    moved({ [`${IMAGES}/other`]: "x" }),
    "",
    /it is a folder that holds no file train-images-idx3-ubyte; put/,
  ],
  [
    "two in it",
    moved({ [`${IMAGES}/${IMAGES}`]: "x", [`${IMAGES}/${IMAGES}.gz`]: "x" }),
    "",
    /holds train-images-idx3-ubyte and train-images-idx3-ubyte\.gz; put the one/,
  ],
  [
    "a CSV file",
    { "train.csv": "label,pixel0" },
    "train.csv",
    /train\.csv: it is a CSV file, not a folder; write its/,
  ],
  [
    "NumPy's arrays",
    { "mnist.npz": "PK" },
    "mnist.npz",
    /mnist\.npz: it is a file of NumPy arrays, not a folder; write/,
  ],
  [
    "a split that EMNIST doesn't have",
    { "emnist-greek-train-images-idx3-ubyte.gz": "x" },
    "",
    /is missing .*; emnist-greek-train-images-idx3-ubyte\.gz is of none of the sets that are read \(EMNIST balanced, .*, QMNIST\)/,
  ],
  [
    "QMNIST's table as text",
    { "qmnist-train-labels.tsv.gz": "x" },
    "",
    /is missing .*; qmnist-train-labels\.tsv\.gz is of none of/,
  ],
  [
    "numbers of another type, which are no bytes",
    fourFiles({
      "train-labels-idx1-ubyte.gz": "",
      "train-labels-idx1-ubyte": idx(0x0c01, [3], idxLabels([1, 2, 3, 4])),
    }),
    "",
    /label 0 is 2049, but labels go from 0 to 255; number them anew/,
  ],
])("%s: a sentence", async (_, files, name, message) => {
  const folder = await temporaryFolder(files);
  await expectInputError(() => readIdxFolder(join(folder, name)), message);
});
