import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { namesIn, temporaryFolder } from "../../../../test/support/folder.js";
import { startProcess } from "../../../../test/support/processes.js";
import { expectFailure } from "../../../../test/support/sentence.js";
import {
  closedServer,
  sendAndCut,
  sendFile,
  type WebServer,
  webServer,
} from "../../../../test/support/webServer.js";
import { type DownloadOptions, download, type Wanted } from "../../src/node/download.js";
import { nameFor } from "../../src/node/leftovers.js";

/** Larger than what one chunk carries. */
const content = Uint8Array.from({ length: 300_000 }, (_, k) => (k * k + (k >> 8)) % 253);
const other = content.map((byte) => byte ^ 1);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** So short that a test is quick, so long that a busy machine is not taken for a dead server. */
const timing = { firstByte: 400, stall: 400, pauses: [10, 10, 10] };

/** Downloads the file from these servers into a new folder; says what is there afterwards. */
async function attempt(
  urls: readonly string[],
  options: DownloadOptions = {},
  changes: Partial<Wanted> = {},
) {
  const folder = join(await temporaryFolder(), "cache", "mnist");
  const path = join(folder, "file.gz");
  const checksum = { algorithm: "sha256", hex: sha256(content) } as const;
  const run = download(
    { title: "file.gz", urls, path, bytes: content.length, checksum, ...changes },
    { timing, ...options },
  );
  const url = await run.catch((error: unknown) => error);
  return {
    url,
    run: () => run,
    names: await namesIn(folder).catch(() => undefined),
    bytes: await readFile(path).catch(() => undefined),
  };
}

async function expectGood(result: Awaited<ReturnType<typeof attempt>>, url: string): Promise<void> {
  expect(result.url).toBe(url);
  expect(result.names).toEqual(["file.gz"]);
  expect(result.bytes?.equals(content)).toBe(true);
}

async function expectNothing(result: Awaited<ReturnType<typeof attempt>>, message: RegExp): Promise<void> {
  await expectFailure(result.run, message);
  expect(result.names).toEqual([]);
}

const good = (): Promise<WebServer> => webServer((request, response) => sendFile(request, response, content));

/** Answers the first request in one way and all further ones in another. */
function firstThen(first: RequestListener, then: RequestListener): RequestListener {
  let count = 0;
  return (request, response) => (count++ === 0 ? first : then)(request, response);
}

describe("a good server", () => {
  test("the file is there, whole, and nothing else; progress goes up to its size", async () => {
    const server = await good();
    const progress: number[] = [];
    const result = await attempt([server.url], { onProgress: (bytes) => progress.push(bytes) });
    await expectGood(result, server.url);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test("no length is given", async () => {
    const server = await webServer((_, response) => {
      response.write(content.subarray(0, 1000));
      response.end(content.subarray(1000));
    });
    await expectGood(await attempt([server.url]), server.url);
    expect(server.requests).toHaveLength(1);
  });

  test("what is marked as packed for the way is kept as it is", async () => {
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": content.length }).end(content);
    });
    await expectGood(await attempt([server.url]), server.url);
  });

  test("redirects are followed, relative and absolute", async () => {
    const target = await good();
    const hops: Record<string, string> = { "/a": "b", "/b": "/c", "/c": `${target.url}/there` };
    const server = await webServer(({ url }, response) => {
      response.writeHead(302, { location: hops[url ?? ""] }).end();
    });
    await expectGood(await attempt([`${server.url}/a`]), `${server.url}/a`);
    expect(target.requests[0].url).toBe("/there");
  });

  test("an older file in the place is replaced", async () => {
    const server = await good();
    const folder = await temporaryFolder({ "file.gz": "old" });
    const path = join(folder, "file.gz");
    await download({
      title: "file.gz",
      urls: [server.url],
      path,
      bytes: content.length,
      checksum: { algorithm: "sha256", hex: sha256(content) },
    });
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  test("MD5 where that is what is known", async () => {
    const server = await good();
    const hex = createHash("md5").update(content).digest("hex");
    await expectGood(await attempt([server.url], {}, { checksum: { algorithm: "md5", hex } }), server.url);
  });
});

describe("a server that fails: the next one is asked", () => {
  const redirect = (location: string): RequestListener => {
    return (_, response) => response.writeHead(301, { location }).end();
  };
  const status = (code: number): RequestListener => {
    return (_, response) => response.writeHead(code).end("<html>sorry</html>");
  };
  const slow: RequestListener = () => {};
  const headOnly: RequestListener = (_, response) => {
    response.writeHead(200, { "content-length": content.length }).flushHeaders();
  };
  const wrong: RequestListener = (request, response) => sendFile(request, response, other);
  const offered: RequestListener = (request, response) => sendFile(request, response, content.subarray(1));
  const page: RequestListener = (_, response) => {
    response.write("<html>Please log in");
    response.end("</html>");
  };
  const endless: RequestListener = (_, response) => {
    const more = () => !response.destroyed && response.write(content, more);
    more();
  };

  test.each<readonly [string, RequestListener, RegExp]>([
    ["404", status(404), /it answers 404 Not Found/],
    ["500", status(500), /it answers 500 Internal Server Error/],
    ["a part that nobody asked for", status(206), /it answers 206 Partial Content/],
    ["no answer", slow, /no answer within 0.4 seconds/],
    ["no first byte behind the head", headOnly, /no answer within 0.4 seconds/],
    ["wrong bytes", wrong, /what it sends has the wrong checksum/],
    ["another length", offered, /it offers 299999 bytes instead of 300000/],
    ["a page instead, of no given length", page, /only 26 bytes of 300000 came/],
    ["more than promised, without end", endless, /it sends more than the 300000 bytes that it should/],
    ["redirected in a circle", redirect("/again"), /it redirects more than 5 times/],
    ["redirected to a file", redirect("file:///etc/hostname"), /it redirects to "file:\/\/\/etc\/hostname"/],
    ["cut before the first byte", (_, response) => response.destroy(), /the connection was cut/],
  ])("%s", async (_, answer, message) => {
    const bad = await webServer(answer);
    const next = await good();
    await expectGood(await attempt([bad.url, next.url]), next.url);
    expect(next.requests).toHaveLength(1);
    await expectNothing(await attempt([bad.url]), message);
  });

  test("refused, and an address that is none: each is named with its reason", async () => {
    const gone = await closedServer();
    const result = await attempt([gone, "gopher://old.example/", "nothing"]);
    await expectNothing(
      result,
      /^file\.gz could not be downloaded \(127\.0\.0\.1:\d+: the connection was refused; old\.example: that is no web address; nothing: that is no web address\)\.$/,
    );
  });

  test("one that sends nothing is asked once only, and for no longer than the time-out", async () => {
    const silent = await webServer(slow);
    await expectNothing(await attempt([silent.url]), /no answer within 0\.4 seconds/);
    expect(silent.requests).toHaveLength(1);
  });

  test("the first that has it is enough", async () => {
    const [first, second] = [await good(), await good()];
    await expectGood(await attempt([first.url, second.url]), first.url);
    expect(second.requests).toHaveLength(0);
  });
});

describe("a connection that is cut behind the first byte", () => {
  test("the rest is asked for, of the same version", async () => {
    const server = await webServer(
      firstThen(
        (request, response) => sendAndCut(request, response, content, 100_000),
        (request, response) => sendFile(request, response, content),
      ),
    );
    await expectGood(await attempt([server.url]), server.url);
    const [, second] = server.requests;
    expect(server.requests).toHaveLength(2);
    expect(Number(/^bytes=(\d+)-$/.exec(second.headers.range ?? "")?.[1])).toBeGreaterThan(0);
    expect(second.headers["if-range"]).toBe('"1"');
  });

  test("cut again and again, it comes piece by piece", async () => {
    const server = await webServer((request, response) => sendAndCut(request, response, content, 90_000));
    await expectGood(await attempt([server.url]), server.url);
    expect(server.requests).toHaveLength(4);
  });

  test("stalled, it is asked for the rest", async () => {
    const server = await webServer(
      firstThen(
        (_, response) => {
          response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 5000));
        },
        (request, response) => sendFile(request, response, content),
      ),
    );
    await expectGood(await attempt([server.url]), server.url);
    expect(server.requests[1].headers.range).toBe("bytes=5000-");
    expect(server.requests[1].headers["if-range"]).toBeUndefined();
  });

  const cut: RequestListener = (request, response) => sendAndCut(request, response, content, 100_000);
  const ranged = (range: string | undefined, part: Uint8Array): RequestListener => {
    return (request, response) => {
      if (request.headers.range === undefined) return sendFile(request, response, content);
      response.writeHead(206, range === undefined ? {} : { "content-range": range }).end(part);
    };
  };
  test.each<readonly [string, RequestListener, number]>([
    ["knows no parts", (_, response) => response.end(content), 2],
    ["has a new version by now", (request, response) => sendFile(request, response, content, '"2"'), 2],
    ["sends another part", ranged("bytes 7-299999/300000", content.subarray(7)), 3],
    ["doesn't say which part", ranged(undefined, content.subarray(100_000)), 3],
    [
      "doesn't have the rest",
      (request, response) =>
        request.headers.range === undefined
          ? sendFile(request, response, content)
          : response.writeHead(416).end(),
      3,
    ],
    [
      "is busy for a while",
      firstThen(
        (_, response) => response.writeHead(503).end(),
        (request, response) => sendFile(request, response, content),
      ),
      3,
    ],
  ])("and the server %s: it begins again, or waits", async (_, then, requests) => {
    const server = await webServer(firstThen(cut, then));
    await expectGood(await attempt([server.url]), server.url);
    expect(server.requests).toHaveLength(requests);
  });

  test("for good: the next server is asked, from the beginning", async () => {
    const server = await webServer(firstThen(cut, (_, response) => response.destroy()));
    const next = await good();
    await expectGood(await attempt([server.url, next.url]), next.url);
    expect(server.requests).toHaveLength(4);
    expect(next.requests[0].headers.range).toBeUndefined();
    await expectNothing(await attempt([server.url]), /the connection was cut/);
  });

  test("two versions in one: the checksum finds out", async () => {
    const server = await webServer(firstThen(cut, (request, response) => sendFile(request, response, other)));
    await expectNothing(await attempt([server.url]), /the wrong checksum/);
  });
});

describe("aborted", () => {
  test.each<readonly [string, RequestListener]>([
    ["before an answer", () => {}],
    ["in the middle", (_, response) => response.write(content.subarray(0, 5000))],
    ["while it waits to ask again", (request, response) => sendAndCut(request, response, content, 5000)],
  ])("%s: the reason is thrown, nothing is left", async (_, answer) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const server = await webServer((request, response) => {
      answer(request, response);
      setTimeout(() => controller.abort(reason), 150);
    });
    const result = await attempt([server.url, server.url], {
      signal: controller.signal,
      timing: { firstByte: 5000, stall: 5000, pauses: [5000] },
    });
    expect(result.url).toBe(reason);
    expect(result.names).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test("beforehand: nothing is asked, nothing is made", async () => {
    const server = await good();
    const result = await attempt([server.url], { signal: AbortSignal.abort("no") });
    expect(result).toMatchObject({ url: "no", names: undefined });
    expect(server.requests).toHaveLength(0);
  });
});

describe("the folder", () => {
  test("can't be made: one sentence, and no server is asked", async () => {
    const server = await good();
    const folder = await temporaryFolder({ file: "x" });
    const path = join(folder, "file", "mnist", "file.gz");
    await expectFailure(
      () =>
        download({
          title: "file.gz",
          urls: [server.url],
          path,
          bytes: 1,
          checksum: { algorithm: "md5", hex: "" },
        }),
      /^Nothing can be written to .*mnist: a part of its path is a file, not a folder\.$/,
    );
    expect(server.requests).toHaveLength(0);
  });

  test("what an ended process has left is removed, what a running one writes is not", async () => {
    const server = await good();
    const [gone, running] = [nameFor(spawnSync(process.execPath, ["--version"]).pid), nameFor(process.ppid)];
    const folder = await temporaryFolder({ [gone]: "old", [running]: "new", x: "" });
    const checksum = { algorithm: "sha256", hex: sha256(content) } as const;
    await download({
      title: "file.gz",
      urls: [server.url],
      path: join(folder, "file.gz"),
      bytes: content.length,
      checksum,
    });
    expect(await namesIn(folder)).toEqual([running, "file.gz", "x"]);
  });
});

describe("two at once", () => {
  /** Sends slowly enough that all are under way together. */
  const slowly: RequestListener = (_, response) => {
    response.writeHead(200, { "content-length": content.length });
    for (let i = 0; i < 6; i++) {
      setTimeout(() => response.write(content.subarray(i * 50_000, (i + 1) * 50_000)), 30 * i);
    }
    setTimeout(() => response.end(), 200);
  };
  const checksum = { algorithm: "sha256", hex: sha256(content) } as const;

  test("in one process: both end well, with one whole file", async () => {
    const server = await webServer(slowly);
    const folder = await temporaryFolder();
    const wanted = {
      title: "file.gz",
      urls: [server.url],
      path: join(folder, "file.gz"),
      bytes: content.length,
      checksum,
    };
    await Promise.all([download(wanted), download(wanted), download(wanted)]);
    expect(await namesIn(folder)).toEqual(["file.gz"]);
    expect((await readFile(wanted.path)).equals(content)).toBe(true);
    expect(server.requests).toHaveLength(3);
  });

  test("in two processes, of which one is killed: the other ends well", async () => {
    const halfway: ServerResponse[] = [];
    const server = await webServer((_, response) => {
      response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 150_000));
      halfway.push(response);
    });
    const folder = await temporaryFolder();
    const path = join(folder, "file.gz");
    const wanted = { title: "file.gz", urls: [server.url], path, bytes: content.length, checksum };
    const module = new URL("../../dist/node/download.js", import.meta.url).href;
    const script = `import { download } from ${JSON.stringify(module)}; await download(${JSON.stringify(wanted)});`;
    const start = () => {
      const args = ["--input-type=module", "-e", script];
      const child = startProcess(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
      return { child, end: new Promise((resolve) => child.on("exit", resolve)) };
    };
    const [killed, spared] = [start(), start()];
    await vi.waitUntil(() => halfway.length === 2, { timeout: 60_000 });
    killed.child.kill("SIGKILL");
    expect(await killed.end).toBe(null);
    for (const response of halfway) response.end(content.subarray(150_000));
    expect(await spared.end).toBe(0);
    expect((await readFile(path)).equals(content)).toBe(true);
    const left = (await namesIn(folder)).filter((name) => name !== "file.gz");
    for (const name of left) expect(name).toMatch(/^\.unravel-[0-9a-f-]+\.tmp$/);
  });
});
