import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { decode } from "fast-png";
import { beforeEach, describe, expect, test } from "vitest";
import { type Files, namesIn, temporaryFolder } from "../../../test/support/folder.js";
import { LONG } from "../../../test/support/long.js";
import { testWithMnist } from "../../../test/support/needs.js";
import { closedServer, sendFile, webServer } from "../../../test/support/webServer.js";
import { ended, expectRefusal, start, succeed, unravel } from "./support/cli.js";
import { writeShapes } from "./support/shapes.js";

/** An environment without any data, whose cache is empty or holds these files. */
async function emptyCache(cache: Files = {}) {
  const XDG_CACHE_HOME = await temporaryFolder(
    Object.fromEntries(Object.entries(cache).map(([name, bytes]) => [`unravel/${name}`, bytes])),
  );
  return { env: { XDG_CACHE_HOME }, mnist: join(XDG_CACHE_HOME, "unravel", "mnist") };
}
const damaged = { "mnist/train-labels-idx1-ubyte.gz": "x" };

beforeEach(({ skip }) =>
  skip(process.platform !== "linux", "the place of the cache can be chosen on Linux only"),
);

describe("unravel data list, also without its name", () => {
  test("nothing is here but what the program draws", async () => {
    const { env } = await emptyCache();
    const { stdout, stderr } = await succeed(["data"], { env });
    expect(stdout).toMatch(/^mnist +not here +11\.6 MB +-$/m);
    expect(stdout).toMatch(/^digits +drawn by the program +- +-$/m);
    expect(stderr).toBe("");
  });

  test("damaged, as JSON", async () => {
    const { env, mnist } = await emptyCache(damaged);
    const { stdout } = await succeed(["data", "list", "--json"], { env });
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "mnist", state: "damaged", folder: mnist, bytes: 1, downloadBytes: 11_594_722 },
      { name: "fashion-mnist", state: "missing", folder: null, bytes: null, downloadBytes: 30_878_645 },
      { name: "digits", state: "drawn" },
    ]);
  });
});

describe("unravel data fetch", () => {
  test("a server that doesn't have it: one sentence, and no file is left", async () => {
    const server = await webServer((_, response) => response.writeHead(404).end());
    const { env, mnist } = await emptyCache();
    const result = await unravel(["data", "fetch", "mnist"], { env: { ...env, UNRAVEL_MIRROR: server.url } });
    expectRefusal(
      result,
      1,
      /^MNIST's train-images-idx3-ubyte.gz could not be downloaded from 127.* it answers 404 Not Found\.$/,
    );
    expect(await namesIn(mnist)).toEqual([]);
    expect(server.requests[0].url).toBe("/mnist/train-images-idx3-ubyte.gz");
  });

  test("the cache can't be written", async () => {
    const XDG_CACHE_HOME = join(await temporaryFolder({ file: "" }), "file");
    const UNRAVEL_MIRROR = await closedServer();
    const result = await unravel(["data", "fetch", "mnist"], { env: { XDG_CACHE_HOME, UNRAVEL_MIRROR } });
    expectRefusal(result, 1, /^Nothing can be written to .*\/unravel\/mnist: a part of its path is a file/);
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    ["no name", [], /missing required argument 'name'; try --help/],
    ["an unknown name", ["cifar"], /^The data set must be mnist or fashion-mnist, not "cifar"\.$/],
  ])("%s", async (_, args, message) => {
    expectRefusal(await unravel(["data", "fetch", ...args]), 2, message);
  });

  test("interrupted: nothing is left", async () => {
    const { env, mnist } = await emptyCache();
    let begun = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-length": 9_912_422 });
      response.write(new Uint8Array(100_000), () => setTimeout(begun, 100));
    });
    const child = start(["data", "fetch", "mnist"], { env: { ...env, UNRAVEL_MIRROR: server.url } });
    const end = ended(child);
    await Promise.race([beginning, end]);
    child.kill("SIGINT");
    const { code, stderr } = await end;
    expect([code, stderr]).toEqual([130, "unravel: interrupted; files that had come whole are kept.\n"]);
    expect(await namesIn(mnist)).toEqual([]);
  });

  testWithMnist("the real files from a mirror: fetched, verified, damaged, mended", async () => {
    const source = join(process.env.UNRAVEL_DATA ?? "", "mnist");
    const server = await webServer(async (request, response) => {
      sendFile(request, response, await readFile(join(source, request.url?.split("/").at(-1) ?? "")));
    });
    const { env: cache, mnist } = await emptyCache();
    const env = { ...cache, UNRAVEL_MIRROR: `${server.url}/` };
    const fetched = await succeed(["data", "fetch", "mnist"], { env });
    expect(fetched.stdout).toBe(`MNIST is here now: 4 files fetched, 11.6 MB; checksums right; ${mnist}\n`);
    const file = join(mnist, "t10k-labels-idx1-ubyte.gz");
    await writeFile(file, "x");
    const result = await unravel(["data", "verify", "mnist"], { env });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/t10k-labels-idx1-ubyte.gz +1 +DAMAGED$/m);
    expect(result.stderr).toBe(
      `unravel: MNIST in ${mnist} is damaged; "unravel data fetch mnist" mends what is in the cache.\n`,
    );
    const auto = await unravel(["data", "sheet", "--out", join(mnist, "sheet.png")], { env });
    expectRefusal(auto, 2, /t10k-labels-idx1-ubyte.gz: the gzip data is damaged/);

    const mended = await succeed(["data", "fetch", "mnist", "--json"], { env });
    expect(JSON.parse(mended.stdout)).toEqual({
      name: "mnist",
      folder: mnist,
      downloaded: ["t10k-labels-idx1-ubyte.gz"],
      bytes: 4542,
      verified: true,
    });
    expect((await succeed(["data", "verify"], { env })).stdout.match(/good$/gm)).toHaveLength(4);
    expect((await succeed(["data", "fetch", "mnist"], { env })).stdout).toMatch(/^MNIST was here already/);
  });
});

describe("unravel data verify", () => {
  test("nothing is here", async () => {
    const { env } = await emptyCache();
    expect((await succeed(["data", "verify"], { env })).stdout).toBe("No data set is here.\n");
    expectRefusal(
      await unravel(["data", "verify", "mnist"], { env }),
      2,
      /^MNIST is not here; "unravel data fetch mnist" fetches it\.$/,
    );
  });

  test("damaged, as JSON", async () => {
    const { env } = await emptyCache(damaged);
    const { code, stdout, stderr } = await unravel(["data", "verify", "--json"], { env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)[0].files.map(({ state }: { state: string }) => state)).toEqual([
      "missing",
      "damaged",
      "missing",
      "missing",
    ]);
    expect(stderr).toMatch(/^unravel: MNIST in .* is damaged; .*\.\n$/);
  });
});

describe("unravel data sheet", () => {
  test("a folder's images by class: the picture has the promised size and holds the images", async () => {
    const folder = await temporaryFolder();
    await writeShapes(folder);
    const out = join(folder, "sheet.png");
    const { stdout } = await succeed([
      "data",
      "sheet",
      folder,
      "--out",
      out,
      "--columns",
      "6",
      "--rows",
      "2",
    ]);
    const [width, height] = [24 + 6 * 26 - 2, 24 + 10 * (2 * 26 - 2 + 8) - 8];
    expect(stdout).toMatch(
      new RegExp(`^Wrote .*sheet.png: 120 training images of .*; ${width}x${height} pixels$`, "m"),
    );
    const picture = decode(await readFile(out));
    expect(picture).toMatchObject({ width, height, channels: 1, depth: 8 });
    // The first class has its bright square at the upper left: ink, so black; below it there is noise.
    const at = (y: number, x: number) => picture.data[y * width + x];
    expect(at(12 + 3, 12 + 3)).toBeLessThan(80);
    expect(at(12 + 15, 12 + 15)).toBeGreaterThan(180);
  });

  test("digits that the program draws, mixed, white on black, as JSON", async () => {
    const out = join(await temporaryFolder(), "sheet.png");
    const args = ["--random", "--ink", "white", "--scale", "1", "--rows", "3", "--set", "test", "--json"];
    const { stdout } = await succeed(["data", "sheet", "digits", "--out", out, ...args]);
    const [width, height] = [24 + 20 * 30 - 2, 24 + 3 * 30 - 2];
    expect(JSON.parse(stdout)).toEqual({ out, data: "digits", set: "test", images: 60, width, height });
    const { data } = decode(await readFile(out));
    expect(data[12 * width + 12]).toBe(0);
    expect(Math.max(...data)).toBe(255);
  });

  test("what training makes of images: a row for each change, the first and the last with none and all", async () => {
    const folder = await temporaryFolder();
    await writeShapes(folder);
    const out = join(folder, "changed.png");
    const args = ["--augment", "shift=3,flip,contrast=0.5", "--columns", "4"];
    const { stdout } = await succeed(["data", "sheet", folder, "--out", out, ...args]);
    const [width, height] = [24 + 4 * 26 - 2, 24 + 5 * (24 + 8) - 8];
    expect(stdout).toContain(
      `4 training images of ${basename(folder)}, from top to bottom: as they are; shift 3; flip; contrast 0.5; all together; ${width}x${height} pixels`,
    );
    const picture = decode(await readFile(out));
    expect(picture).toMatchObject({ width, height, channels: 1 });
    const band = (k: number) => picture.data.slice((12 + k * 32) * width, (12 + k * 32 + 24) * width);
    for (const k of [1, 2, 3, 4]) expect(band(k), `${k}`).not.toEqual(band(0));
  });

  test.each<readonly [string, readonly string[], RegExp]>([
    [
      "more than its images bear",
      ["digits", "--out", "s.png", "--augment", "crop=99"],
      /^--augment: augment.crop must be below 28, the images' smaller side, not 99\.$/,
    ],
    [
      "not a PNG",
      ["--out", "sheet.jpg"],
      /^--out must be a file name that ends in \.png, not "sheet\.jpg"\.$/,
    ],
    [
      "no such folder to write to",
      ["--out", "no/such/sheet.png"],
      /cannot be written: no\/such: there is no such/,
    ],
    [
      "no columns",
      ["--out", "sheet.png", "--columns", "0"],
      /--columns must be a whole number from 1 to 1000/,
    ],
    [
      "no such data",
      ["no-such-folder", "--out", "sheet.png"],
      /no-such-folder: there is no such file or folder/,
    ],
    [
      "too large",
      ["digits", "--out", "s.png", "--scale", "100", "--columns", "9"],
      /1?[0-9]+x[0-9]+ pixels; take fewer/,
    ],
  ])("%s", async (_, args, message) => {
    const cwd = await temporaryFolder();
    expectRefusal(await unravel(["data", "sheet", ...args], { cwd }), 2, message);
    expect(await namesIn(cwd)).toEqual([]);
  });
});

describe("drawn digits stand in for MNIST", () => {
  /** As small as a network can be: the question is what is said, not how well it learns. */
  const model = JSON.stringify({
    input: [1, 28, 28],
    layers: [{ type: "flatten" }, { type: "dense", units: 10 }],
  });

  test("train says so first and last; --offline asks no server", async () => {
    const server = await webServer((_, response) => response.end());
    const { env } = await emptyCache();
    const cwd = await temporaryFolder({ "small.json": model });
    const { stdout, stderr } = await succeed(
      ["train", "--model", "small.json", "--limit", "200", "--offline"],
      { cwd, env: { ...env, UNRAVEL_MIRROR: server.url } },
    );
    expect(stderr).toMatch(
      /^MNIST can't be had \(it is not here, and offline nothing is downloaded\): training on digits that the program draws; /,
    );
    expect(stderr).toMatch(/^Data +drawn digits: 200 training and 10,000 test images, 1x28x28$/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^Test accuracy \d+\.\d\d% on drawn digits: [\d,]+ of 10,000 images right/,
    );
    expect(server.requests).toHaveLength(0);
  });

  if (LONG)
    test("a download that fails: evaluate says why, and the JSON says digits", async () => {
      const { env } = await emptyCache();
      const cwd = await temporaryFolder({ "small.json": model });
      const { stdout, stderr } = await succeed(["evaluate", "small.json", "--json"], {
        cwd,
        env: { ...env, UNRAVEL_MIRROR: await closedServer() },
      });
      expect(stderr).toMatch(
        /^MNIST can't be had \(the connection was refused\): testing on digits that the program draws; /,
      );
      expect(JSON.parse(stdout)).toMatchObject({ data: "digits", images: 10_000 });
    });

  test("--data mnist is never drawn", async () => {
    const { env } = await emptyCache();
    expectRefusal(
      await unravel(["evaluate", "one-conv", "--data", "mnist", "--offline"], { env }),
      2,
      /^MNIST was not found in .*, and offline nothing is downloaded; put its four files there\.$/,
    );
    expectRefusal(
      await unravel(["evaluate", "one-conv", "--data", "mnist"], {
        env: { ...env, UNRAVEL_MIRROR: await closedServer() },
      }),
      1,
      /could not be downloaded from 127\.0\.0\.1:\d+: the connection was refused\.$/,
    );
  });
});
