import { setTimeout as pause } from "node:timers/promises";
import type { Checksum } from "../data/sources.js";
import { FailureError } from "../errors.js";
import { PartialFile } from "./partialFile.js";
import { type Limits, type Reply, receive, TransferError } from "./transfer.js";

/** A file that is to be had. */
export interface Wanted {
  /** What to call it in a message. */
  readonly title: string;
  /** Where it can be had, first choice first. */
  readonly urls: readonly string[];
  /** Where it is to lie. Its folder is made where it is missing. */
  readonly path: string;
  readonly bytes: number;
  readonly checksum: Checksum;
}

export interface DownloadOptions {
  /** Told how many bytes have come. Less than before, where a server has to begin again. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; for tests. */
  readonly timing?: Partial<Timing>;
}

export interface Timing extends Limits {
  /** Before each further attempt at a server that has sent something and then failed; so many attempts are made. */
  readonly pauses: readonly number[];
}

const usual: Timing = { firstByte: 5000, stall: 20_000, pauses: [500, 1000, 2000, 4000, 8000] };

/** No server has a file, or sends it. */
export class DownloadError extends FailureError {
  override readonly name = "DownloadError";
  /** Why: a clause without a full stop. */
  readonly reason: string;

  /** @param failures why each server failed, by its name */
  constructor(title: string, failures: readonly (readonly [server: string, why: string])[]) {
    const whys = new Set(failures.map(([, why]) => why));
    const servers = failures.map(([server]) => server).join(" or ");
    const each = failures.map(([server, why]) => `${server}: ${why}`).join("; ");
    super(
      whys.size === 1
        ? `${title} could not be downloaded from ${servers}: ${[...whys][0]}.`
        : `${title} could not be downloaded (${each}).`,
    );
    this.reason = whys.size === 1 ? [...whys][0] : each;
  }
}

/**
 * Downloads a file, whole and with the right checksum, or leaves nothing. A server that sends no byte within 5 seconds, or
 * the wrong bytes, is given up for the next one; one whose connection is cut is asked for the rest.
 * @returns the address that it came from
 * @throws DownloadError if no server has it; FailureError if it can't be written; the signal's reason if it is aborted
 */
export async function download(wanted: Wanted, options: DownloadOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const partial = await PartialFile.create(wanted.path, wanted.checksum.algorithm);
  try {
    const failures: [string, string][] = [];
    for (const url of wanted.urls) {
      try {
        await fromServer(url, wanted, partial, options);
        await partial.finish();
        return url;
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        failures.push([hostOf(url), error.message]);
        await partial.restart();
      }
    }
    throw new DownloadError(wanted.title, failures);
  } finally {
    await partial.discard();
  }
}

/** @throws TransferError if the next server should be asked */
async function fromServer(
  url: string,
  wanted: Wanted,
  partial: PartialFile,
  { onProgress, signal, timing }: DownloadOptions,
): Promise<void> {
  const { pauses, ...limits } = { ...usual, ...timing };
  const attempt = new Attempt(wanted, partial, onProgress);
  for (let failed = 0; ; failed++) {
    try {
      await receive(url, attempt.headers(), limits, signal, (reply) => attempt.take(reply));
      break;
    } catch (error) {
      signal?.throwIfAborted();
      const again = error instanceof TransferError && error.passing && attempt.answered;
      if (!again || failed >= pauses.length) throw error;
      await pause(pauses[failed], undefined, { ...(signal && { signal }) }).catch(() => {});
      signal?.throwIfAborted();
    }
  }
  if (partial.checksum !== wanted.checksum.hex) {
    throw new TransferError("what it sends has the wrong checksum", false);
  }
}

/** What is had from one server so far, and how to ask it for the rest. */
class Attempt {
  readonly #wanted: Wanted;
  readonly #partial: PartialFile;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  /** Names the version of the file that the server sent, so that the rest comes from the same one. */
  #version: string | undefined;
  /** Whether any byte of the file has come. */
  answered = false;

  constructor(wanted: Wanted, partial: PartialFile, onProgress: ((bytes: number) => void) | undefined) {
    this.#wanted = wanted;
    this.#partial = partial;
    this.#onProgress = onProgress;
  }

  headers(): Record<string, string> {
    const from = this.#partial.length;
    return {
      "user-agent": "unravel",
      "accept-encoding": "identity",
      ...(from > 0 && { range: `bytes=${from}-` }),
      ...(from > 0 && this.#version && { "if-range": this.#version }),
    };
  }

  async take(reply: Reply): Promise<void> {
    await this.#begin(reply);
    for await (const chunk of reply.chunks) {
      this.answered = true;
      if (this.#partial.length + chunk.length > this.#wanted.bytes) {
        throw new TransferError(`it sends more than the ${count(this.#wanted.bytes)} that it should`, false);
      }
      await this.#partial.append(chunk);
      this.#onProgress?.(this.#partial.length);
      if (this.#partial.length === this.#wanted.bytes) return;
    }
    // No length was given and the end came in order, so asking again would bring the same: a log-in page, perhaps.
    throw new TransferError(`only ${count(this.#partial.length)} of ${this.#wanted.bytes} came`, false);
  }

  /** Looks at what comes before the bytes: whether they are the right ones, and from where on. */
  async #begin({ status, statusText, headers }: Reply): Promise<void> {
    const from = this.#partial.length;
    if (status === 206 && from > 0) {
      // If the rest begins elsewhere, or the answer doesn't say where, it is asked for from the beginning.
      const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(headers["content-range"] ?? "");
      if (range === null || Number(range[1]) !== from)
        return this.#again("it sends another part than asked for");
    } else if (status === 416 && from > 0) {
      return this.#again("it doesn't send the rest of the file");
    } else if (status !== 200) {
      throw new TransferError(`it answers ${status} ${statusText}`.trimEnd(), status >= 500);
    } else {
      if (from > 0) await this.#partial.restart();
      const { etag, "last-modified": modified } = headers;
      this.#version = etag?.startsWith('"') ? etag : modified; // a weak one (W/"...") doesn't stand for bytes
    }
    const length = headers["content-length"];
    if (length === undefined || this.#partial.length + Number(length) === this.#wanted.bytes) return;
    throw new TransferError(
      `it offers ${count(this.#partial.length + Number(length))} instead of ${this.#wanted.bytes}`,
      false,
    );
  }

  async #again(why: string): Promise<never> {
    await this.#partial.restart();
    throw new TransferError(why, true);
  }
}

function count(bytes: number): string {
  return `${bytes} byte${bytes === 1 ? "" : "s"}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
