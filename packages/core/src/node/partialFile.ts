import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checksum } from "../data/sources.js";
import { FailureError } from "../errors.js";
import { reason } from "./files.js";
import { removeLeftovers, temporaryName } from "./leftovers.js";

/**
 * A file that is being received. It lies beside its place under a name of its own, so that any number of processes can
 * receive the same file at once, and comes into its place as a whole or not at all.
 */
export class PartialFile {
  readonly #path: string;
  readonly #place: string;
  readonly #file: FileHandle;
  readonly #algorithm: Checksum["algorithm"];
  #hash: Hash;
  #length = 0;
  #open = true;

  private constructor(path: string, place: string, file: FileHandle, algorithm: Checksum["algorithm"]) {
    this.#path = path;
    this.#place = place;
    this.#file = file;
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /**
   * Begins a file that is to come to `path`, whose folder is made where it is missing. What processes that were ended
   * left there is removed.
   * @throws FailureError if nothing can be written there
   */
  static async create(path: string, algorithm: Checksum["algorithm"]): Promise<PartialFile> {
    const folder = dirname(path);
    try {
      await mkdir(folder, { recursive: true });
      await removeLeftovers(folder);
      const place = join(folder, temporaryName());
      return new PartialFile(path, place, await open(place, "wx"), algorithm);
    } catch (error) {
      throw new FailureError(`Nothing can be written to ${folder}: ${reason(error)}.`);
    }
  }

  /** How many bytes are in it. */
  get length(): number {
    return this.#length;
  }

  /** Of what is in it so far. */
  get checksum(): string {
    return this.#hash.copy().digest("hex");
  }

  /** @throws FailureError */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#working(async () => {
      for (let from = 0; from < bytes.length; ) {
        const length = bytes.length - from;
        from += (await this.#file.write(bytes, from, length, this.#length + from)).bytesWritten;
      }
    });
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  /** Throws away what is in it. @throws FailureError */
  async restart(): Promise<void> {
    await this.#working(() => this.#file.truncate(0));
    this.#hash = createHash(this.#algorithm);
    this.#length = 0;
  }

  /** Puts it into its place, instead of what was there. @throws FailureError */
  async finish(): Promise<void> {
    await this.#working(async () => {
      await this.#file.sync();
      await this.#close();
      await rename(this.#place, this.#path);
    });
  }

  /** Removes it, unless it is in its place. */
  async discard(): Promise<void> {
    await this.#close().catch(() => {});
    await rm(this.#place, { force: true }).catch(() => {});
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }

  async #working(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new FailureError(`${this.#path} could not be written: ${reason(error)}.`);
    }
  }
}
