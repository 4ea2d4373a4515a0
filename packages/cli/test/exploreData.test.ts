import { execFile } from "node:child_process";
import files, { mkdir, rm, symlink } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { openInside } from "../src/explore/content.js";
import { withData } from "../src/explore/data.js";
import { serve } from "../src/explore/server.js";

/*
 * The data sets that the page is served: their four files, wherever they are looked for, and nothing beside them.
 */

const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

/** A server with these files in `$UNRAVEL_DATA` and the cache. */
async function served(files: Parameters<typeof temporaryFolder>[0]) {
  const folder = await temporaryFolder({ "data/none": null, "cache/none": null, ...files });
  const env = { UNRAVEL_DATA: join(folder, "data"), XDG_CACHE_HOME: join(folder, "cache"), HOME: folder };
  const server = await serve(withData(new Map(), env), 0);
  onTestFinished(() => server.close());
  const ask = async (path: string) => {
    const answer = await fetch(server.url + path);
    return { status: answer.status, text: await answer.text() };
  };
  return { folder, ask };
}

test("lists what is there whole, and gives its files as they lie, packed or not", async () => {
  const packed = gzipSync("the test images");
  const { ask } = await served({
    "data/mnist/train-images-idx3-ubyte": "the training images",
    "data/mnist/train-labels.idx1-ubyte": "the training labels",
    "data/mnist/t10k-images-idx3-ubyte.gz": packed,
    "data/mnist/t10k-labels-idx1-ubyte": "the test labels",
    "data/fashion-mnist/train-labels-idx1-ubyte": "only one",
  });
  expect((await ask("datasets.json")).text).toBe('[{"name":"mnist","title":"MNIST"}]');
  expect((await ask("data/mnist/train-images-idx3-ubyte")).text).toBe("the training images");
  expect((await ask("data/mnist/train-labels-idx1-ubyte")).text).toBe("the training labels");
  expect((await ask("data/mnist/t10k-images-idx3-ubyte")).text).toBe(packed.toString());
  expect((await ask("data/fashion-mnist/train-images-idx3-ubyte")).status).toBe(404);
});

test("looks when it is asked, and lists nothing where there is nothing", async () => {
  const { ask } = await served({});
  expect(await ask("datasets.json")).toEqual({ status: 200, text: "[]" });
  expect((await ask("data/mnist/train-images-idx3-ubyte")).status).toBe(404);
});

test.each([
  "data/",
  "data/mnist/",
  "data/mnist/secret",
  "data/mnist/../secret",
  "data/mnist/%2e%2e%2fsecret",
  "data/mnist/train-images-idx3-ubyte.gz",
  "data/mnist/train-images-idx3-ubyte/..",
  "data/secret/train-images-idx3-ubyte",
  "data/../../etc/passwd",
])("not %s", async (path) => {
  const { ask } = await served({
    "data/secret": "secret",
    "data/mnist/secret": "secret",
    ...Object.fromEntries(FILES.map((file) => [`data/mnist/${file}`, "data"])),
  });
  expect((await ask("data/mnist/train-images-idx3-ubyte")).status).toBe(200);
  const { status, text } = await ask(path);
  expect([status, text]).toEqual([404, "404\n"]);
});

const testWithLinks = testIfPresent(
  process.platform !== "win32",
  "Windows lets only some make symbolic links, and has no named pipes",
);

/** All files but the training images, and what is to lie in their place. */
async function servedWithout() {
  const { folder, ask } = await served({
    ...Object.fromEntries(FILES.slice(1).map((file) => [`data/mnist/${file}`, "data"])),
    "data/secret": "secret",
  });
  return { folder, ask, place: join(folder, "data/mnist", FILES[0]) };
}

describe("what isn't a file of the folder is as if it weren't there", () => {
  for (const [what, put] of [
    ["a link to nothing", (place: string) => symlink("nowhere", place)],
    ["a link to a file elsewhere", (place: string) => symlink("../secret", place)],
    ["a link to itself", (place: string) => symlink(place, place)],
    ["a link to a device", (place: string) => symlink("/dev/zero", place)],
    ["a folder", (place: string) => mkdir(place)],
    ["a named pipe", (place: string) => promisify(execFile)("mkfifo", [place])],
    ["a socket", socketAt],
  ] as const) {
    testWithLinks(what, async () => {
      const { ask, place } = await servedWithout();
      await put(place);
      // More than there are threads for files: a pipe that is opened would take each of them for good.
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => ask("data/mnist/train-images-idx3-ubyte")),
      );
      expect(answers).toEqual(answers.map(() => ({ status: 404, text: "404\n" })));
      expect((await ask("datasets.json")).text).toBe("[]");
      expect((await ask(`data/mnist/${FILES[1]}`)).text).toBe("data");
    });
  }
});

async function socketAt(place: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place, resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
}

describe("what comes in a file's place when it has been looked at already is not opened", () => {
  for (const [what, put] of [
    ["a link to a file elsewhere", (place: string) => symlink("../secret", place)],
    ["a folder", (place: string) => mkdir(place)],
    ["a named pipe", (place: string) => promisify(execFile)("mkfifo", [place])],
  ] as const) {
    testWithLinks(what, async () => {
      const folder = await temporaryFolder({ secret: "secret", "data/file": "data" });
      const place = join(folder, "data/file");
      const { stat } = files;
      onTestFinished(() => putInItsPlace(stat));
      putInItsPlace(async (path: string) => {
        const found = await stat(path);
        await rm(place);
        await put(place);
        return found;
      });
      expect(await openInside(join(folder, "data"), place)).toBeUndefined();
    });
  }
});

/** Has all modules call this for `stat`. */
function putInItsPlace(stat: unknown): void {
  Object.assign(files, { stat });
  syncBuiltinESMExports();
}

describe("links that stay", () => {
  testWithLinks("to another file of the folder", async () => {
    const { ask, place } = await servedWithout();
    await symlink(FILES[1], place);
    expect(await ask(`data/mnist/${FILES[0]}`)).toEqual({ status: 200, text: "data" });
    expect((await ask("datasets.json")).text).toBe('[{"name":"mnist","title":"MNIST"}]');
  });

  testWithLinks("a data set's own folder is where it is kept", async () => {
    const { folder, ask } = await served(
      Object.fromEntries(FILES.map((file) => [`elsewhere/${file}`, "data"])),
    );
    await symlink("../elsewhere", join(folder, "data/mnist"));
    expect(await ask(`data/mnist/${FILES[0]}`)).toEqual({ status: 200, text: "data" });
    expect((await ask("datasets.json")).text).toBe('[{"name":"mnist","title":"MNIST"}]');
  });
});
