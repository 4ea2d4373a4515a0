import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface WebServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** The requests so far, first one first. */
  readonly requests: readonly IncomingMessage[];
}

/**
 * A web server on this machine for one test; it is closed, with its connections, when the test is over.
 * @param whenDone takes what closes it, where it is to live longer
 */
export async function webServer(
  answer: RequestListener,
  whenDone: (close: () => void) => void = onTestFinished,
): Promise<WebServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** The address of a server that is not there. */
export async function closedServer(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  return url;
}

/** Answers with a file as a good server does: with its length and ETag, and with the part that was asked for. */
export function sendFile(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  etag = '"1"',
): void {
  response.end(head(headers, response, bytes, etag));
}

/** As sendFile, but the connection is cut after `count` bytes of the answer. */
export function sendAndCut(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  count: number,
  etag = '"1"',
): void {
  const rest = head(headers, response, bytes, etag);
  response.write(rest.subarray(0, count), () => setTimeout(() => response.destroy(), 20));
}

function head(
  headers: IncomingMessage["headers"],
  response: ServerResponse,
  bytes: Uint8Array,
  etag: string,
): Uint8Array {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const same = headers["if-range"] === undefined || headers["if-range"] === etag;
  const rest = from > 0 && same ? bytes.subarray(from) : bytes;
  response.writeHead(rest === bytes ? 200 : 206, {
    etag,
    "content-length": rest.length,
    ...(rest !== bytes && { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  return rest;
}
