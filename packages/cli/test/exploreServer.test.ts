import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { serve } from "../src/explore/server.js";
import { siteIn } from "../src/explore/site.js";

/*
 * The server of the page gives out its own files and nothing else.
 */

async function served() {
  const folder = await temporaryFolder({
    "secret.txt": "secret",
    "site/index.html": "<p>the page</p>",
    "site/assets/a b.js": "let a;",
    "site/network.safetensors": Uint8Array.of(1, 2, 3),
    "site/empty": null,
  });
  const server = await serve(await siteIn(join(folder, "site")), 0);
  onTestFinished(() => server.close());
  return { folder, server, port: Number(new URL(server.url).port) };
}

/** Asks for a path as it stands, which `fetch` would tidy up first. Returns the whole answer. */
function ask(
  port: number,
  path: string,
  { method = "GET", host = `127.0.0.1:${port}` } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () =>
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    );
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(text));
  });
}

const statusOf = (answer: string) => Number(answer.split(" ")[1]);

test("its files, each with its type, isolated from other pages", async () => {
  const { server } = await served();

  for (const [path, type, text] of [
    ["", "text/html; charset=utf-8", "<p>the page</p>"],
    ["index.html", "text/html; charset=utf-8", "<p>the page</p>"],
    ["?digit=3", "text/html; charset=utf-8", "<p>the page</p>"],
    ["assets/a%20b.js", "text/javascript; charset=utf-8", "let a;"],
    ["network.safetensors", "application/octet-stream", "\u0001\u0002\u0003"],
  ]) {
    const answer = await fetch(server.url + path);
    expect([answer.status, answer.headers.get("content-type")], path).toEqual([200, type]);
    expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(answer.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    expect(await answer.text()).toBe(text);
  }
});

describe("nothing else", () => {
  const paths = [
    "/secret.txt",
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/index.html%00.js",
    "//etc/passwd",
    "/etc/passwd",
    "/%2fetc/passwd",
    "/file:///etc/passwd",
    "/assets",
    "/assets/",
    "/empty",
    "/INDEX.HTML/",
    "/%",
    "/%zz",
    "http://127.0.0.1/secret.txt",
    "*",
    "/__proto__",
    "/constructor",
    `/${"a".repeat(20_000)}`,
    `/${"../".repeat(3000)}etc/passwd`,
  ];

  test.each(paths.map((path) => [path.slice(0, 40), path]))("not %s", async (_, path) => {
    const { port } = await served();
    const answer = await ask(port, path);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(statusOf(answer)).toBeLessThan(500);
    expect(answer).not.toMatch(/secret$|root:|<p>/);
  });

  const testWithLinks = testIfPresent(
    process.platform !== "win32",
    "Windows lets only some make symbolic links",
  );

  testWithLinks("not where symbolic links lead", async () => {
    const folder = await temporaryFolder({ "secret.txt": "secret", "site/index.html": "page" });
    await mkdir(join(folder, "outside"));
    await writeFile(join(folder, "outside", "b.txt"), "secret");
    await symlink(join(folder, "secret.txt"), join(folder, "site", "a.txt"));
    await symlink(join(folder, "outside"), join(folder, "site", "folder"));
    const site = await siteIn(join(folder, "site"));
    expect([...site.keys()].sort()).toEqual(["/", "/index.html"]);
  });

  test("not to a page that calls this machine by another name", async () => {
    const { port } = await served();
    expect(statusOf(await ask(port, "/", { host: "evil.example" }))).toBe(403);
    expect(statusOf(await ask(port, "/", { host: `127.0.0.1.evil.example:${port}` }))).toBe(403);
    expect(statusOf(await ask(port, "/", { host: `localhost:${port}` }))).toBe(200);
    expect(statusOf(await ask(port, "/", { host: `LocalHost:${port}` }))).toBe(200);
    expect(statusOf(await ask(port, "/", { host: `[::1]:${port}` }))).toBe(403);
    expect(statusOf(await ask(port, "/", { host: `evil.example@127.0.0.1:${port}` }))).toBe(403);
    expect(statusOf(await ask(port, `http://127.0.0.1:${port}/`, { host: "evil.example" }))).toBe(403);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("no %s", async (method) => {
    const { port } = await served();
    const answer = await ask(port, "/", { method });
    expect(statusOf(answer)).toBe(405);
    expect(answer).toMatch(/^allow: GET, HEAD\r$/m);
  });

  test("HEAD gives the head alone", async () => {
    const { port } = await served();
    const answer = await ask(port, "/", { method: "HEAD" });
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/content-length: 15\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
  });
});

/** `name value; name value` as an object. */
const directives = (policy: string) =>
  Object.fromEntries(policy.split("; ").map((one) => /^(\S+) (.*)$/.exec(one)?.slice(1) as [string, string]));

describe("what a browser may do with an answer", () => {
  test("the page: what its own <meta> says, and no other page may frame it", async () => {
    const { server } = await served();
    const policy = (await fetch(server.url)).headers.get("content-security-policy") ?? "";
    const html = await readFile(new URL("../../explorer/index.html", import.meta.url), "utf8");
    const [, meta = ""] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(html) ?? [];
    expect(directives(policy)).toEqual({ ...directives(meta), "frame-ancestors": "'none'" });
  });

  test.each([
    [
      "assets/a%20b.js",
      {
        "script-src": "'self' 'wasm-unsafe-eval'",
        "worker-src": "'self' blob:",
        "connect-src": "'self' https://cdn.jsdelivr.net/gh/fgnt/mnist/",
      },
    ],
    ["network.safetensors", {}],
    ["nothing", {}],
  ])("%s: no frames, forms or plugins, scripts of the site alone", async (path, allowed) => {
    const { server } = await served();
    const { headers } = await fetch(server.url + path);
    expect(directives(headers.get("content-security-policy") ?? "")).toEqual({
      "default-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      ...allowed,
    });
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-cache"); // a page that was built anew is seen at once
  });
});

test("it listens on this machine's own address alone", async () => {
  const { server } = await served();
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const others = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = ["127.0.0.2", "::1", ...others.map(({ address }) => address)];
  for (const address of addresses.filter((one) => one !== "127.0.0.1")) {
    expect(await answers(address, Number(new URL(server.url).port)), address).toBe(false);
  }
});

/** Whether anything takes a connection to this address. */
function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => resolve(true)).on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
