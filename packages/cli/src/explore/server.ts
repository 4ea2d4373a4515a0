import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import type { Site } from "./site.js";

const HOST = "127.0.0.1";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

/** On every answer. The first two isolate the page, so that it may share memory between threads. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

export interface RunningServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a site to this machine alone.
 * @param port 0: one that is free
 * @throws InputError if the port can't be had
 */
export async function serve(site: Site, port: number): Promise<RunningServer> {
  const server = createServer((request, response) => {
    answer(site, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(error, port)));
    server.listen(port, HOST, resolve);
  });
  return { url: `http://${HOST}:${portOf(server)}/`, close: () => close(server) };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections(); // a browser keeps them open
  });
}

function refusal(error: NodeJS.ErrnoException, port: number): InputError {
  const why = error.code === "EADDRINUSE" ? "it is in use" : reason(error);
  return new InputError(
    `Port ${port} can't be had: ${why}; give another --port, or none to take one that is free.`,
  );
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, bytes, type = "text/plain; charset=utf-8" } = await found(site, request);
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": bytes.length,
    ...(status === 405 && { allow: "GET, HEAD" }),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

interface Found {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly type?: string;
}

async function found(
  site: Site,
  { headers: { host = "" }, method = "", url = "" }: IncomingMessage,
): Promise<Found> {
  const refuse = (status: number): Found => ({ status, bytes: new TextEncoder().encode(`${status}\n`) });
  // A page of another name that was made to point here (DNS rebinding) must not read what is served.
  if (![HOST, "localhost"].includes(host.replace(/:\d+$/, ""))) return refuse(403);
  if (!["GET", "HEAD"].includes(method)) return refuse(405);
  const path = pathOf(url);
  if (path === undefined) return refuse(400);
  const entry = site.get(path);
  const bytes = typeof entry === "function" ? await entry() : entry;
  if (bytes === undefined) return refuse(404);
  return {
    status: 200,
    bytes,
    type: types[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream",
  };
}

/** The path of an address, decoded once; undefined where it can't be. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0]);
  } catch {
    return undefined;
  }
}
