import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectInputError } from "../../../../test/support/sentence.js";
import { cacheFolder, type DatasetName, loadDataset } from "../../src/node/index.js";
import { fourFiles, idxLabels } from "../support/idxFiles.js";

/*
 * MNIST is looked for in $UNRAVEL_DATA, then in the cache. The cache's place can be chosen by a variable on Linux only,
 * so elsewhere these tests could meet the real one.
 */

const under = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

/** Four sound files whose first training label tells where they came from. */
const marked = (label: number): Files => {
  const files = fourFiles({ "train-labels-idx1-ubyte": idxLabels([label, 0, 9]) });
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== "train-labels-idx1-ubyte.gz"));
};

const damaged: Files = fourFiles({ "train-images-idx3-ubyte.gz": "not gzip" });

/** What `loadDataset` sees, with these files in both places. */
async function environment(data: Files, cache: Files = {}) {
  const env = {
    UNRAVEL_DATA: await temporaryFolder(data),
    XDG_CACHE_HOME: await temporaryFolder(under("unravel", cache)),
  };
  return { env, cache: env.XDG_CACHE_HOME, data: env.UNRAVEL_DATA };
}

describe("data sets by name", () => {
  beforeEach(({ skip }) =>
    skip(process.platform !== "linux", "the place of the cache can be chosen on Linux only"),
  );

  test.each<readonly [string, Files, Files, number]>([
    ["in $UNRAVEL_DATA", under("mnist", marked(3)), {}, 3],
    ["in the cache", {}, under("mnist", marked(4)), 4],
    ["in both: $UNRAVEL_DATA comes first", under("mnist", marked(3)), under("mnist", marked(4)), 3],
    ["in the cache, beside an empty $UNRAVEL_DATA/mnist", { mnist: null }, under("mnist", marked(4)), 4],
    ["sound in $UNRAVEL_DATA, damaged in the cache", under("mnist", marked(3)), under("mnist", damaged), 3],
  ])("found %s", async (_, data, cache, label) => {
    const { env } = await environment(data, cache);
    const { train, test } = await loadDataset("mnist", env);
    expect(train.labels[0]).toBe(label);
    expect([train.name, test.name]).toEqual(["MNIST", "MNIST"]);
    expect(train.classes).toHaveLength(10);
  });

  test("without UNRAVEL_DATA, or with an empty one, the cache alone", async () => {
    const { cache } = await environment({}, under("mnist", marked(4)));
    for (const env of [{ XDG_CACHE_HOME: cache }, { UNRAVEL_DATA: "", XDG_CACHE_HOME: cache }]) {
      expect((await loadDataset("mnist", env)).train.labels[0]).toBe(4);
    }
  });

  test("Fashion-MNIST has its classes' names", async () => {
    const { env } = await environment(under("fashion-mnist", fourFiles()));
    const { train } = await loadDataset("fashion-mnist", env);
    expect(train.classes[9]).toBe("Ankle boot");
  });

  test("nowhere: the error says where it looked, and what to do", async () => {
    const { env, data, cache } = await environment({ "notes.txt": "x" }, {});
    await expectInputError(
      () => loadDataset("mnist", env),
      new RegExp(
        `^MNIST was not found in ${join(data, "mnist")} or ${join(cache, "unravel", "mnist")}; put its four files there, or set UNRAVEL_DATA to the folder that holds mnist/\\.$`,
      ),
    );
  });

  test.each<readonly [string, Files, RegExp]>([
    ["damaged", under("mnist", damaged), /mnist\/train-images-idx3-ubyte.gz: the gzip data is damaged/],
    [
      "incomplete",
      under("mnist", { "t10k-labels-idx1-ubyte.gz": "" }),
      /\/mnist: the file train-images-idx3-ubyte.gz is missing/,
    ],
    [
      "with labels that MNIST doesn't have",
      under("mnist", marked(10)),
      /train-labels-idx1-ubyte: label 0 \(at byte 8, unpacked\) is 10, but labels go from 0 to 9/,
    ],
  ])("%s in $UNRAVEL_DATA: an error, though the cache is sound", async (_, data, message) => {
    const { env } = await environment(data, under("mnist", marked(4)));
    await expectInputError(() => loadDataset("mnist", env), message);
  });

  test("damaged in the cache: an error too", async () => {
    const { env } = await environment({}, under("mnist", damaged));
    await expectInputError(() => loadDataset("mnist", env), /gzip data is damaged/);
  });

  test.each(["cifar", "constructor", "__proto__"])("there is no %s", async (name) => {
    await expectInputError(
      () => loadDataset(name as DatasetName, {}),
      new RegExp(`^There is no data set "${name}"; there are mnist, fashion-mnist\\.$`),
    );
  });

  test("the cache's place: an absolute XDG_CACHE_HOME, else the home folder's", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/somewhere" })).toBe("/somewhere/unravel");
    for (const env of [{}, { XDG_CACHE_HOME: "" }, { XDG_CACHE_HOME: "relative" }]) {
      expect(cacheFolder(env)).toMatch(/^\/.+\/\.cache\/unravel$/);
    }
  });
});
