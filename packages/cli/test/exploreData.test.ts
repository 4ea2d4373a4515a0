import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { testIfPresent } from "../../../test/support/needs.js";
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
  "Windows lets only some make symbolic links",
);

testWithLinks("a link to a file that can't be read is as if there were none", async () => {
  const { folder, ask } = await served(
    Object.fromEntries(FILES.slice(1).map((file) => [`data/mnist/${file}`, "data"])),
  );
  await symlink(join(folder, "nowhere"), join(folder, "data/mnist/train-images-idx3-ubyte"));
  expect((await ask("data/mnist/train-images-idx3-ubyte")).status).toBe(404);
});
