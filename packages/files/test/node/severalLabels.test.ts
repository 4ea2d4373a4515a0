import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { suspicionsOf } from "../../dist/index.js";
import type { ImageFolder } from "../../dist/node/index.js";
import { pngOf } from "../support/pictures.js";
import { read, readFiles, refusal } from "../support/reading.js";

/* Tables that give a picture several labels at once. */

/** Which of three classes picture k shows. */
const shownIn = (k: number) => ["sun", "sea", "tree"].filter((_, c) => (k >> c) % 2 === 1);

const pictures = Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`${k}.png`, pngOf(k)]));
const inOneCell = (between: string) =>
  `file,tags\n${Array.from({ length: 20 }, (_, k) => `${k}.png,${shownIn(k).join(between)}`).join("\n")}\n`;
const columnForEach = (yes: string, no: string) =>
  `image,split,sun,sea,tree\n${Array.from(
    { length: 20 },
    (_, k) =>
      `${k},${k < 15 ? "train" : "test"},${["sun", "sea", "tree"].map((name) => (shownIn(k).includes(name) ? yes : no)).join()}`,
  ).join("\n")}\n`;

/** The classes of each file, as its labels say. */
function classesOf({ train, test: tested, files }: ImageFolder) {
  const of = ({ classes, labels }: typeof train, names: readonly string[]) =>
    names.map((file, n) => [file, classes.filter((_, k) => labels[n * classes.length + k] === 1).join()]);
  return Object.fromEntries([...of(train, files.train), ...of(tested, files.test)]);
}
const right = Object.fromEntries(
  Array.from({ length: 20 }, (_, k) => [`${k}.png`, shownIn(k).sort().join()]),
);

describe("several labels at once", () => {
  test.each(["|", ";", " | "])("names with %j between them in one cell, or none", async (between) => {
    const data = await readFiles({ ...pictures, "labels.csv": inOneCell(between) });
    expect(data.train.classes).toEqual(["sea", "sun", "tree"]);
    expect(classesOf(data)).toEqual(right);
    expect([data.train.labels.length, data.test.labels.length, data.setAside]).toEqual([3 * 16, 3 * 4, 4]);
    expect(data.remarks).toContain("Pictures may show several classes at once: 9 do, and 3 show none.");
  });

  test.each([
    ["1", "0"],
    ["1.0", "0.0"],
    ["True", "False"],
  ])("a column for each class, with %s and %s", async (yes, no) => {
    const folder = await temporaryFolder({ ...pictures, "truth.csv": columnForEach(yes, no) });
    const data = await read(join(folder, "truth.csv"));
    expect(classesOf(data)).toEqual(right);
    expect([data.files.train.length, data.files.test.length]).toEqual([15, 5]);
  });

  test("columns in which each picture has just one class are of one label each", async () => {
    const table = `file,cat,dog\n${[...Array(6).keys()].map((k) => `${k}.png,${k % 2},${1 - (k % 2)}`).join("\n")}`;
    const { train } = await readFiles({ ...pictures, "labels.csv": table });
    expect([train.classes, train.labels.length]).toEqual([["cat", "dog"], 4]);
  });

  test("what is set aside leaves each class something to train on", async () => {
    const table = `file,tags\n${Array.from({ length: 20 }, (_, k) => `${k}.png,${k < 2 ? "rare|common" : "common"}`).join("\n")}`;
    for (let seed = 0; seed < 8; seed++) {
      const { train } = await readFiles({ ...pictures, "labels.csv": table }, { seed });
      const rare = train.classes.indexOf("rare");
      expect(train.labels.some((label, place) => place % 2 === rare && label === 1)).toBe(true);
    }
  });

  test("without the files that are broken", async () => {
    const broken = { ...pictures, "6.png": Buffer.from("no picture") };
    const files = { ...broken, "labels.csv": inOneCell("|") };
    const data = await readFiles(files, { skipBroken: true });
    const { "6.png": _, ...others } = right;
    expect(classesOf(data)).toEqual(others);
  });

  test("a class that a column names and hardly a picture shows", async () => {
    const table = `file,sun,moon\n${[...Array(6).keys()].map((k) => `${k}.png,${k % 2},0`).join("\n")}`;
    expect(await refusal(readFiles({ ...pictures, "labels.csv": table }))).toMatch(
      /: a class has fewer than 2 pictures: moon \(0\); add some/,
    );
  });

  test("a picture in two rows with other labels", async () => {
    const table = "file,tags\n0.png,sun|sea\n1.png,sun\n0.png,sea|sun\n0.png,\n";
    expect(await refusal(readFiles({ ...pictures, "labels.csv": table }))).toMatch(
      /row 5 gives 0\.png no label, but a row before it the labels sun, sea; a picture stands in one row/,
    );
  });

  test("the same picture twice with other labels looks wrong, with the same labels it is only there twice", () => {
    const labels = Uint8Array.of(1, 1, 1, 0, 1, 1);
    const images = Uint8Array.of(1, 2, 1, 2, 1, 2);
    const { repeated, contradictory } = suspicionsOf({
      ...{ name: "three", shape: [1, 1, 2], classes: ["a", "b"], images, labels },
    });
    expect(repeated.map(({ image }) => image)).toEqual([1, 2]);
    expect(contradictory.map(({ image }) => image)).toEqual([1]);
  });
});
