import { encode } from "fast-png";
import { zipSync } from "fflate";
import type { Page } from "playwright-core";
import { formatZip } from "unravel-cnn";
import { afterAll, expect } from "vitest";
import { openPage, testInBrowser } from "../../../../test/support/browser.js";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { filesIn, serveSite } from "../../../../test/support/site.js";
import { imageFolder } from "../../dist/node/index.js";
import type * as files from "../../src/index.js";

/* Pictures of a page as labelled images: what Node makes of the same files. */

const root = new URL("../../../../", import.meta.url);
const closeLater: (() => void | Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closeLater) await close();
});

/** A page that has the libraries: core in a few files, as its two hundred of dist/ take a page seconds (test/browser.test.ts). */
async function site(path: string): Promise<string | Uint8Array | undefined> {
  if (path !== "/index.html") return filesIn(root)(path);
  const imports = {
    "unravel-cnn": "/packages/core/bundle/index.js",
    "unravel-files": "/packages/files/dist/index.js",
    fflate: "/node_modules/fflate/esm/browser.js",
  };
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module">
    globalThis.files = await import("unravel-files");</script>`;
}

let shared: Promise<Page> | undefined;

function page(): Promise<Page> {
  shared ??= (async () => {
    const opened = await openPage(await serveSite(site, false, (close) => closeLater.push(close)));
    closeLater.push(() => opened.close());
    await opened.waitForFunction("globalThis.files");
    return opened;
  })();
  return shared;
}

type Global = { files: typeof files };

function pngOf(number: number): Uint8Array {
  const data = Uint8Array.from({ length: 20 * 12 * 3 }, (_, k) => (k * (number + 3) + (k % 3) * 60) % 256);
  return new Uint8Array(encode({ width: 20, height: 12, channels: 3, data }));
}

const pictures = Object.fromEntries(
  ["cat", "dog"].flatMap((name, c) =>
    Array.from({ length: 5 }, (_, k) => [`photos/${name}/${k}.png`, pngOf(9 * c + k)]),
  ),
);

testInBrowser("files of a chosen folder give the images that Node gives", async () => {
  const folder = await temporaryFolder(pictures);
  const node = await imageFolder(`${folder}/photos`, { cache: false, size: [9, 7] });
  const given = Object.entries(pictures).map(([path, bytes]) => [path, Array.from(bytes)] as const);
  const made = await (await page()).evaluate(async (all) => {
    const chosen = all.map(([path, bytes]) => {
      const file = new File([Uint8Array.from(bytes)], path.split("/").at(-1) as string);
      Object.defineProperty(file, "webkitRelativePath", { value: path });
      return file;
    });
    const images = await (globalThis as unknown as Global).files.imagesFromFiles(chosen, { size: [9, 7] });
    return {
      classes: images.train.classes,
      shape: images.train.shape,
      train: Array.from(images.train.images),
      test: Array.from(images.test.images),
      labels: Array.from(images.train.labels),
      files: images.files,
      normalize: images.normalize,
      pictures: images.pictures,
    };
  }, given);

  const inFolder = (names: readonly string[]) => names.map((name) => `photos/${name}`);
  expect(made.files).toEqual({ train: inFolder(node.files.train), test: inFolder(node.files.test) });
  expect(made).toMatchObject({
    classes: ["cat", "dog"],
    shape: [3, 7, 9],
    train: Array.from(node.train.images),
    test: Array.from(node.test.images),
    labels: Array.from(node.train.labels),
    normalize: node.normalize,
    pictures: node.pictures,
  });
});

testInBrowser("what the chosen folder itself is called says nothing, as in Node", async () => {
  const given = Object.entries(pictures).map(([path, bytes]) => [path, Array.from(bytes)] as const);
  const made = await (await page()).evaluate(async (all) => {
    const choose = (rename: (path: string) => string) => {
      const chosen = all.map(([path, bytes]) => {
        const file = new File([Uint8Array.from(bytes)], path.split("/").at(-1) as string);
        return Object.defineProperty(file, "webkitRelativePath", { value: rename(path) });
      });
      return (globalThis as unknown as Global).files.imagesFromFiles(chosen, { size: 8 }).then(
        ({ train, files, setAside }) => ({ classes: train.classes, trained: files.train.length, setAside }),
        (error: Error) => error.message,
      );
    };
    return Promise.all([
      choose((path) => path.replace("photos", "test")),
      choose((path) => path.replace("photos", "train")),
      choose((path) => path.replace(/^photos.(cat|dog)/, "cat")),
    ]);
  }, given);
  const both = { classes: ["cat", "dog"], trained: 8, setAside: 2 };
  expect(made.slice(0, 2)).toEqual([both, both]);
  expect(made[2]).toMatch(
    /^pictures: its \d+ pictures \(.*\) lie in no class's folder; put those of each class into a folder/,
  );
});

testInBrowser("ImageData, ImageBitmap and canvas, with their labels and sets", async () => {
  const made = await (await page()).evaluate(async () => {
    const pixels = (value: number) =>
      new ImageData(
        new Uint8ClampedArray(4 * 6).map((_, k) => (k % 4 === 3 ? 255 : value)),
        3,
        2,
      );
    const canvas = new OffscreenCanvas(3, 2);
    canvas.getContext("2d")?.putImageData(pixels(40), 0, 0);
    const images = await (globalThis as unknown as Global).files.imagesFromFiles([
      { picture: pixels(10), label: "dark", set: "train" },
      { picture: await createImageBitmap(pixels(20)), label: "dark", set: "train" },
      { picture: canvas, label: "light", set: "train" },
      { picture: pixels(50), label: "light", set: "train" },
      { picture: pixels(60), label: "light", set: "test" },
    ]);
    const byName = images.files.train.map((name, k) => [
      name,
      images.train.images[6 * k],
      images.train.labels[k],
    ]);
    const several = await (globalThis as unknown as Global).files.imagesFromFiles([
      { picture: pixels(10), label: ["dark"], set: "train" },
      { picture: pixels(20), label: ["dark", "light"], set: "train" },
      { picture: pixels(50), label: ["light"], set: "train" },
      { picture: pixels(60), label: [], set: "test" },
    ]);
    return {
      shape: images.train.shape,
      train: byName.sort(),
      test: Array.from(images.test.images),
      several: several.files.train
        .map((name, k) => `${name}: ${several.train.labels.subarray(2 * k, 2 * k + 2)}`)
        .sort(),
      none: Array.from(several.test.labels),
    };
  });
  expect(made).toEqual({
    shape: [1, 2, 3], // no colours
    train: [
      ["picture 0", 10, 0],
      ["picture 1", 20, 0],
      ["picture 2", 40, 1],
      ["picture 3", 50, 1],
    ],
    test: [60, 60, 60, 60, 60, 60],
    several: ["picture 0: 1,0", "picture 1: 1,1", "picture 2: 0,1"],
    none: [0, 0],
  });
});

testInBrowser("what can't be decoded is a sentence, or left out", async () => {
  const made = await (await page()).evaluate(async () => {
    const { imagesFromFiles } = (globalThis as unknown as Global).files;
    const square = (value: number) => new ImageData(new Uint8ClampedArray(16).fill(value), 2, 2);
    const given = [0, 1, 2, 3, 4].map((k) => ({ picture: square(50 * k), label: k % 2 ? "a" : "b" }));
    const broken = { picture: new Blob(["no picture"]), label: "a", name: "broken.png" };
    const refused = await imagesFromFiles([...given, broken]).catch(
      (error: Error) => `${error.name} ${error.message}`,
    );
    const { broken: left } = await imagesFromFiles([...given, broken], { skipBroken: true });
    const none = await imagesFromFiles([]).catch((error: Error) => error.message);
    return { refused, left, none };
  });
  expect(made).toEqual({
    refused:
      "InputError pictures: 1 of the 6 pictures can't be read (broken.png: it is damaged, or no picture that this browser can read); leave them out with skipBroken: true.",
    left: ["broken.png: it is damaged, or no picture that this browser can read."],
    none: "pictures: there are no pictures in it; put those of each class into a folder of the class's name.",
  });
});

testInBrowser(
  "folders and archives of a page name the classes of their pictures, each for itself",
  async () => {
    const picture = pngOf(1);
    const inZip = (name: string, bytes: Uint8Array) => ({ name, bytes });
    const zips = {
      "one.zip": formatZip([
        inZip("all/cat/0.png", picture),
        inZip("all/dog/0.png", picture),
        inZip("notes.txt", picture),
      ]),
      "two.zip": formatZip([
        inZip("cat/0.png", pngOf(2)),
        inZip("loose.png", picture),
        inZip("__MACOSX/cat/0.png", picture),
      ]),
      "packed.zip": zipSync({ "train/cat/7.png": picture, "test/cat/8.png": pngOf(3) }),
    };
    const found = await (await page()).evaluate(
      async (given) => {
        const { labelledFiles } = (globalThis as unknown as Global).files;
        const files = Object.entries(given).map(([name, bytes]) => new File([Uint8Array.from(bytes)], name));
        const folder = { path: "photos/bird/0.png", file: new Blob(["?"]) };
        const { pictures, remarks } = await labelledFiles([
          ...files,
          folder,
          { ...folder, path: "photos/.DS_Store" },
        ]);
        const told = pictures.map(({ path, label, picture }) => [path, label ?? null, picture.size]);
        return { told, remarks };
      },
      Object.fromEntries(Object.entries(zips).map(([name, bytes]) => [name, Array.from(bytes)])),
    );
    const sizes = [1, 2, 3].map((number) => pngOf(number).length);
    expect(found).toEqual({
      told: [
        ["photos/bird/0.png", "bird", 1],
        ["all/cat/0.png", "cat", sizes[0]],
        ["all/dog/0.png", "dog", sizes[0]],
        ["loose.png", null, sizes[0]],
        ["cat/0.png", "cat", sizes[1]],
        ["train/cat/7.png", "cat", sizes[0]],
        ["test/cat/8.png", "cat", sizes[2]],
      ],
      remarks: [],
    });
  },
);

testInBrowser(
  "an archive that is damaged, and files without a picture, are refused in a sentence",
  async () => {
    const whole = formatZip([{ name: "cat/0.png", bytes: pngOf(1) }]);
    const wrong = whole.slice();
    wrong[120] ^= 255;
    const refusals = await (await page()).evaluate(
      async (given) => {
        const { labelledFiles } = (globalThis as unknown as Global).files;
        const said: string[] = [];
        for (const [name, bytes] of given) {
          await labelledFiles([new File([Uint8Array.from(bytes)], name)]).catch((error: Error) =>
            said.push(error.message),
          );
        }
        return said;
      },
      [
        ["short.zip", Array.from(whole.subarray(0, 100))],
        ["wrong.zip", Array.from(wrong)],
        ["notes.txt", [1, 2, 3]],
      ] as const,
    );
    for (const refusal of refusals) expectSentence(refusal);
    expect(refusals).toEqual([
      "short.zip: it is cut short, or no zip archive; get it again.",
      "wrong.zip: cat/0.png: what it is packed to is damaged: its checksum is wrong.",
      "There are no pictures in what was given; choose pictures, folders of pictures, or a .zip of such folders.",
    ]);
  },
);
