import { describe, expect, test } from "vitest";
import * as collecting from "../../src/collect/collection.js";
import { asideOf, collectedOf, settingsFor } from "../../src/collect/settings.js";
import { obstacleOf, warningsOf } from "../../src/collect/warnings.js";
import { imageKinds, imageShapes, imagesOf } from "../../src/training/collected.js";
import { checkSettings, settingsFrom, settingsWords } from "../../src/training/settings.js";

/* What becomes of collected pictures, without a page. */

const { addClass, addPictures, emptyCollection, join, movePicture, named, pictureCount, removePicture } =
  collecting;

/** Pixels that differ from those of any other number. */
const pixels = (number: number) => {
  const one = new Uint8Array(collecting.PICTURE_BYTES).fill(number % 251);
  for (let row = 0; row < collecting.SIDE; row++) one.fill(number >> (row % 13), row * 192, row * 192 + 60);
  return one;
};
const some = (from: number, count: number) => Array.from({ length: count }, (_, k) => pixels(from + k));

/** A collection with so many pictures in classes of these names. */
function collected(counts: Readonly<Record<string, number>>): collecting.Collection {
  const names = Object.keys(counts);
  return names.reduce(
    (all, name, k) => addPictures(all, all.classes[k].id, some(1000 * k, counts[name])),
    emptyCollection(names),
  );
}
const sizes = ({ classes }: collecting.Collection) =>
  Object.fromEntries(classes.map(({ name, pictures }) => [name, pictures.length]));

describe("classes", () => {
  test("are two to twenty, with names that can be changed", () => {
    let all = emptyCollection(["cat", "dog"]);
    const [cat] = all.classes;
    all = collecting.renameClass(all, cat.id, "x".repeat(99));
    expect(all.classes[0].name).toHaveLength(collecting.LONGEST_NAME);
    for (let k = 0; k < 30; k++) all = addClass(all, "");
    expect(all.classes).toHaveLength(collecting.MOST_CLASSES);
    expect(named(all, (place) => `class ${place}`).classes.at(-1)?.name).toBe("class 20");
    expect(collecting.removeClass(all, cat.id).classes.map(({ name }) => name)).not.toContain("x".repeat(40));
    expect(new Set(all.classes.map(({ id }) => id)).size).toBe(20);
  });

  test("get pictures until there is no room", () => {
    const all = addPictures(emptyCollection(["a"]), "other", some(0, 1));
    expect(pictureCount(all)).toBe(0);
    const one = pixels(1);
    const [{ id }] = all.classes;
    const full = addPictures(all, id, Array(collecting.MOST_PICTURES + 5).fill(one));
    expect(pictureCount(full)).toBe(collecting.MOST_PICTURES);
    expect(collecting.room(full)).toBe(0);
  });
});

describe("a picture", () => {
  const all = collected({ cat: 3, dog: 2 });
  const [cat, dog] = all.classes;

  test("can be deleted, and moved to the end of another class", () => {
    const [first] = cat.pictures;
    expect(sizes(removePicture(all, first.id))).toEqual({ cat: 2, dog: 2 });
    const after = movePicture(all, first.id, dog.id);
    expect(sizes(after)).toEqual({ cat: 2, dog: 3 });
    expect(after.classes[1].pictures.at(-1)).toBe(first);
    expect(sizes(all)).toEqual({ cat: 3, dog: 2 }); // what was before can be brought back
  });

  test("stays where it is if it or the class is not there", () => {
    expect(movePicture(all, cat.pictures[0].id, cat.id)).toBe(all);
    expect(movePicture(all, cat.pictures[0].id, "none")).toBe(all);
    expect(movePicture(all, "none", dog.id)).toBe(all);
  });
});

describe("joining", () => {
  const labelled = (label: string, from: number, count: number) =>
    some(from, count).map((one) => ({ label, pixels: one }));

  test("puts classes of the same name together, and makes new ones of others", () => {
    const { collection, added } = join(collected({ Cat: 2, dog: 1 }), [
      ...labelled(" cat", 50, 3),
      ...labelled("bird", 60, 2),
    ]);
    expect(sizes(collection)).toEqual({ Cat: 5, dog: 1, bird: 2 });
    expect(added).toBe(5);
  });

  test("takes the same collection twice without a change", () => {
    const all = collected({ cat: 3, dog: 2 });
    const again = all.classes.flatMap(({ name, pictures }) =>
      pictures.map((one) => ({ label: name, pixels: one.pixels.slice() })),
    );
    const { collection, added, known } = join(all, again);
    expect([added, known]).toEqual([0, 5]);
    expect(sizes(collection)).toEqual(sizes(all));
  });

  test("fills classes that have neither name nor pictures first", () => {
    const { collection } = join(emptyCollection(["", ""]), [
      ...labelled("a", 0, 1),
      ...labelled("b", 5, 1),
      ...labelled("c", 9, 1),
    ]);
    expect(sizes(collection)).toEqual({ a: 1, b: 1, c: 1 });
  });

  test("knows classes without a name by their place", () => {
    const { collection } = join(
      emptyCollection(["", ""]),
      labelled("Class 2", 0, 2),
      (place) => `Class ${place}`,
    );
    expect(collection.classes.map(({ pictures }) => pictures.length)).toEqual([0, 2]);
  });

  test("leaves out, and counts, what there is no room for", () => {
    const twenty = emptyCollection(Array.from({ length: 20 }, (_, k) => `class ${k}`));
    expect(join(twenty, labelled("one more", 0, 4))).toMatchObject({ added: 0, leftOut: 4 });
    const [{ id }] = twenty.classes;
    const nearlyFull = addPictures(twenty, id, Array(collecting.MOST_PICTURES - 1).fill(pixels(3)));
    expect(join(nearlyFull, labelled("class 1", 7, 3))).toMatchObject({ added: 1, leftOut: 2 });
  });
});

describe("a warning", () => {
  const kinds = (all: collecting.Collection) => warningsOf(all).map(({ kind }) => kind);

  test("says that one class has more than three times the pictures of another", () => {
    expect(kinds(collected({ cat: 30, dog: 10 }))).toEqual([]);
    const [warning] = warningsOf(collected({ cat: 31, dog: 10, bird: 20 }));
    expect(warning).toMatchObject({ kind: "lopsided", many: { name: "cat" }, few: { name: "dog" } });
    expect(kinds(collected({ cat: 31, dog: 0 }))).toEqual([]); // what is missing there is said beside the button
  });

  test("says that two classes have the same name, once", () => {
    expect(warningsOf(collected({ cat: 9, " Cat": 9, CAT: 9 }))).toEqual([{ kind: "sameName", name: "Cat" }]);
  });

  test("says that the same pictures are in two classes, and how many", () => {
    const all = collected({ cat: 9, dog: 9 });
    const twins = all.classes[0].pictures.slice(0, 3).map((one) => one.pixels.slice());
    expect(warningsOf(addPictures(all, all.classes[1].id, twins))).toMatchObject([
      { kind: "samePictures", count: 3, one: { name: "cat" }, other: { name: "dog" } },
    ]);
    const near = twins.map((one) => one.with(5, (one[5] + 1) % 256) as Uint8Array);
    expect(kinds(addPictures(all, all.classes[1].id, near))).toEqual([]);
  });

  test("says which class has few pictures", () => {
    expect(warningsOf(collected({ cat: 9, dog: 4, bird: 5 }))).toMatchObject([
      { kind: "few", one: { name: "dog" } },
    ]);
  });
});

describe("what keeps a collection from being trained on", () => {
  test.each([
    [{ cat: 9 }, { kind: "classes", least: 2 }],
    [
      { cat: 9, dog: 1 },
      { kind: "pictures", one: { name: "dog" }, least: 2 },
    ],
    [
      { cat: 9, "cat ": 9 },
      { kind: "sameName", name: "cat" },
    ],
  ])("%j", (counts, expected) => {
    expect(obstacleOf(collected(counts))).toMatchObject(expected);
  });

  test("two classes with two pictures each are enough", () => {
    expect(obstacleOf(collected({ cat: 2, dog: 2 }))).toBeUndefined();
  });
});

describe("training", () => {
  test.each([
    [{ cat: 2, dog: 2 }, 0],
    [{ cat: 6, dog: 6 }, 2],
    [{ cat: 30, dog: 30, bird: 30 }, 14],
    [{ cat: 2, dog: 1000 }, 150],
  ])("on %j sets %d pictures aside, in settings that a link and a reload carry", (counts, aside) => {
    const all = collected(counts);
    expect(asideOf(pictureCount(all), all.classes.length)).toBe(aside);
    const settings = settingsFor(all, "lenet5");
    expect(settings.validation).toBe(aside);
    checkSettings(settings);
    const words = settingsWords(settings);
    expect(settingsFrom((name) => words[name])).toEqual(settings);
  });

  test.each(imageKinds)("as %s gets every picture once, with its class", (kind) => {
    const all = collected({ cat: 3, dog: 2 });
    const { train, rule } = imagesOf(collectedOf(all, kind));
    expect(train.shape).toEqual(imageShapes[kind]);
    expect(train.classes).toEqual(["cat", "dog"]);
    expect([...train.labels].sort()).toEqual([0, 0, 0, 1, 1]);
    const size = train.images.length / 5;
    expect(
      new Set(Array.from({ length: 5 }, (_, k) => train.images.subarray(k * size, (k + 1) * size).join()))
        .size,
    ).toBe(5);
    const [channels, height, width] = train.shape;
    expect(rule.pictures).toEqual({ size: [width, height], fit: "cover", grey: channels === 1 });
    expect(rule.normalize?.mean).toHaveLength(channels);
  });
});
