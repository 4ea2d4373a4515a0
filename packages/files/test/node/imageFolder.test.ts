import { readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { type ImageFolderOptions, imageFolder } from "../../dist/node/index.js";
import { pngOf, twoClasses } from "../support/pictures.js";
import { labelled, labelledAs, read, readFiles, refusal } from "../support/reading.js";

/* From a folder or a table of pictures to labelled images. */

const both = labelledAs(twoClasses());

describe("where classes come from", () => {
  test("a folder for each; a fifth of each is set aside, the same for the same seed", async () => {
    const folder = await temporaryFolder(twoClasses(10));
    const data = await read(folder);
    expect(data.train.classes).toEqual(["cat", "dog"]);
    expect([data.train.labels.length, data.test.labels.length, data.setAside]).toEqual([16, 4, 4]);
    expect(Array.from(data.test.labels).sort()).toEqual([0, 0, 1, 1]);
    expect((await read(folder)).files).toEqual(data.files);
    expect((await read(folder, { seed: 1 })).files).not.toEqual(data.files);
    // the first half of them has both classes: whoever takes the first so many gets some of each
    expect(new Set(data.train.labels.subarray(0, 8)).size).toBe(2);
  });

  test("the images are the pictures, channel by channel", async () => {
    const { train, test: tested, files } = await readFiles(twoClasses(3));
    expect(train.shape).toEqual([3, 5, 6]);
    const all = [...files.train.entries()].map(
      ([k, file]) => [file, train.images.subarray(90 * k, 90 * k + 90)] as const,
    );
    expect(tested.images).toHaveLength(180);
    for (const [file, image] of all) {
      const number = Number(file.match(/\d+/)?.[0]) + (file.startsWith("dog") ? 50 : 0);
      for (let k = 0; k < 90; k++) {
        const value = (k * (7 + number) + 31 * number + (k % 3) * 50) % 256;
        expect(image[(k % 3) * 30 + Math.floor(k / 3)]).toBe(value);
      }
    }
  });

  test.each(["train/test", "training/val", "Train/Testing"])(
    "%s, with a folder for each class",
    async (names) => {
      const [first, second] = names.split("/");
      const data = await readFiles({ ...twoClasses(4, `${first}/`), ...twoClasses(2, `${second}/`) });
      expect([data.train.labels.length, data.test.labels.length, data.setAside]).toEqual([8, 4, 0]);
      expect(data.files.test.every((file) => file.startsWith(second))).toBe(true);
      expect(data.duplicates).toHaveLength(4);
    },
  );

  test.each([
    ["seg_train/seg_train", "seg_test/seg_test"],
    ["training_set/training_set", "test_set/test_set"],
    ["Training Data", "Test Data"],
    ["train_images", "val_images"],
  ])("%s and %s, as archives have them, with what is in neither left out", async (first, second) => {
    const other = second.replaceAll(/test|val/gi, "other");
    const data = await readFiles({
      ...twoClasses(4, `all/${first}/`),
      ...twoClasses(2, `all/${second}/`),
      [`all/${other}/${other}/0.png`]: pngOf(200),
    });
    expect(data.train.classes).toEqual(["cat", "dog"]);
    expect([data.train.labels.length, data.test.labels.length]).toEqual([8, 4]);
    expect(data.files.test.every((file) => file.startsWith(`all/${second}/`))).toBe(true);
    expect(data.remarks.join()).toMatch(/ was left out, with 1 picture: it is neither/);
  });

  test("classes whose names have train or test in them are classes", async () => {
    const names = ["bullet train", "test tube", "train station", "test"];
    const files = names.flatMap((name, c) =>
      [0, 1].map((k) => [`${name}/deeper/${k}.png`, pngOf(9 * c + k)]),
    );
    const data = await readFiles(Object.fromEntries(files));
    expect(data.train.classes).toEqual([...names].sort());
  });

  test("of train, val and test, val is left out, and that is said", async () => {
    const parts = { ...twoClasses(4, "train/"), ...twoClasses(3, "val/"), ...twoClasses(2, "test/") };
    const data = await readFiles(parts);
    expect([data.train.labels.length, data.test.labels.length]).toEqual([8, 4]);
    expect(data.remarks.join()).toMatch(/val was left out, with 6 pictures/);
  });

  test("a folder around all of it, deeper folders, other files, a system's files, names of all kinds", async () => {
    const files = twoClasses(5, "my data/");
    const data = await readFiles({
      ...files,
      "my data/cat/deeper/still deeper/größe ü 猫.png": pngOf(90),
      "my data/dog/no ending": pngOf(91),
      "my data/dog/.hidden.png": pngOf(92),
      "my data/.git/cat/x.png": pngOf(93),
      "my data/cat/Thumbs.db": "x",
      "my data/cat/.DS_Store": "x",
      "__MACOSX/my data/cat/._0.png": "x",
      "my data/readme.txt": "x",
      "my data/cat/boxes.xml": "x",
    });
    expect(labelled(data)).toEqual(
      [
        ...labelledAs(files),
        "my data/cat/deeper/still deeper/größe ü 猫.png cat",
        "my data/dog/no ending dog",
      ].sort(),
    );
    expect(data.remarks).toEqual(["2 other files were left out (.xml and .txt)."]);
  });

  test("numbers are in the order of numbers, and a letter is the same however it is written", async () => {
    const data = await readFiles({
      ...Object.fromEntries(
        ["10", "9", "2"].flatMap((name, c) => [0, 1].map((k) => [`${name}/${k}.png`, pngOf(2 * c + k)])),
      ),
    });
    expect(data.train.classes).toEqual(["2", "9", "10"]);
    const composed = await readFiles({
      "\u00e4/0.png": pngOf(0),
      "a\u0308/1.png": pngOf(1),
      "b/0.png": pngOf(2),
      "b/1.png": pngOf(3),
    });
    expect(composed.train.classes).toEqual(["b", "\u00e4"]);
  });

  test("symbolic links to files and folders are followed, but not round in a circle", async () => {
    const folder = await temporaryFolder({ ...twoClasses(3), "other/9.png": pngOf(99) });
    await symlink(join(folder, "other", "9.png"), join(folder, "cat", "link.png"));
    await symlink(folder, join(folder, "dog", "around"));
    await writeFile(join(folder, "other", "10.png"), pngOf(98));
    expect(labelled(await read(folder))).toContain("cat/link.png cat");
  });
});

describe("a table of files and labels", () => {
  const pictures = twoClasses(4, "pictures/");
  const rows = Object.keys(pictures).map((path) => [path, path.split("/")[1]]);
  const expected = labelledAs(pictures);

  test.each<[string, string]>([
    ["with names of columns", `file,label\n${rows.map((row) => row.join(",")).join("\n")}\n`],
    ["without", rows.map((row) => row.join(",")).join("\r\n")],
    [
      "the label first, semicolons, quotes",
      `"class";"path"\n${rows.map(([path, label]) => `"${label}";"${path}"`).join("\n")}`,
    ],
    [
      "only names of files",
      `image_id\tlabel\n${rows.map(([path, label]) => `${path.slice(9)}\t${label}`).join("\n")}`.replaceAll(
        "pictures/",
        "",
      ),
    ],
  ])("%s", async (_, table) => {
    const unique = table.includes("image_id") ? table.replaceAll(/(cat|dog)\/(\d)/g, "$1/$2") : table;
    expect(labelled(await readFiles({ ...pictures, "labels.csv": unique }))).toEqual(expected);
  });

  test("given itself", async () => {
    const table = `\ufefffile,label,split\n${rows.map((row, k) => [...row, k % 2 ? "test" : "train"].join(",")).join("\n")}`;
    const folder = await temporaryFolder({ ...pictures, "labels.csv": table });
    const data = await read(join(folder, "labels.csv"));
    expect(labelled(data)).toEqual(expected);
    expect([data.train.labels.length, data.test.labels.length, data.setAside]).toEqual([4, 4, 0]);
  });

  test("train.csv and test.csv, and files called without their ending", async () => {
    const half = (k: number) =>
      `id,label\n${rows
        .filter((_, n) => n % 2 === k)
        .map(([path, label]) => `${path.slice(0, -4)},${label}`)
        .join("\n")}`;
    const data = await readFiles({ ...pictures, "train.csv": half(0), "test.csv": half(1) });
    expect(labelled(data)).toEqual(expected);
    expect(data.test.labels.length).toBe(4);
  });

  test("with Excel's sep=; before it, and names in other letters", async () => {
    const numbered = Object.fromEntries(Array.from({ length: 8 }, (_, k) => [`img_${k}.png`, pngOf(k)]));
    const lines = Object.keys(numbered).map((path, k) => `${path.toUpperCase()};${k % 2 ? "cat" : "dog"}`);
    const table = ["sep=;", "file;label", ...lines].join("\r\n");
    expect(labelled(await readFiles({ ...numbered, "labels.csv": table }))).toEqual(
      Object.keys(numbered).map((path, k) => `${path} ${k % 2 ? "cat" : "dog"}`),
    );
  });

  test.each<[string, string, RegExp]>([
    [
      "a file that isn't there",
      `file,label\npictures/x.png,cat\n${rows.map((row) => row.join(",")).join("\n")}`,
      /1 of its 9 pictures can't be read \(pictures\/x\.png: there is no such file\)/,
    ],
    [
      "two labels",
      "file,label\npictures/cat/0.png,cat\npictures/cat/0.png,dog\n",
      /row 3 gives pictures\/cat\/0\.png the label dog, but a row before it the label cat; /,
    ],
    ["no label", "file,label\npictures/cat/0.png,\n", /row 2 has no label; each row needs/],
    ["an open quote", 'file,label\n"pictures/cat/0.png,cat\n', /the quote before row 2 ends is never closed/],
    [
      "an unknown set",
      "file,label,split\npictures/cat/0.png,cat,other\n",
      /a row is of the set "other", but/,
    ],
  ])("%s: a sentence", async (_, table, message) => {
    expect(await refusal(readFiles({ ...pictures, "labels.csv": table }))).toMatch(message);
  });
});

test.each<[string, Files, RegExp]>([
  ["an empty folder", {}, /there are no pictures in it; put those of each class into a folder/],
  [
    "pictures without classes",
    { "a.png": pngOf(1), "b.png": pngOf(2) },
    /its 2 pictures \(a\.png and b\.png\) lie in no class's folder/,
  ],
  [
    "a table without a column of labels",
    { "a.png": pngOf(1), "b.png": pngOf(2), "sizes.csv": "file,width,height\na.png,6,5\nb.png,6,5\n" },
    /: sizes\.csv has no columns called file and label in the first row, and its 2 pictures/,
  ],
  [
    "a table without rows",
    { "a.png": pngOf(1), "b.png": pngOf(2), "labels.csv": "file,label\n" },
    /: labels\.csv names no picture that is there, and its 2 pictures/,
  ],
  [
    "train and test without classes",
    { "train/a.png": pngOf(1), "test/b.png": pngOf(2) },
    /the pictures in test and train lie in no class's folder/,
  ],
  [
    "one class",
    { "cat/a.png": pngOf(1), "cat/b.png": pngOf(2) },
    /all its pictures are of one class, cat; at least two/,
  ],
  [
    "a class with one picture",
    { ...twoClasses(2), "fox/a.png": pngOf(9) },
    /a class has fewer than 2 pictures: fox \(1\); add some/,
  ],
  [
    "classes with none and one",
    { ...twoClasses(2), "fox/a.png": pngOf(9), elk: null },
    /2 classes have fewer than 2 pictures: elk \(0\) and fox \(1\)/,
  ],
  [
    "a class that is only tested",
    { ...twoClasses(2, "train/"), ...twoClasses(2, "test/"), "test/fox/a.png": pngOf(9) },
    /the class fox has pictures for testing, but none to train on/,
  ],
  [
    "several tables",
    { ...twoClasses(2), "a.csv": "file,label\ncat/0.png,cat", "b.csv": "file,label\ncat/0.png,cat" },
    /it holds several tables of labels \(a\.csv and b\.csv\)/,
  ],
  [
    "257 classes",
    Object.fromEntries(Array.from({ length: 514 }, (_, k) => [`${k >> 1}/${k}.png`, ""])),
    /it has 257 classes .* more than the 256/,
  ],
])("%s: a sentence", async (_, files, message) => {
  expect(await refusal(readFiles(files))).toMatch(message);
});

describe("size and colours", () => {
  test("that of the pictures, if all have the same", async () => {
    expect((await readFiles(twoClasses(3, "", 9, 4))).pictures).toEqual({
      size: [9, 4],
      fit: "cover",
      grey: false,
    });
  });

  test("else a square that most of them fill", async () => {
    const data = await readFiles({ ...twoClasses(3, "", 100, 70), "cat/x.png": pngOf(40, 50, 60) });
    expect(data.pictures.size).toEqual([64, 64]);
    const sizes = new Set([...data.sizes.train, ...data.sizes.test]);
    expect(sizes).toEqual(new Set([100, 70, 50, 60]));
  });

  test("what was asked for", async () => {
    const data = await readFiles(twoClasses(3), { size: [8, 3], fit: "contain", grey: true });
    expect(data.pictures).toEqual({ size: [8, 3], fit: "contain", grey: true });
    expect(data.train.shape).toEqual([1, 3, 8]);
    expect((await readFiles(twoClasses(3), { size: 7 })).train.shape).toEqual([3, 7, 7]);
  });

  test("one channel if no picture has colours, whatever their files have", async () => {
    const grey = Object.fromEntries(
      ["a", "b"].flatMap((name, c) => [0, 1, 2].map((k) => [`${name}/${k}.png`, pngOf(10 * c + k, 4, 4, 1)])),
    );
    const data = await readFiles(grey);
    expect(data.train.shape).toEqual([1, 4, 4]);
    expect(data.train.images).toHaveLength(4 * 16);
    expect((await readFiles(grey, { grey: false })).train.shape).toEqual([3, 4, 4]);
    expect((await readFiles({ ...grey, "a/9.png": pngOf(9, 4, 4) })).train.shape).toEqual([3, 4, 4]);
  });

  test("mean and deviation are those of the training images", async () => {
    const { train, normalize } = await readFiles(twoClasses(5));
    for (let c = 0; c < 3; c++) {
      const values = Array.from(train.images).filter((_, k) => Math.floor((k % 90) / 30) === c);
      const mean = values.reduce((sum, value) => sum + value / 255, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value / 255 - mean) ** 2, 0) / values.length;
      expect(normalize.mean[c]).toBeCloseTo(mean, 5);
      expect(normalize.std[c]).toBeCloseTo(Math.sqrt(variance), 5);
    }
  });

  test.each<[ImageFolderOptions, RegExp]>([
    [{ size: 0 }, /^size must be whole numbers from 1 to 1024, not 0\.$/],
    [{ size: [3, 2.5] }, /^size must be whole numbers from 1 to 1024, not \[3,2\.5\]\.$/],
    [{ fit: "crop" as "cover" }, /^fit must be cover, contain, stretch, not "crop"\.$/],
  ])("%j is refused", async (options, message) => {
    expect(await refusal(readFiles(twoClasses(2), options))).toMatch(message);
  });
});

describe("the cache", () => {
  const cached = async (folder: string, home: string, options: ImageFolderOptions = {}) =>
    imageFolder(folder, { ...options, env: { XDG_CACHE_HOME: home, LOCALAPPDATA: home, HOME: home } });

  test("gives the same; not after a file has changed, or for other options, or when it is damaged", async () => {
    const folder = await temporaryFolder(twoClasses());
    const home = await temporaryFolder();
    const first = await cached(folder, home);
    const again = await cached(folder, home);
    expect([first.cached, again.cached]).toEqual([false, true]);
    expect({ ...again, cached: false }).toEqual(first);
    expect((await cached(folder, home, { grey: true })).cached).toBe(false);
    // what was chosen and what is asked for are the same
    expect((await cached(folder, home, { size: [6, 5], grey: false, skipBroken: true })).cached).toBe(true);

    await utimes(join(folder, "cat", "0.png"), 1, 1);
    expect((await cached(folder, home)).cached).toBe(false);
    expect((await cached(folder, home)).cached).toBe(true);

    const place = join(home, "unravel", "pictures");
    for (const name of process.platform === "linux" ? await readdir(place) : []) {
      const bytes = await readFile(join(place, name));
      bytes[bytes.length - 100] ^= 1;
      await writeFile(join(place, name), bytes);
    }
    const mended = await cached(folder, home);
    expect(mended.cached).toBe(process.platform !== "linux");
    expect(mended.train).toEqual(first.train);
  });

  test.skipIf(process.platform === "win32")("sees a link that leads nowhere", async () => {
    const folder = await temporaryFolder(twoClasses());
    const home = await temporaryFolder();
    await cached(folder, home);
    await symlink("nowhere.png", join(folder, "cat", "link.png"));
    expect(await refusal(cached(folder, home))).toMatch(
      /\(cat\/link\.png: it can't be read: there is no such file/,
    );
  });

  test("remembers what is broken, also for those who don't leave it out", async () => {
    const folder = await temporaryFolder({ ...twoClasses(), "cat/x.png": "" });
    const home = await temporaryFolder();
    const before = await refusal(cached(folder, home));
    expect((await cached(folder, home, { skipBroken: true })).cached).toBe(false);
    expect((await cached(folder, home, { skipBroken: true })).cached).toBe(true);
    expect(await refusal(cached(folder, home))).toBe(before);
  });

  test("that can't be written is said, and does no harm", async () => {
    const home = await temporaryFolder({ unravel: "a file" });
    const data = await cached(await temporaryFolder(twoClasses()), home);
    expect(labelled(data)).toEqual(both);
    if (process.platform === "linux")
      expect(data.remarks.join()).toMatch(/pictures are not kept for the next time/);
  });
});

test("it can be aborted, and tells how far it is", async () => {
  const folder = await temporaryFolder(twoClasses(40));
  const seen: number[] = [];
  await read(folder, { onProgress: (done, total) => seen.push(done / total) });
  expect(seen.at(-1)).toBe(1);
  const aborter = new AbortController();
  aborter.abort(new Error("enough"));
  await expect(read(folder, { signal: aborter.signal })).rejects.toThrow("enough");
});
