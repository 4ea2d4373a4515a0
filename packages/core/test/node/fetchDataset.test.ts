import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Files, namesIn, temporaryFolder } from "../../../../test/support/folder.js";
import { expectFailure, expectInputError } from "../../../../test/support/sentence.js";
import { closedServer, sendFile, webServer } from "../../../../test/support/webServer.js";
import type { DatasetName, FetchProgress, LoadEvent } from "../../src/node/index.js";
import { fetchDataset, loadData, verifyDataset } from "../../src/node/index.js";
import { fourFiles } from "../support/idxFiles.js";

/*
 * The real data sets can't be downloaded in a test, so two small ones stand in their place: MNIST with checksums of what
 * is packed and unpacked, Fashion-MNIST only of what is packed.
 */
const small = vi.hoisted(() => ({ sources: {} as Record<string, unknown> }));
vi.mock("../../src/data/sources.js", () => ({
  sources: small.sources,
  datasetNames: ["mnist", "fashion-mnist"],
}));

const files = fourFiles() as Record<string, Uint8Array>;
const names = Object.keys(files);
const digest = (algorithm: "sha256" | "md5", bytes: Uint8Array) => ({
  algorithm,
  hex: createHash(algorithm).update(bytes).digest("hex"),
});
const describeFiles = (algorithm: "sha256" | "md5", unpackedToo: boolean) =>
  names.map((name) => {
    const content = gunzipSync(files[name]);
    const checksum = unpackedToo && { checksum: digest(algorithm, content) };
    const unpacked = { bytes: content.length, ...checksum };
    return { name, bytes: files[name].length, checksum: digest(algorithm, files[name]), unpacked };
  });
const classes = Array.from({ length: 10 }, (_, k) => `class ${k}`);
Object.assign(small.sources, {
  mnist: { title: "MNIST", classes, mirrors: [], files: describeFiles("sha256", true) },
  "fashion-mnist": { title: "Fashion-MNIST", classes, mirrors: [], files: describeFiles("md5", false) },
});
const setMirrors = (name: DatasetName, mirrors: readonly string[]) => {
  (small.sources[name] as { mirrors: readonly string[] }).mirrors = mirrors;
};

/** Serves the four files, whatever the folder. */
const four: RequestListener = (request, response) => {
  const bytes = files[request.url?.split("/").at(-1) ?? ""];
  if (bytes) sendFile(request, response, bytes);
  else response.writeHead(404).end();
};
const timing = { firstByte: 300, stall: 300, pauses: [10] };

/** An environment with these files in `$UNRAVEL_DATA` and in the cache. */
async function environment(cache: Files = {}, data: Files = {}) {
  const home = await temporaryFolder(inFolder("unravel", cache));
  const env = { UNRAVEL_DATA: await temporaryFolder(data), XDG_CACHE_HOME: home };
  return { env, mnist: join(home, "unravel", "mnist") };
}
const inFolder = (folder: string, content: Files): Files =>
  Object.fromEntries(Object.entries(content).map(([name, bytes]) => [`${folder}/${name}`, bytes]));
const mnist = (changes: Files = {}) => {
  const all = Object.entries({ ...files, ...changes });
  return inFolder("mnist", Object.fromEntries(all.filter(([, bytes]) => bytes !== null)));
};

beforeEach(({ skip }) => {
  skip(process.platform !== "linux", "the place of the cache can be chosen on Linux only");
  setMirrors("mnist", []);
});

describe("who is told, and rejects, ends the work", () => {
  const onProgress = async () => {
    throw new Error("no room");
  };

  test("of fetching", async () => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/mnist/`]);
    const { env, mnist } = await environment();
    await expect(fetchDataset("mnist", { env, onProgress })).rejects.toThrow("no room");
    const left = await namesIn(mnist);
    expect(left.length).toBeLessThan(4);
    expect(left.filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("of loading, where digits stand in", async () => {
    const { env } = await environment();
    const options = { env, offline: true, drawCount: 1, onProgress };
    await expect(loadData("auto", options)).rejects.toThrow("no room");
  });
});

describe("fetchDataset", () => {
  test("fetches the four files into the cache; then there is nothing more to do", async () => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/mnist/`]);
    const { env, mnist } = await environment();
    const progress: FetchProgress[] = [];
    const fetched = await fetchDataset("mnist", { env, onProgress: (event) => progress.push(event) });
    expect(fetched).toEqual({
      name: "mnist",
      title: "MNIST",
      folder: mnist,
      downloaded: names,
      verified: true,
    });
    const total = names.reduce((sum, name) => sum + files[name].length, 0);
    expect(progress.at(-1)).toEqual({ file: names[3], bytes: total, total });
    expect(await namesIn(mnist)).toEqual([...names].sort());
    expect((await verifyDataset("mnist", env))?.state).toBe("good");

    expect((await fetchDataset("mnist", { env })).downloaded).toEqual([]);
    expect(server.requests.map(({ url }) => url)).toEqual(names.map((name) => `/mnist/${name}`));
  });

  test("a server that has failed comes last for the next files", async () => {
    const silent = await webServer(() => {});
    const server = await webServer(four);
    setMirrors("mnist", [`${silent.url}/`, `${server.url}/`]);
    const { env } = await environment();
    await fetchDataset("mnist", { env, timing });
    expect(silent.requests).toHaveLength(1);
    expect(server.requests).toHaveLength(4);
  });

  test("only what is missing or damaged, also where another variant of its name is the damaged one", async () => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/`]);
    const labels = names[1].replace(".gz", "");
    const { env, mnist: folder } = await environment(
      mnist({ [names[0]]: null, [labels]: "damaged", [names[3]]: "x" }),
    );
    const { downloaded } = await fetchDataset("mnist", { env });
    expect(downloaded).toEqual([names[0], names[1], names[3]]);
    expect(await namesIn(folder)).toEqual([...names].sort());
    expect([...(await loadData("mnist", { env })).train.labels]).toEqual([7, 0, 9]);
  });

  test("$UNRAVEL_DATA: used if whole, else an error: it isn't ours to mend", async () => {
    const whole = await environment({}, mnist());
    expect(await fetchDataset("mnist", { env: whole.env })).toMatchObject({
      folder: join(whole.env.UNRAVEL_DATA, "mnist"),
      downloaded: [],
    });
    const { env } = await environment({}, mnist({ [names[1]]: "x", [names[2]]: null }));
    await expectInputError(
      () => fetchDataset("mnist", { env }),
      /MNIST is not whole: train-labels-idx1-ubyte.gz is damaged, t10k-images-idx3-ubyte.gz is missing; put/,
    );
  });

  test("$UNRAVEL_MIRROR is asked instead of the public servers", async () => {
    const server = await webServer(four);
    const publicServer = await webServer(four);
    setMirrors("mnist", [`${publicServer.url}/`]);
    for (const slash of ["", "/"]) {
      const { env } = await environment();
      await fetchDataset("mnist", { env: { ...env, UNRAVEL_MIRROR: `${server.url}/data${slash}` } });
    }
    expect(server.requests.map(({ url }) => url)).toEqual(
      [...names, ...names].map((name) => `/data/mnist/${name}`),
    );
    expect(publicServer.requests).toHaveLength(0);
    const { env } = await environment();
    await expectInputError(
      () => fetchDataset("mnist", { env: { ...env, UNRAVEL_MIRROR: "/srv/data" } }),
      /^UNRAVEL_MIRROR must be an address that begins with http:\/\/ or https:\/\/, not "\/srv\/data"\.$/,
    );
  });

  test("there is no such data set", async () => {
    await expectInputError(() => fetchDataset("toString" as DatasetName), /There is no data set "toString"/);
  });
});

describe("verifyDataset", () => {
  const state = async (content: Files, name: DatasetName = "mnist") =>
    (await verifyDataset(name, (await environment(content)).env))?.files.map((file) => file.state);

  test("nowhere", async () => expect(await state({})).toBeUndefined());

  test("as published, unpacked, packed again, with a dot: good", async () => {
    const content = gunzipSync(files[names[0]]);
    const again = gzipSync(gunzipSync(files[names[2]]), { level: 1 });
    const changes = {
      [names[0]]: null,
      [names[0].replace("-idx", ".idx").replace(".gz", "")]: content,
      [names[2]]: Buffer.concat([again, gzipSync("")]),
    };
    expect(await state(mnist(changes))).toEqual(["good", "good", "good", "good"]);
  });

  test("cut, with one byte changed, missing", async () => {
    const content = gunzipSync(files[names[1]]);
    content[9] ^= 1;
    const changes = {
      [names[0]]: files[names[0]].subarray(0, 20),
      [names[1]]: gzipSync(content),
      [names[2]]: null,
    };
    expect(await state(mnist(changes))).toEqual(["damaged", "damaged", "missing", "good"]);
  });

  test("where no checksum of the unpacked files is known, their length is looked at", async () => {
    const unpacked = Object.fromEntries(
      names.map((name) => [name.replace(".gz", ""), gunzipSync(files[name]) as Uint8Array]),
    );
    unpacked[names[3].replace(".gz", "")] = Uint8Array.of(1);
    const changed = inFolder("fashion-mnist", { ...unpacked, [names[2].replace(".gz", "")]: null });
    delete (changed as Record<string, unknown>)[`fashion-mnist/${names[2].replace(".gz", "")}`];
    expect(
      await state({ ...changed, [`fashion-mnist/${names[2]}`]: files[names[2]] }, "fashion-mnist"),
    ).toEqual(["unchecked", "unchecked", "good", "damaged"]);
  });
});

describe("loadData", () => {
  const load = async (name: string, env: NodeJS.ProcessEnv, offline = false) => {
    const events: LoadEvent[] = [];
    const data = await loadData(name, {
      env,
      offline,
      drawCount: 30,
      timing,
      onProgress: (event) => events.push(event),
    });
    return { ...data, events };
  };
  const sameAsDrawn = { source: "digits", train: { name: "drawn digits" } };

  test.each(["mnist", "auto"])("%s: what is here is read, also offline", async (name) => {
    const { env } = await environment(mnist());
    for (const offline of [true, false]) {
      const data = await load(name, env, offline);
      expect(data).toMatchObject({ source: "mnist", standIn: null, train: { name: "MNIST" }, events: [] });
      expect([...data.test.labels]).toEqual([1, 2]);
    }
  });

  test.each(["mnist", "auto"])("%s: what is missing is downloaded", async (name) => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/`]);
    for (const cache of [{}, mnist({ [names[2]]: null })]) {
      const { env } = await environment(cache);
      const data = await load(name, env);
      expect(data).toMatchObject({ source: "mnist", standIn: null });
      expect(data.events.at(-1)).toMatchObject({ type: "download", title: "MNIST" });
    }
    expect(server.requests).toHaveLength(5);
  });

  test("a folder, cut to the first training images", async () => {
    const folder = await temporaryFolder(fourFiles());
    const { source, train, test } = await loadData(folder, { trainCount: 2 });
    expect([source, train.labels.length, train.images.length, test.labels.length]).toEqual([
      folder,
      2,
      16,
      2,
    ]);
  });

  test("no server: mnist is an error, auto draws, and says why", async () => {
    setMirrors("mnist", [`${await closedServer()}/`]);
    const { env } = await environment();
    await expectFailure(() => load("mnist", env), /train-images-idx3-ubyte.gz could not be downloaded/);
    const data = await load("auto", env);
    expect(data).toMatchObject(sameAsDrawn);
    expect(data.standIn).toBe("the connection was refused");
    expect(data.events[0]).toEqual({ type: "standIn", reason: data.standIn });
  });

  test("wrong bytes from all servers: auto draws too", async () => {
    const server = await webServer((request, response) =>
      sendFile(request, response, new Uint8Array(files[names[0]].length)),
    );
    setMirrors("mnist", [`${server.url}/`]);
    const { env, mnist } = await environment();
    expect((await load("auto", env)).standIn).toMatch(/wrong checksum/);
    expect(await namesIn(mnist)).toEqual([]);
  });

  test("offline: mnist is an error, auto draws; no server is asked", async () => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/`]);
    for (const cache of [{}, mnist({ [names[0]]: null })]) {
      const { env } = await environment(cache);
      await expectInputError(
        () => load("mnist", env, true),
        /^MNIST was not found in .*, and offline nothing/,
      );
      const data = await load("auto", env, true);
      expect(data).toMatchObject({
        ...sameAsDrawn,
        standIn: "it is not here, and offline nothing is downloaded",
      });
    }
    expect(server.requests).toHaveLength(0);
  });

  test.each<readonly [string, Files]>([
    ["damaged", mnist({ [names[0]]: "x" })],
    ["damaged and incomplete", mnist({ [names[0]]: "x", [names[1]]: null })],
  ])("%s: an error, never a download, never drawn", async (_, cache) => {
    const server = await webServer(four);
    setMirrors("mnist", [`${server.url}/`]);
    const { env } = await environment(cache);
    for (const offline of [true, false]) {
      await expectInputError(() => load("auto", env, offline), /train-images-idx3-ubyte.gz.* damaged/);
    }
    expect(server.requests).toHaveLength(0);
  });

  test("incomplete in $UNRAVEL_DATA: an error", async () => {
    const { env } = await environment({}, mnist({ [names[1]]: null }));
    await expectInputError(() => load("auto", env), /the file train-labels-idx1-ubyte.gz is missing/);
  });

  test("aborted while it downloads: the reason is thrown, nothing is drawn", async () => {
    const server = await webServer(() => {});
    setMirrors("mnist", [`${server.url}/`]);
    const { env } = await environment();
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await expect(loadData("auto", { env, signal: controller.signal })).rejects.toBe(reason);
  });

  test("an empty name", () => expectInputError(() => loadData(""), /The name of the data is empty/));
});
