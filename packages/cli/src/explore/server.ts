import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { Connections } from "./connections.js";
import { type Content, inMemory } from "./content.js";
import { headersFor } from "./headers.js";
import { send } from "./send.js";
import type { Site } from "./site.js";

const HOST = "127.0.0.1";

export interface RunningServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

/** What a client may use. Browsers stay far below: they open six connections, ask at once and read the answers. */
export interface Limits {
  /** At the same time. */
  readonly connections: number;
  /** Milliseconds for a request to come. */
  readonly request: number;
  /** Milliseconds in which nothing of an answer is taken. */
  readonly stall: number;
}

const usual: Limits = { connections: 128, request: 20_000, stall: 60_000 };

/**
 * Serves a site to this machine alone.
 * @param port 0: one that is free
 * @throws InputError if the port can't be had
 */
export async function serve(
  site: Site,
  port: number,
  { connections: most, request: requestTimeout, stall }: Limits = usual,
): Promise<RunningServer> {
  const server = createServer({
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: requestTimeout / 4,
  });
  server.timeout = stall;
  const connections = new Connections(most);
  /** Those on which an answer is under way. */
  const busy = new WeakSet<Socket>();
  server.on("connection", (socket) => connections.add(socket));
  server.on("request", (request, response) => {
    const { socket } = request;
    // A browser waits for an answer before it asks again on a connection. Who doesn't could have any number under way.
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    busy.add(socket);
    const done = () => busy.delete(socket);
    response.on("finish", done).on("close", done);
    connections.progress(socket);
    answer(site, request, response, () => connections.progress(socket)).catch(() => response.destroy());
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    refuseRequest(error, socket as Socket, busy.has(socket as Socket));
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

/** Refuses what is no valid request. Nothing is said within an answer, or if nothing came in time. */
function refuseRequest({ code }: NodeJS.ErrnoException, socket: Socket, isAnswering: boolean): void {
  if (!socket.writable || isAnswering || code === "ERR_HTTP_REQUEST_TIMEOUT") return void socket.destroy();
  const status = code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

async function answer(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
  onProgress: () => void,
): Promise<void> {
  const { status, content, path } = await found(site, request);
  try {
    response.writeHead(status, {
      ...headersFor(path),
      "content-length": content.length,
      ...(status === 405 && { allow: "GET, HEAD", connection: "close" }), // a body may follow that nobody reads
    });
    if (request.method !== "HEAD") await send(content, response, onProgress);
    response.end();
  } finally {
    await content.close();
  }
}

interface Found {
  readonly status: number;
  readonly content: Content;
  /** The file's; undefined where there is none. */
  readonly path?: string;
}

async function found(
  site: Site,
  { headers: { host = "" }, method = "", url = "" }: IncomingMessage,
): Promise<Found> {
  const refuse = (status: number): Found => ({
    status,
    content: inMemory(new TextEncoder().encode(`${status}\n`)),
  });
  // A page of another name that was made to point here (DNS rebinding) must not read what is served.
  if (![HOST, "localhost"].includes(host.toLowerCase().replace(/:\d+$/, ""))) return refuse(403);
  if (!["GET", "HEAD"].includes(method)) return refuse(405);
  const path = pathOf(url);
  if (path === undefined) return refuse(400);
  const entry = site.get(path);
  const content = typeof entry === "function" ? await entry() : entry && inMemory(entry);
  return content === undefined ? refuse(404) : { status: 200, content, path };
}

/** The path of an address, decoded once; undefined where it can't be. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0]);
  } catch {
    return undefined;
  }
}
