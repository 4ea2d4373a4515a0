import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { parseIdxImages, parseIdxLabels } from "../../src/data/idx.js";
import { checkDataset, type Dataset } from "../../src/index.js";
import { readIdxFolder } from "../../src/node/index.js";
import { countUp, fourFiles, idx, idxImages, idxLabels } from "../support/idxFiles.js";

describe("the bytes of an IDX file", () => {
  test("images: the sizes and the pixels in order", () => {
    const images = parseIdxImages(idxImages(3, 2, 4), "x");
    expect(images).toEqual({ count: 3, height: 2, width: 4, pixels: countUp(24) });
  });

  test("labels", () => {
    expect(parseIdxLabels(idxLabels([7, 0, 255]), "x")).toEqual(Uint8Array.of(7, 0, 255));
  });

  test("in the middle of a larger buffer", () => {
    const file = idxImages(1, 2, 2);
    const larger = new Uint8Array(file.length + 11).fill(9);
    larger.set(file, 5);
    expect(parseIdxImages(larger.subarray(5, 5 + file.length), "x").pixels).toEqual(countUp(4));
  });

  const sound = idxImages(3, 2, 4);
  test.each<readonly [string, Uint8Array, RegExp]>([
    [
      "nothing",
      new Uint8Array(),
      /^F: an IDX file of images begins with a header of 16 bytes, .* has 0 in all; get/,
    ],
    ["a part of the header", sound.subarray(0, 15), /^F: .* header of 16 bytes, but this file has 15 in all/],
    ["the header alone", sound.subarray(0, 16), /3 x 2 x 4 = 24 bytes of images, but 0 follow: .* cut short/],
    [
      "a byte too few",
      sound.subarray(0, 39),
      /^F: its header promises .* but 23 follow: the file is cut short; get/,
    ],
    [
      "a byte too many",
      Uint8Array.of(...sound, 0),
      /24 bytes of images, but 25 follow: the file is too long; get/,
    ],
    [
      "no magic number",
      idx(0, [3, 2, 4], countUp(24)),
      /number 0x00000803, but .* with 0x00000000; it is damaged/,
    ],
    [
      "little-endian",
      idx(0x03080000, [3, 2, 4], countUp(24)),
      /begins with 0x03080000; it is damaged or not an/,
    ],
    [
      "numbers of 4 bytes",
      idx(0x0d03, [3, 2, 4], countUp(96)),
      /its values are floating-point numbers of 4 bytes, and value \d+ is .*, but pixels must be numbers from 0 to 255, or/,
    ],
    ["labels", idxLabels(countUp(20)), /begins with 0x00000801; it holds labels, so it is the wrong file/],
    ["gzip", gzipSync(sound), /begins with 0x1f8b0800; it looks like gzip: give it a name that ends in .gz/],
    [
      "no images",
      idx(0x803, [0, 2, 4], []),
      /its header says 0 x 2 x 4: there is nothing in it; get it again/,
    ],
    ["no pixels", idx(0x803, [3, 2, 0], []), /its header says 3 x 2 x 0: there is nothing in it/],
    [
      "more than any machine holds",
      idx(0x803, [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], countUp(8)),
      /promises 4294967295 x 4294967295 x 4294967295 = 7.9\d+e\+28 bytes of images, but 8 follow/,
    ],
    [
      "sizes whose product is 0 in 32 bits",
      idx(0x803, [2 ** 16, 2 ** 16, 1], []),
      /= 4294967296 bytes .* but 0 follow/,
    ],
  ])("refused as images: %s", (_, bytes, message) =>
    expectInputError(() => parseIdxImages(bytes, "F"), message),
  );

  test.each<readonly [string, Uint8Array, RegExp]>([
    [
      "images",
      idxImages(3, 2, 4),
      /^F: an IDX file of labels begins with the number 0x00000801.*; it holds images/,
    ],
    [
      "a part of the header",
      idxLabels([1]).subarray(0, 7),
      /labels begins with a header of 8 bytes, but .* has 7/,
    ],
    ["none", idxLabels([]), /^F: its header says 0: there is nothing in it/],
    [
      "one too few",
      idx(0x801, [4], [1, 2, 3]),
      /promises 4 = 4 bytes of labels, but 3 follow: the file is cut short/,
    ],
  ])("refused as labels: %s", (_, bytes, message) =>
    expectInputError(() => parseIdxLabels(bytes, "F"), message),
  );
});

describe("a folder with four files", () => {
  const plain: Files = {
    "train-images-idx3-ubyte": idxImages(3, 2, 4),
    "train-labels-idx1-ubyte": idxLabels([7, 0, 9]),
    "t10k-images-idx3-ubyte": idxImages(2, 2, 4),
    "t10k-labels-idx1-ubyte": idxLabels([1, 2]),
  };
  const renamed = (files: Files, from: string, to: string): Files =>
    Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name.replace(from, to), bytes]));

  test.each<readonly [string, Files]>([
    ["gzip", fourFiles()],
    ["plain", plain],
    ["with a dot in the names", renamed(plain, "-idx", ".idx")],
    ["gzip, with a dot", renamed(fourFiles(), "-idx", ".idx")],
    ["one of each, and other things", { ...mixed(plain), "notes.txt": "x", more: null }],
    ["gzip in two parts", fourFiles({ "t10k-labels-idx1-ubyte.gz": inTwoParts(idxLabels([1, 2])) })],
  ])("%s", async (_, files) => {
    const folder = await temporaryFolder(files);
    const { train, test } = await readIdxFolder(folder);
    expect(train.shape).toEqual([1, 2, 4]);
    expect(test.shape).toEqual([1, 2, 4]);
    expect([...train.images]).toEqual([...countUp(24)]);
    expect([...test.images]).toEqual([...countUp(16)]);
    expect([...train.labels]).toEqual([7, 0, 9]);
    expect([...test.labels]).toEqual([1, 2]);
    expect(train.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(test.classes).toEqual(train.classes);
  });

  test("as many classes as the training labels need", async () => {
    const labels = idxLabels(countUp(12));
    const folder = await temporaryFolder(
      fourFiles({
        "train-images-idx3-ubyte.gz": gzipSync(idxImages(12, 2, 4)),
        "train-labels-idx1-ubyte.gz": gzipSync(labels),
      }),
    );
    expect((await readIdxFolder(folder)).test.classes).toHaveLength(12);
  });

  test("named after its folder, or as it is told", async () => {
    const parent = await temporaryFolder(
      Object.fromEntries(Object.entries(plain).map(([file, bytes]) => [`letters/${file}`, bytes])),
    );
    const folder = join(parent, "letters");
    expect((await readIdxFolder(folder)).train.name).toBe("letters");
    expect((await readIdxFolder(`${folder}/`)).test.name).toBe("letters");
    expect((await readIdxFolder(folder, "Letters")).train.name).toBe("Letters");
  });

  const packed = gzipSync(idxImages(3, 2, 4));
  const corrupt = Uint8Array.from(packed);
  corrupt[corrupt.length - 10] ^= 0xff;
  const checksum = Uint8Array.from(packed);
  checksum[checksum.length - 8] ^= 1;

  test.each<readonly [string, Files, RegExp]>([
    [
      "one is missing",
      without(fourFiles(), "t10k-labels-idx1-ubyte.gz"),
      /: the file t10k-labels-idx1-ubyte.gz is missing \(or t10k-labels-idx1-ubyte, or with a dot before "idx"\); put/,
    ],
    ["all are missing", {}, /: the file train-images-idx3-ubyte.gz is missing/],
    [
      "gzip that breaks off",
      fourFiles({ "train-images-idx3-ubyte.gz": packed.subarray(0, packed.length - 12) }),
      /train-images-idx3-ubyte.gz: the gzip data is damaged \(unexpected end of file\); get it again/,
    ],
    [
      "gzip with a corrupt body",
      fourFiles({ "train-images-idx3-ubyte.gz": corrupt }),
      /train-images-idx3-ubyte.gz: the gzip data is damaged \([a-z -]+\); get it again/,
    ],
    [
      "gzip whose checksum is another",
      fourFiles({ "train-images-idx3-ubyte.gz": checksum }),
      /the gzip data is damaged \(incorrect data check\); get it again/,
    ],
    [
      "gzip without a byte",
      fourFiles({ "train-labels-idx1-ubyte.gz": new Uint8Array() }),
      /train-labels-idx1-ubyte.gz: the gzip data is damaged \(unexpected end of file\)/,
    ],
    [
      "plain, but called .gz",
      fourFiles({ "train-labels-idx1-ubyte.gz": idxLabels([7, 0, 9]) }),
      /gzip data is damaged \(incorrect header check\); if it is not packed, take .gz off its name/,
    ],
    [
      "gzip, but not called .gz",
      { ...plain, "train-images-idx3-ubyte": packed },
      /train-images-idx3-ubyte: an IDX file .* it looks like gzip: give it a name that ends in .gz/,
    ],
    [
      "labels where images should be",
      { ...plain, "train-images-idx3-ubyte": idxLabels(countUp(20)) },
      /train-images-idx3-ubyte: .* it holds labels, so it is the wrong file/,
    ],
    [
      "a folder in place of a file",
      { ...without(plain, "t10k-images-idx3-ubyte"), "t10k-images-idx3-ubyte": null },
      /t10k-images-idx3-ubyte: it is a folder that holds no file/,
    ],
    [
      "counts that differ",
      { ...plain, "train-labels-idx1-ubyte": idxLabels([7, 0]) },
      /train-labels-idx1-ubyte: it holds 2 labels, but .*train-images-idx3-ubyte holds 3 images; they must belong/,
    ],
    [
      "a gap in the labels above nine",
      { ...plain, "train-labels-idx1-ubyte": idxLabels([7, 0, 11]) },
      /train-labels-idx1-ubyte: it has a label 11 but none that is 10; labels must count from 0 without a gap/,
    ],
    [
      "a test label that training doesn't know",
      { ...plain, "t10k-labels-idx1-ubyte": idxLabels([1, 10]) },
      /t10k-labels-idx1-ubyte: label 1 \(at byte 9, unpacked\) is 10, but labels go from 0 to 9; get/,
    ],
    [
      "test images of another size",
      { ...plain, "t10k-images-idx3-ubyte": idxImages(2, 4, 2) },
      /: the training images are 2x4, but the test images 4x2; they must be equal/,
    ],
  ])("refused: %s", async (_, files, message) => {
    const folder = await temporaryFolder(files);
    await expectInputError(() => readIdxFolder(folder), message);
  });

  test("refused: the folder is missing, or a file", async () => {
    const folder = await temporaryFolder({ file: "x" });
    const fix = "give a folder with MNIST's four files";
    await expectInputError(
      () => readIdxFolder(join(folder, "none")),
      new RegExp(`no such file or folder; ${fix}`),
    );
    await expectInputError(
      () => readIdxFolder(join(folder, "file")),
      new RegExp(`is a file, not a folder; ${fix}`),
    );
  });
});

function without(files: Files, name: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));
}

/** The same files, two of them packed and one with a dot. */
function mixed(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes], i) => {
      if (i % 2 === 0) return [`${name}.gz`, gzipSync(bytes as Uint8Array)];
      return [i === 1 ? name.replace("-idx", ".idx") : name, bytes];
    }),
  );
}

/** gzip allows several packed parts one after the other; together they are the file. */
function inTwoParts(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([gzipSync(bytes.subarray(0, 5)), gzipSync(bytes.subarray(5))]);
}

describe("a data set that a program puts together", () => {
  const sound: Dataset = {
    name: "mine",
    shape: [1, 2, 2],
    images: countUp(8),
    labels: Uint8Array.of(1, 0),
    classes: ["a", "b"],
  };

  test("sound", () => {
    expect(() => checkDataset(sound)).not.toThrow();
  });

  test.each<readonly [string, Partial<Dataset>, RegExp]>([
    ["nothing in it", { images: countUp(0), labels: countUp(0) }, /^mine: there are no images in it/],
    ["too few bytes", { images: countUp(7) }, /^mine: 2 labels need 8 bytes of images, but there are 7/],
    ["too many bytes", { images: countUp(9) }, /^mine: 2 labels need 8 bytes of images, but there are 9/],
    [
      "no such class",
      { labels: Uint8Array.of(1, 2) },
      /^mine: label 2 of image 1 is out of range: .* 2 classes/,
    ],
  ])("refused: %s", (_, change, message) =>
    expectInputError(() => checkDataset({ ...sound, ...change }), message),
  );
});

describe("values of other types, whose range fits bytes", () => {
  /** Big-endian, as IDX has them. */
  function values(bytes: number, write: (view: DataView, at: number, value: number) => void, all: number[]) {
    const view = new DataView(new ArrayBuffer(bytes * all.length));
    for (const [k, value] of all.entries()) write(view, k * bytes, value);
    return new Uint8Array(view.buffer);
  }
  const whole = [0, 1, 127, 100];

  test.each<[string, number, Uint8Array, number[]]>([
    ["signed bytes", 0x0903, values(1, (view, at, value) => view.setInt8(at, value), whole), whole],
    [
      "2 bytes",
      0x0b03,
      values(2, (view, at, value) => view.setInt16(at, value), [0, 1, 255, 100]),
      [0, 1, 255, 100],
    ],
    [
      "4 bytes",
      0x0c03,
      values(4, (view, at, value) => view.setInt32(at, value), [0, 1, 255, 7]),
      [0, 1, 255, 7],
    ],
    [
      "floats",
      0x0d03,
      values(4, (view, at, value) => view.setFloat32(at, value), [0, 1.5, 254.6, 7]),
      [0, 2, 255, 7],
    ],
    [
      "shares",
      0x0e03,
      values(8, (view, at, value) => view.setFloat64(at, value), [0, 1, 0.5, 0.1]),
      [0, 255, 128, 26],
    ],
  ])("%s", (_, magic, bytes, expected) => {
    expect(Array.from(parseIdxImages(idx(magic, [1, 2, 2], bytes), "F").pixels)).toEqual(expected);
  });

  test.each<[string, number, Uint8Array, RegExp]>([
    [
      "below 0",
      0x0903,
      values(1, (view, at, value) => view.setInt8(at, value), [0, -1, 0, 0]),
      /value 1 is -1,/,
    ],
    [
      "above 255",
      0x0b03,
      values(2, (view, at, value) => view.setInt16(at, value), [0, 0, 256, 0]),
      /value 2 is 256,/,
    ],
    [
      "NaN",
      0x0d03,
      values(4, (view, at, value) => view.setFloat32(at, value), [NaN, 0, 0, 0]),
      /value 0 is NaN,/,
    ],
  ])("%s is refused", (_, magic, bytes, message) =>
    expectInputError(() => parseIdxImages(idx(magic, [1, 2, 2], bytes), "F"), message),
  );

  test("labels of 4 bytes", () => {
    const bytes = values(4, (view, at, value) => view.setInt32(at, value), [3, 0, 255]);
    expect(parseIdxLabels(idx(0x0c01, [3], bytes), "F")).toEqual(Uint8Array.of(3, 0, 255));
  });
});
