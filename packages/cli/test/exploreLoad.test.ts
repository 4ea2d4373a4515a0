import { channel } from "node:diagnostics_channel";
import { open, truncate } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { type Content, inMemory, openInside, PIECE } from "../src/explore/content.js";
import { send } from "../src/explore/send.js";
import { serve } from "../src/explore/server.js";
import type { Site } from "../src/explore/site.js";

/*
 * What clients can cost the server of the page that ask for much, read slowly, break off, or do nothing at all; and that
 * a browser gets its answers all the while.
 */

/** More than the system itself keeps for a connection. */
const LARGE = 2 ** 26 + 1;

interface Traffic {
  /** How many bodies have been opened and not closed. */
  open: number;
  /** How many bytes of them have been read from the disk. */
  read: number;
}

/** A site with a short page and a large body, as of a file. */
function siteWith(traffic: Traffic): Site {
  return new Map<string, Uint8Array | (() => Promise<Content>)>([
    ["/", new TextEncoder().encode("the page")],
    [
      "/large",
      async () => {
        traffic.open++;
        return {
          length: LARGE,
          *pieces() {
            const buffer = new Uint8Array(PIECE);
            for (let left = LARGE; left > 0; left -= PIECE) {
              const piece = buffer.subarray(0, Math.min(PIECE, left));
              traffic.read += piece.length;
              yield piece;
            }
          },
          close: async () => {
            traffic.open--;
          },
        };
      },
    ],
  ]);
}

async function served(limits?: Partial<{ connections: number; request: number; stall: number }>) {
  const traffic: Traffic = { open: 0, read: 0 };
  const server = await serve(siteWith(traffic), 0, {
    connections: 1000,
    request: 60_000,
    stall: 60_000,
    ...limits,
  });
  onTestFinished(() => server.close());
  const port = Number(new URL(server.url).port);
  return { traffic, server, port, page: () => fetch(server.url).then((answer) => answer.text()) };
}

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

/** A client that sends this and then does what the caller makes it do: it doesn't even read. */
async function client(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").pause();
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {}); // the server may close it
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  return socket;
}

/** Until the first bytes have come, which stay unread. */
const begun = (socket: Socket) => new Promise<void>((resolve) => socket.once("readable", resolve));

/** Takes so many bytes at least, and then no more. */
function readOn(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let taken = 0;
    const take = (chunk: Uint8Array) => {
      taken += chunk.length;
      if (taken < bytes) return;
      socket.off("data", take).pause();
      resolve();
    };
    socket.on("data", take).resume();
  });
}

/** All that comes until the server closes the connection. */
async function rest(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.resume();
  await new Promise<void>((resolve) => socket.once("close", resolve));
  return text;
}

describe("a slow reader", () => {
  test("no piece is read before the one in front of it is gone", async () => {
    const traffic: Traffic = { open: 0, read: 0 };
    const site = siteWith(traffic).get("/large") as () => Promise<Content>;
    let gone = 0;
    let most = 0;
    const slow = new Writable({
      write(chunk: Uint8Array, _encoding, callback) {
        most = Math.max(most, traffic.read - gone);
        setImmediate(() => {
          most = Math.max(most, traffic.read - gone);
          gone += chunk.length;
          callback();
        });
      },
    });
    await send(await site(), slow, () => {});
    expect(gone).toBe(LARGE);
    expect(most).toBe(PIECE);
  });

  test("those that don't read their file hold a piece each, and the page is still there", async () => {
    const sockets: Socket[] = [];
    const onRequest = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
    channel("http.server.request.start").subscribe(onRequest);
    onTestFinished(() => void channel("http.server.request.start").unsubscribe(onRequest));

    const { port, page } = await served();
    const clients = await Promise.all(Array.from({ length: 15 }, () => client(port, request("/large"))));
    await Promise.all(clients.map(begun));
    expect(await page()).toBe("the page");

    expect(sockets).toHaveLength(16);
    const held = sockets.map(({ writableLength }) => writableLength);
    expect(Math.max(...held)).toBeLessThanOrEqual(PIECE);
  });

  test("a body in memory isn't copied, whoever reads it", async () => {
    const bytes = new Uint8Array(3 * PIECE + 5);
    const pieces = [...(inMemory(bytes).pieces() as Iterable<Uint8Array>)];
    expect(pieces.map(({ length }) => length)).toEqual([PIECE, PIECE, PIECE, 5]);
    for (const piece of pieces) expect(piece.buffer).toBe(bytes.buffer);
  });

  test("one that takes nothing for too long is closed, and its file with it", async () => {
    const { port, traffic, page } = await served({ stall: 50 });
    const socket = await client(port, request("/large"));
    await begun(socket);
    while (traffic.open > 0) await page();
    expect((await rest(socket)).length).toBeLessThan(LARGE); // what the system still has, and then the end
  });
});

describe("too many connections", () => {
  test("the one on which nothing has come for longest makes room, not the one that comes or is answered", async () => {
    const { port, page } = await served({ connections: 3 });
    const asking = await client(port, request("/large"));
    await begun(asking);
    const half = await client(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    const idle = await client(port, "");
    await readOn(asking, LARGE / 2); // it came first, but has just taken something
    const closed = [half, idle].map((socket) => rest(socket));

    expect(await page()).toBe("the page");
    expect(await closed[0]).toBe("");
    await client(port, "");
    expect(await closed[1]).toBe("");
    expect(asking.destroyed).toBe(false);
  });

  test("half a request, and none at all, are given up", async () => {
    const { port } = await served({ request: 40 });
    for (const text of ["", "G", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "]) {
      expect(await rest(await client(port, text))).toBe("");
    }
  });

  test("many requests at once on one connection open one file", async () => {
    const { port, traffic, page } = await served();
    const socket = await client(port, request("/large").repeat(1000));
    await rest(socket);
    expect(await page()).toBe("the page");
    expect(traffic).toEqual({ open: 0, read: expect.any(Number) });
    expect(traffic.read).toBeLessThanOrEqual(PIECE);
  });
});

describe("an answer that breaks off", () => {
  test("nonsense behind its request ends it, and isn't answered in its midst", async () => {
    const { port } = await served();
    const text = await rest(await client(port, `${request("/large")}nonsense\r\n\r\n`));
    expect(text).not.toContain("400 Bad Request");
  });

  test("a client that goes away leaves no file open", async () => {
    const { port, traffic, page } = await served();
    const sockets = await Promise.all(Array.from({ length: 20 }, () => client(port, request("/large"))));
    await Promise.all(sockets.map(begun));
    expect(traffic.open).toBe(20);
    for (const socket of sockets) socket.resetAndDestroy();
    while (traffic.open > 0) await page();
  });

  test("the server is closed: it doesn't wait for who doesn't read", async () => {
    const { server, port, traffic } = await served();
    const socket = await client(port, request("/large"));
    await begun(socket);
    await server.close();
    expect((await rest(socket)).length).toBeLessThan(LARGE);
    await vi.waitUntil(() => traffic.open === 0);
  });

  test("a file that someone cuts short: the connection is closed, not the answer ended", async () => {
    const folder = await temporaryFolder({ "data/file": "" });
    const path = join(folder, "data/file");
    await truncate(path, LARGE);
    const site: Site = new Map([["/file", () => openInside(join(folder, "data"), path)]]);
    const server = await serve(site, 0);
    onTestFinished(() => server.close());
    const answer = await fetch(`${server.url}file`);
    expect(answer.headers.get("content-length")).toBe(String(LARGE));
    await truncate(path, 0);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  test("a body that ends before its end is no whole answer", async () => {
    const short: Content = { length: 5, pieces: () => [Uint8Array.of(1, 2, 3)], close: async () => {} };
    const taken = new Writable({ write: (_chunk, _encoding, callback) => callback() });
    await expect(send(short, taken, () => {})).rejects.toThrow("the body has 3 bytes, not 5");
  });

  test("a file that grows is sent as long as it was", async () => {
    const folder = await temporaryFolder({ "data/file": "0123456789" });
    const path = join(folder, "data/file");
    const content = await openInside(join(folder, "data"), path);
    const file = await open(path, "a");
    await file.write("more");
    await file.close();
    const pieces: string[] = [];
    for await (const piece of content?.pieces() ?? []) pieces.push(new TextDecoder().decode(piece));
    await content?.close();
    expect(pieces).toEqual(["0123456789"]);
  });
});

test("HEAD reads nothing of a file", async () => {
  const { server, traffic, page } = await served();
  const answer = await fetch(`${server.url}large`, { method: "HEAD" });
  expect(answer.headers.get("content-length")).toBe(String(LARGE));
  expect(await page()).toBe("the page");
  expect(traffic).toEqual({ open: 0, read: 0 });
});

test("a request with a body is refused, and the rest of it not waited for", async () => {
  const { port, traffic } = await served();
  const socket = await client(
    port,
    "POST /large HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n\r\nabc",
  );
  const answer = await rest(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 405 /);
  expect(answer).toMatch(/^connection: close\r$/m);
  expect(traffic.read).toBe(0);
});

test.each([
  ["no request at all", "\0\x01\x02 nonsense\r\n\r\n", "400"],
  ["no host", "GET / HTTP/1.1\r\n\r\n", "400"],
  ["a header without end", `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"a".repeat(40_000)}`, "431"],
  ["two lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"],
])("%s: refused, and closed", async (_what, text, status) => {
  const { port, page } = await served();
  expect(await rest(await client(port, text))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(await page()).toBe("the page");
});
