import { readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { type ImageFolder, type ImageFolderOptions, imageFolder } from "../../dist/node/index.js";
import { longNamed, paxNamed, tarOf, zipOf } from "../support/archives.js";
import { pngOf, twoClasses } from "../support/pictures.js";

/* From a folder, an archive or a table of pictures to labelled images. */

const read = (path: string, options: ImageFolderOptions = {}) =>
  imageFolder(path, { cache: false, ...options });

/** What a folder with these files gives. */
async function readFiles(files: Files, options?: ImageFolderOptions): Promise<ImageFolder> {
  return read(await temporaryFolder(files), options);
}

/** The sentence that they are refused with. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error("nothing was refused"),
    (thrown: Error) => thrown,
  );
  expect(error.name).toBe("InputError");
  expectSentence(error.message);
  return error.message;
}

/** File and class of each image, both sets together, in order. */
function labelled({ train, test, files }: ImageFolder): string[] {
  return [
    ...files.train.map((file, k) => `${file} ${train.classes[train.labels[k]]}`),
    ...files.test.map((file, k) => `${file} ${test.classes[test.labels[k]]}`),
  ].sort();
}

const both = labelledAs(twoClasses());

function labelledAs(files: Record<string, unknown>): string[] {
  return Object.keys(files)
    .map((path) => `${path} ${path.split("/").at(-2)}`)
    .sort();
}

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

  test.each<[string, string, RegExp]>([
    [
      "a file that isn't there",
      "file,label\npictures/x.png,cat\npictures/cat/0.png,cat",
      /1 of its 2 pictures can't be read \(pictures\/x\.png: there is no such file\)/,
    ],
    [
      "two labels",
      "file,label\npictures/cat/0.png,cat\npictures/cat/0.png,dog",
      /row 3 gives pictures\/cat\/0\.png the label dog, but a row before it cat/,
    ],
    ["no label", "file,label\npictures/cat/0.png,\n", /row 2 has no label; each row needs/],
    ["an open quote", 'file,label\n"pictures/cat/0.png,cat\n', /the quote before row 2 ends is never closed/],
    [
      "an unknown set",
      "file,label,split\npictures/cat/0.png,cat,other\n",
      /a row is of the set "other", but it must be/,
    ],
  ])("%s: a sentence", async (_, table, message) => {
    const filled = table.endsWith("cat") ? `${table}\n` : table;
    const more = /isn't/.test(_)
      ? "pictures/cat/1.png,cat\npictures/dog/0.png,dog\npictures/dog/1.png,dog\n"
      : "";
    const expectedMessage = /isn't/.test(_)
      ? /1 of its 5 pictures can't be read \(pictures\/x\.png: there is no such file\)/
      : message;
    expect(await refusal(readFiles({ ...pictures, "labels.csv": filled + more }))).toMatch(expectedMessage);
  });
});

describe("archives hold the same", () => {
  const files = twoClasses();
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
  const given = async (name: string, bytes: Uint8Array, options?: ImageFolderOptions) =>
    read(join(await temporaryFolder({ [name]: bytes }), name), options);

  test.each<[string, Uint8Array]>([
    ["a.tar", tarOf(entries)],
    ["a.tar.gz", gzipSync(tarOf(entries))],
    ["called.tgz", gzipSync(tarOf(entries))],
    ["a.zip", zipOf(entries)],
    ["stored.zip", zipOf(entries.map((entry) => ({ ...entry, stored: true })))],
  ])("%s", async (name, bytes) => {
    const data = await given(name, bytes);
    expect(labelled(data)).toEqual(both);
    const folder = await readFiles(files);
    expect([data.train.images, data.test.images]).toEqual([folder.train.images, folder.test.images]);
  });

  test("what leads out, links, and a system's files are left out, and said", async () => {
    const tar = tarOf([
      ...entries,
      { name: "../out.png", content: pngOf(9) },
      { name: "/etc/cat/x.png", content: pngOf(9) },
      { name: "cat/link.png", type: "2" },
      { name: "__MACOSX/cat/._0.png", content: pngOf(9) },
    ]);
    const data = await given("a.tar", tar);
    expect(labelled(data)).toEqual(both);
    expect(data.remarks).toEqual([
      "1 link was left out: cat/link.png.",
      "2 files were left out whose names lead out of the archive: ../out.png and /etc/cat/x.png.",
    ]);
    const zip = await given(
      "a.zip",
      zipOf([
        ...entries,
        { name: "..\\out.png", content: pngOf(9) },
        { name: "cat/l.png", content: pngOf(8), link: true },
      ]),
    );
    expect(labelled(zip)).toEqual(both);
    expect(zip.remarks).toHaveLength(2);
  });

  test("long names", async () => {
    const long = `cat/${"long ".repeat(30)}.png`;
    const longer = `dog/${"länger ".repeat(30)}.png`;
    const data = await given(
      "a.tar",
      tarOf([...entries, ...longNamed(long, pngOf(80)), ...paxNamed(longer, pngOf(81))]),
    );
    expect(labelled(data)).toEqual([...both, `${long} cat`, `${longer} dog`].sort());
  });

  const tar = tarOf(entries);
  const zip = zipOf(entries);
  test.each<[string, string, Uint8Array, RegExp]>([
    ["a tar that is cut short", "a.tar", tar.subarray(0, 700), /a\.tar: it is cut short; get it again/],
    ["a packed tar that is cut short", "a.tar.gz", gzipSync(tar).subarray(0, 500), /gzip data is damaged/],
    ["no tar", "a.tar", new Uint8Array(2000).fill(65), /it is damaged or no tar archive/],
    [
      "a damaged header",
      "a.tar",
      Uint8Array.from(tar, (byte, k) => (k === 20 ? 7 : byte)),
      /it is damaged or no tar/,
    ],
    ["a file twice in a tar", "a.tar", tarOf([...entries, entries[0]]), /holds the file cat\/0\.png twice/],
    ["a zip that is cut short", "a.zip", zip.subarray(0, 900), /it is cut short, or no zip archive/],
    [
      "a damaged directory",
      "a.zip",
      Uint8Array.from(zip, (byte, k) => (k === zip.length - 100 ? byte ^ 255 : byte)),
      /damaged|cut short/,
    ],
    [
      "an encrypted zip",
      "a.zip",
      zipOf([{ ...entries[0], encrypted: true }, ...entries.slice(1)]),
      /it is encrypted \(cat\/0\.png\); unpack/,
    ],
    ["a file twice in a zip", "a.zip", zipOf([...entries, entries[0]]), /holds the file cat\/0\.png twice/],
    [
      "another way of packing",
      "a.zip",
      zipOf([{ ...entries[0], method: 12 }, ...entries.slice(1)]),
      /cat\/0\.png: it is packed in a way .* \(method 12\)/,
    ],
    [
      "a wrong checksum",
      "a.zip",
      zipOf([{ ...entries[0], crc: 1 }, ...entries.slice(1)]),
      /cat\/0\.png: what it is packed to is damaged/,
    ],
    [
      "a bomb",
      "a.zip",
      zipOf([
        { ...entries[0], size: 2 ** 32 - 2 },
        { ...entries[1], size: 2 ** 32 - 2 },
      ]),
      /unpacks to more than 4 GiB/,
    ],
    [
      "7z",
      "a.7z",
      Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c),
      /it is a 7z archive, which can't be read; unpack/,
    ],
    ["a picture", "a.png", pngOf(1), /it is a single PNG picture, not a folder/],
    ["nothing", "a.zip", new Uint8Array(0), /it is empty; get it again/],
    [
      "an IDX file",
      "train-images-idx3-ubyte.gz",
      Uint8Array.of(31, 139, 8),
      /it is one of four IDX files; give the folder/,
    ],
    ["a text", "a.txt", new Uint8Array(Buffer.from("hello")), /it is text, not a folder/],
  ])("%s: a sentence", async (_, name, bytes, message) => {
    expect(await refusal(given(name, bytes))).toMatch(message);
  });
});

describe("broken files", () => {
  const sound = twoClasses(8);
  const png = pngOf(3);
  const odd: Record<string, Uint8Array | string> = {
    "empty.png": "",
    "text.jpg": "this is no picture",
    "page.jpg": "<!doctype html><html>404</html>",
    "cut.png": png.subarray(0, png.length - 20),
    "changed.png": Uint8Array.from(png, (byte, k) => (k === png.length - 30 ? byte ^ 255 : byte)),
    "head only.png": png.subarray(0, 8),
    "huge.png": hugePng(),
    "vector.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "bitmap.bmp": new Uint8Array(Buffer.from("BM\x9a\0\0\0\0\0\0\0", "latin1")),
    "scan.tiff": new Uint8Array(Buffer.from("II*\0\x08\0\0\0", "latin1")),
    "phone.heic": new Uint8Array(Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1")),
    "photo.avif": new Uint8Array(Buffer.from("\0\0\0\x18ftypavif\0\0\0\0", "latin1")),
    "short.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16),
    "no frame.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xd9, 0, 0, 0, 0, 0, 0, 0, 0),
    "cut.gif": new Uint8Array(Buffer.from("GIF89a\x06\0\x05\0")),
    "empty.gif": new Uint8Array(Buffer.from("GIF89a\x06\0\x05\0\0\0\0;", "latin1")),
    "cut.webp": new Uint8Array(Buffer.from("RIFF\xff\0\0\0WEBPVP8 ", "latin1")),
    "odd.webp": new Uint8Array(Buffer.from("RIFF\x10\0\0\0WEBPABCD\x04\0\0\0\0\0\0\0", "latin1")),
  };
  const files = {
    ...sound,
    ...Object.fromEntries(Object.entries(odd).map(([name, bytes]) => [`cat/${name}`, bytes])),
  };

  test("each is named in a sentence; all are an error", async () => {
    const folder = await temporaryFolder(files);
    const error = await read(folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "InputError" });
    const { message, problems } = error as Error & { problems: string[] };
    expectSentence(message);
    expect(message).toMatch(
      /: 18 of its 34 pictures can't be read \(cat\/.*, \.\.\.\); mend or remove them, or leave them out/,
    );
    expect(problems.map((problem) => problem.slice(4).split(": ")[0]).sort()).toEqual(
      Object.keys(odd).sort(),
    );
    for (const problem of problems) expectSentence(problem);
  });

  test.each(["folder", "zip"])("in a %s they can be left out, and are counted", async (kind) => {
    const folder = await temporaryFolder({
      ...(kind === "folder" ? files : {}),
      ...(kind === "zip" && {
        "a.zip": zipOf(
          Object.entries(files).map(([name, content]) => ({ name, content: Buffer.from(content) })),
        ),
      }),
    });
    const data = await read(kind === "zip" ? join(folder, "a.zip") : folder, { skipBroken: true });
    expect(labelled(data)).toEqual(labelledAs(sound));
    expect(data.broken).toHaveLength(18);
    const whole = await readFiles(sound, { size: [6, 5] });
    const bytes = ({ train, test: tested }: ImageFolder) =>
      [...train.images, ...tested.images].reduce((sum, value) => sum + value, 0);
    expect(bytes(data)).toBe(bytes(whole));
  });

  test("without those, a class may have too few", async () => {
    const few = { ...twoClasses(2), "cat/0.png": "", "cat/1.png": "" };
    expect(await refusal(readFiles(few, { skipBroken: true }))).toMatch(
      /too few pictures are left to train on of cat/,
    );
  });
});

/** A PNG that claims 100,000 x 100,000 pixels. */
function hugePng(): Uint8Array {
  const png = Buffer.from(pngOf(1));
  png.writeUInt32BE(100_000, 16);
  png.writeUInt32BE(100_000, 20);
  return new Uint8Array(png);
}

test.each<[string, Files, RegExp]>([
  ["an empty folder", {}, /there are no pictures in it; put those of each class into a folder/],
  [
    "pictures without classes",
    { "a.png": pngOf(1), "b.png": pngOf(2) },
    /its 2 pictures \(a\.png and b\.png\) lie in no class's folder/,
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
