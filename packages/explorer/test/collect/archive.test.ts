import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseModel, preparePicture } from "unravel-cnn";
import { decodePng } from "unravel-files";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { succeed } from "../../../cli/test/support/cli.js";
import { archiveOf, folderNames } from "../../src/collect/archive.js";
import {
  addPictures,
  type Collection,
  emptyCollection,
  PICTURE_BYTES,
  SIDE,
} from "../../src/collect/collection.js";

/* A collection as a file, and what the command line makes of it. That the page opens it again is in collect.test.ts. */

/** Bars that stand or lie, in a colour. */
function bars(isUpright: boolean, k: number): Uint8Array {
  return Uint8Array.from({ length: PICTURE_BYTES }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const place = isUpright ? pixel % SIDE : Math.floor(pixel / SIDE);
    return Math.floor((place + 3 * k) / 16) % 2 === 0 ? 230 - (at % 3) * 60 : 20 + k;
  });
}

const names = ["up/right", "lying"];
const collection = names.reduce<Collection>(
  (all, _, c) =>
    addPictures(
      all,
      all.classes[c].id,
      Array.from({ length: 12 }, (_, k) => bars(c === 0, k)),
    ),
  emptyCollection(names),
);

test("unravel trains on the .zip, and tells the classes of pictures in it", async () => {
  const folder = await temporaryFolder({ "collection.zip": archiveOf(collection) });
  const { stdout } = await succeed(
    [
      "train",
      "--data",
      "collection.zip",
      "--size",
      "28x28",
      "--grey",
      "--epochs",
      "12",
      "--out",
      "model.safetensors",
    ],
    { cwd: folder },
  );
  expect(stdout).toMatch(/4 of 4 images right/);
  const { model } = parseModel(new Uint8Array(await readFile(join(folder, "model.safetensors"))), "model");
  expect(model.classes).toEqual(["lying", "up_right"]);
  expect(model.inputShape).toEqual([1, 28, 28]);
});

test("each picture is in it, pixel for pixel", () => {
  const { classes } = collection;
  const zip = archiveOf(collection);
  // the members are stored as they are
  const text = Buffer.from(zip).toString("latin1");
  const [picture] = classes[1].pictures;
  const at = text.indexOf("\x89PNG", text.indexOf("lying/0001.png"));
  const png = decodePng(zip.subarray(at, text.indexOf("IEND", at) + 8));
  expect(png.data).toEqual(picture.pixels);
  expect(preparePicture({ inputShape: [3, SIDE, SIDE], classes: names }, png).input).toHaveLength(
    PICTURE_BYTES,
  );
});

test.each([
  [
    ["cat", "dog"],
    ["cat", "dog"],
  ],
  [
    ["a/b", "a\\b", "A_B"],
    ["a_b", "a_b 2", "A_B 3"],
  ],
  [
    ["train", "test", ".hidden"],
    ["class train", "class test", "_hidden"],
  ],
  [
    ["", "  ", "..."],
    ["class", "class 2", "_._"],
  ],
  [
    ["Straße", "東京", "🙂"],
    ["Straße", "東京", "🙂"],
  ],
])("classes called %j have folders called %j", (given, expected) => {
  expect(folderNames(given)).toEqual(expected);
});
