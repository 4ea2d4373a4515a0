import {
  type ClientRequest,
  request as http,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as https } from "node:https";

/*
 * One request to a web server. Node's http rather than fetch, because fetch unpacks what a server marks as
 * "Content-Encoding: gzip" (some do so for every .gz file), and then neither size nor checksum fit.
 */

/** Why bytes did not come, as a clause without a full stop that goes behind the server's name. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  /** Whether asking the same server again may help, once it has shown that it works. */
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.passing = passing;
  }
}

/** Milliseconds. */
export interface Limits {
  /** From the question to the first byte of the file, redirects included. */
  readonly firstByte: number;
  /** Between two pieces of the file. */
  readonly stall: number;
}

export interface Reply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, as it comes. @throws TransferError, or the signal's reason */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const MOST_REDIRECTS = 5;

/**
 * Asks for `url`, follows redirects, and hands the reply to `use`. The connection is closed when that is done.
 * @throws TransferError if no reply comes; the signal's reason if it is aborted
 */
export async function receive<T>(
  url: string,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
  signal: AbortSignal | undefined,
  use: (reply: Reply) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let request: ClientRequest | undefined;
  let stopped: { readonly why: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stop = (why: unknown) => {
    stopped ??= { why };
    request?.destroy();
  };
  const arm = (milliseconds: number, what: string) => {
    clearTimeout(timer);
    const message = `${what} within ${seconds(milliseconds)}`;
    timer = setTimeout(() => stop(new TransferError(message, true)), milliseconds);
  };
  const failed = (error: unknown) => (stopped ? stopped.why : asTransferError(error));
  const abort = () => stop(signal?.reason);

  const ask = async (target: string): Promise<IncomingMessage> => {
    let next = webAddress(target);
    for (let redirects = 0; ; redirects++) {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        if (stopped) throw stopped.why; // between two redirects
        const open = next.protocol === "https:" ? https : http;
        // A new connection for each: one that was kept open could have been closed by the server just now.
        request = open(next, { headers: { connection: "close", ...headers } }, resolve);
        request.on("error", reject).end();
      });
      response.on("error", () => {}); // whoever reads it is told; where nobody does, nobody needs to know
      const { location } = response.headers;
      if (!isRedirect(response.statusCode) || location === undefined) return response;
      response.destroy();
      if (redirects === MOST_REDIRECTS) {
        throw new TransferError(`it redirects more than ${MOST_REDIRECTS} times`, false);
      }
      next = webAddress(location, next);
    }
  };

  async function* chunks(response: IncomingMessage): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) {
        clearTimeout(timer); // what is done with the chunk is not the server's time
        yield chunk;
        arm(limits.stall, "nothing more came");
      }
    } catch (error) {
      throw failed(error);
    }
    if (stopped) throw stopped.why;
  }

  signal?.addEventListener("abort", abort);
  arm(limits.firstByte, "no answer");
  try {
    const response = await ask(url).catch((error) => {
      throw failed(error);
    });
    return await use({
      status: response.statusCode ?? 0,
      statusText: response.statusMessage ?? "",
      headers: response.headers,
      chunks: chunks(response),
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    request?.destroy();
  }
}

function isRedirect(status: number | undefined): boolean {
  return status !== undefined && [301, 302, 303, 307, 308].includes(status);
}

function webAddress(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new TransferError(
    base ? `it redirects to ${JSON.stringify(text.slice(0, 80))}` : "that is no web address",
    false,
  );
}

function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return `${value} second${value === 1 ? "" : "s"}`;
}

/** What an error of Node's network code means. */
function asTransferError(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOTFOUND: "no network, or no such server",
    EAI_AGAIN: "no network, or no such server",
    ECONNREFUSED: "the connection was refused",
    ECONNRESET: "the connection was cut",
    EPIPE: "the connection was cut",
    ERR_STREAM_PREMATURE_CLOSE: "the connection was cut",
    ETIMEDOUT: "no answer",
    ENETUNREACH: "the network can't be reached",
    EHOSTUNREACH: "the server can't be reached",
  };
  return new TransferError(
    (code && known[code]) || message.replace(/[.\s]+$/, "").replaceAll("\n", " ") || String(code),
    true,
  );
}
