import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { idxSets } from "../../src/index.js";
import { type LoadEvent, loadData, loadDataset, readIdxFolder } from "../../src/node/index.js";
import { fourFiles, idx, idxImages, idxLabels } from "../support/idxFiles.js";

/* EMNIST and QMNIST, by the names of their files: their pictures are turned, their labels read as theirs are laid out. */

/** A split's four files: two training images of 2x3 pixels, one test image; packed and plain ones. */
const emnist = (split: string, train: readonly number[] = [1, 2], test: readonly number[] = [1]): Files => ({
  [`emnist-${split}-train-images-idx3-ubyte.gz`]: gzipSync(idxImages(train.length, 2, 3)),
  [`emnist-${split}-train-labels-idx1-ubyte`]: idxLabels(train),
  [`emnist-${split}-test-images-idx3-ubyte`]: idxImages(test.length, 2, 3),
  [`emnist-${split}-test-labels-idx1-ubyte.gz`]: gzipSync(idxLabels(test)),
});

/** QMNIST's labels: rows of 32-bit numbers, the class first, then others that are larger than a byte. */
function rows(labels: readonly number[], columns = 8): Uint8Array {
  const values = new DataView(new ArrayBuffer(4 * columns * labels.length));
  labels.forEach((label, row) => {
    for (let k = 0; k < columns; k++) {
      values.setInt32(4 * (columns * row + k), k === 0 ? label : 70_000 * k + row);
    }
  });
  return idx(0xc02, [labels.length, columns], new Uint8Array(values.buffer));
}

const qmnist = (changes: Files = {}): Files => ({
  "qmnist-train-images-idx3-ubyte.gz": gzipSync(idxImages(3, 2, 4)),
  "qmnist-train-labels-idx2-int.gz": gzipSync(rows([7, 0, 9])),
  "qmnist-test-images-idx3-ubyte": idxImages(2, 2, 4),
  "qmnist-test-labels-idx2-int": rows([1, 2]),
  ...changes,
});

test("rows and columns of EMNIST's pictures are exchanged, picture by picture", async () => {
  const { train, test } = await readIdxFolder(await temporaryFolder(emnist("digits")));
  // stored: 0 1 2 / 3 4 5, then 6 7 8 / 9 10 11
  expect(train.shape).toEqual([1, 3, 2]);
  expect([...train.images]).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
  expect(test.shape).toEqual([1, 3, 2]);
  expect([...test.images]).toEqual([0, 3, 1, 4, 2, 5]);
});

const MERGED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt";
test.each([
  ["balanced", MERGED, 0],
  ["bymerge", MERGED, 0],
  ["byclass", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 0],
  ["digits", "0123456789", 0],
  ["mnist", "0123456789", 0],
  ["letters", "abcdefghijklmnopqrstuvwxyz", 1],
])("EMNIST %s: the names of its classes, and no label beyond them", async (split, classes, first) => {
  const last = first + classes.length - 1;
  const folder = await temporaryFolder(emnist(split, [first, last], [last]));
  const { train, test } = await readIdxFolder(folder);
  expect(train.name).toBe(`EMNIST ${split}`);
  expect(train.classes.join("")).toBe(classes);
  expect(test.classes).toEqual(train.classes);
  expect([...train.labels, ...test.labels]).toEqual([0, classes.length - 1, classes.length - 1]);
  const wrong = await temporaryFolder(emnist(split, [first, last + 1]));
  await expectInputError(
    () => readIdxFolder(wrong),
    new RegExp(`label 1 \\(at byte 9, unpacked\\) is ${last + 1}, but labels go from ${first} to ${last};`),
  );
});

test("EMNIST's letters have no label 0", async () => {
  const folder = await temporaryFolder(emnist("letters", [1, 2], [0]));
  await expectInputError(
    () => readIdxFolder(folder),
    /emnist-letters-test-labels-idx1-ubyte\.gz: label 0 \(at byte 8, unpacked\) is 0, but labels go from 1 to 26;/,
  );
});

test("QMNIST: the first of eight numbers is the class, and its pictures lie as MNIST's", async () => {
  const { train, test } = await readIdxFolder(await temporaryFolder(qmnist()));
  expect(train.name).toBe("QMNIST");
  expect(train.shape).toEqual([1, 2, 4]);
  expect([...train.images]).toEqual([...idxImages(3, 2, 4).subarray(16)]);
  expect([...train.labels]).toEqual([7, 0, 9]);
  expect([...test.labels]).toEqual([1, 2]);
  expect(train.classes.join("")).toBe("0123456789");
});

test.each<readonly [string, Uint8Array, RegExp]>([
  ["seven columns", rows([1, 2], 7), /its header says 2 x 7, but a row has 8 numbers, the label first;/],
  [
    "a class that is no digit",
    rows([1, 10]),
    /label 1 \(at byte 44, unpacked\) is 10, but labels go from 0 to 9;/,
  ],
  ["a class below 0", rows([-1, 2]), /label 0 \(at byte 12, unpacked\) is -1, but/],
  ["a class of 256, whose last byte is 0", rows([1, 256]), /is 256, but labels go from 0 to 9;/],
  ["too few", rows([1]), /it holds 1 labels, but .* holds 2 images;/],
  [
    "cut short",
    rows([1, 2]).subarray(0, 70),
    /promises 2 x 8 x 4 = 64 bytes of rows of labels, but 58 follow: the file is cut short;/,
  ],
  ["one byte too many", new Uint8Array([...rows([1, 2]), 0]), /: the file is too long;/],
  [
    "a part of the header",
    rows([1, 2]).subarray(0, 11),
    /begins with a header of 12 bytes, but this file has 11/,
  ],
  [
    "bytes",
    idx(0x802, [2, 8], new Uint8Array(16)),
    /its values are bytes \(0 to 255\), but whole numbers of 4 bytes are/,
  ],
  [
    "labels as MNIST's",
    idxLabels([1, 2, 3, 4]),
    /begins with the number 0x00000c02, .*; it holds labels, so/,
  ],
  [
    "one dimension",
    idx(0xc01, [2], new Uint8Array(8)),
    /0x00000c01; it is damaged or not an IDX file of whole numbers/,
  ],
  ["no rows", rows([]), /its header says 0 x 8: there is nothing in it;/],
  [
    "rows that no machine holds",
    idx(0xc02, [2 ** 32 - 1, 8], new Uint8Array(64)),
    /promises 4294967295 x 8 x 4 = 137438953440 bytes/,
  ],
])("QMNIST's labels, %s: a sentence", async (_, bytes, message) => {
  const sentence = new RegExp(`qmnist-test-labels-idx2-int[^ ]*: .*${message.source}`);
  const plain = await temporaryFolder(qmnist({ "qmnist-test-labels-idx2-int": bytes }));
  await expectInputError(() => readIdxFolder(plain), sentence);
});

test("packed labels of QMNIST that go on are given up at their end", async () => {
  const { "qmnist-train-labels-idx2-int.gz": _, ...others } = qmnist();
  const packed = gzipSync(Buffer.concat([rows([7, 0, 9]), new Uint8Array(5_000_000)]));
  const folder = await temporaryFolder({ ...others, "qmnist-train-labels-idx2-int.gz": packed });
  await expectInputError(
    () => readIdxFolder(folder),
    /= 96 bytes of rows of labels, but more follow: the file is too/,
  );
});

test("each set of the table is found by its own four names, with a dot, too", async () => {
  for (const { title, files, labels, first } of idxSets.slice(1)) {
    const part = ({ images, labels: name }: (typeof files)["train"]): Files => ({
      [images.replace("-idx", ".idx")]: idxImages(1, 2, 2),
      [name.replace("-idx", ".idx")]: labels === "labels" ? idxLabels([first + 3]) : rows([first + 3]),
    });
    const folder = await temporaryFolder({ ...part(files.train), ...part(files.test) });
    const { train } = await readIdxFolder(folder);
    expect(train.name).toBe(title);
    expect([...train.labels]).toEqual([3]);
  }
});

test("several complete sets: one sentence lists them", async () => {
  const all = { ...emnist("letters"), ...emnist("digits"), ...qmnist(), ...fourFiles() };
  const folder = await temporaryFolder(all);
  await expectInputError(
    () => readIdxFolder(folder),
    /it holds several data sets: MNIST's names \(train-images-idx3-ubyte, \.\.\.\), EMNIST digits \(emnist-digits-train-images-idx3-ubyte, \.\.\.\), EMNIST letters \(.*\), QMNIST \(.*\); put the four files of one into a folder of their own, and give that\.$/,
  );
});

test("beside files of others, the complete set is taken, else that with most files is asked for", async () => {
  const { "emnist-letters-test-labels-idx1-ubyte.gz": _, ...letters } = emnist("letters");
  const { train } = await readIdxFolder(await temporaryFolder({ ...letters, ...emnist("mnist") }));
  expect(train.name).toBe("EMNIST mnist");
  const folder = await temporaryFolder({ ...letters, "train-images-idx3-ubyte": "x" });
  await expectInputError(
    () => readIdxFolder(folder),
    /the file emnist-letters-test-labels-idx1-ubyte\.gz is missing \(or emnist-letters-test-labels-idx1-ubyte, or/,
  );
});

test("MNIST by name is MNIST, whatever else lies in its folder", async () => {
  const files = Object.entries({ ...fourFiles(), ...emnist("mnist") });
  const folder = await temporaryFolder(
    Object.fromEntries(files.map(([name, bytes]) => [`mnist/${name}`, bytes])),
  );
  const { train } = await loadDataset("mnist", { UNRAVEL_DATA: folder });
  expect(train.name).toBe("MNIST");
  expect([...train.labels]).toEqual([7, 0, 9]);
});

test("loading says which set a folder holds; of MNIST's names nothing", async () => {
  const events: LoadEvent[] = [];
  const onProgress = (event: LoadEvent) => events.push(event);
  const { train } = await loadData(await temporaryFolder(emnist("letters")), { trainCount: 1, onProgress });
  expect([...train.labels]).toEqual([0]);
  await loadData(await temporaryFolder(fourFiles()), { onProgress });
  expect(events).toEqual([{ type: "set", title: "EMNIST letters" }]);
});
