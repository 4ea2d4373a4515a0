import { known } from "../known.js";
/*
 * A tar archive as a stream: for each member a header of 512 bytes, then its contents, filled up to a multiple of 512. Long names
 * stand in members of their own before it, as GNU's tar or POSIX's pax write them. (POSIX.1-2017, pax)
 */

/** What is wrong with an archive: a clause. */
export class TarError extends Error {
  /** Whether there is only too much of it. */
  readonly tooMuch: boolean;

  constructor(message: string, tooMuch = false) {
    super(message);
    this.tooMuch = tooMuch;
  }
}

export interface TarMember {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
  readonly size: number;
  /** Of a file that is kept. */
  readonly bytes: Uint8Array | undefined;
}

export interface TarOptions {
  /** Whether a file's contents are wanted. */
  readonly keeps: (name: string, size: number) => boolean;
  /** The most bytes that are read. */
  readonly most: number;
  /** Whether the empty blocks may be missing that say where it ends: gzip tells by itself whether something is missing. */
  readonly mayLackEnd: boolean;
}

const BLOCK = 512;
/** Long names and the like are no longer. */
const LONGEST_EXTRA = 2 ** 20;

/** @throws TarError if it is damaged, or has more than `options.most` bytes */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  { keeps, most, mayLackEnd }: TarOptions,
): AsyncGenerator<TarMember> {
  const input = new Input(stream, most);
  let extra: Extra = {};
  for (;;) {
    const header = await input.take(BLOCK, mayLackEnd);
    // two empty blocks end it; many programs read on after one, and some write none
    if (header === undefined || isEmpty(header)) break;
    const { name, size: ownSize, type } = readHeader(header);
    const size = extra.size ?? ownSize;
    const read = type === "L" || type === "x" ? READERS[type] : undefined;
    if (read) {
      if (size > LONGEST_EXTRA) throw new TarError("a name in it is longer than any name");
      extra = { ...extra, ...read(await input.content(size)) };
      continue;
    }
    if (PASSED_OVER.includes(type)) {
      await input.skip(size);
      continue;
    }
    const path = extra.path ?? name;
    extra = {};
    const kind =
      type === "5" || (isFile(type) && path.endsWith("/")) ? "folder" : isFile(type) ? "file" : "other";
    const kept = kind === "file" && keeps(path, size);
    const bytes = kept ? await input.content(size) : undefined;
    // links have a size in some archives, but no contents
    if (!kept && (kind === "file" || type === "S")) await input.skip(size);
    yield { name: path, kind, size, bytes };
  }
}

const isFile = (type: string) => type === "0" || type === "\0" || type === "7";

/** Names of links, and what holds for all members. */
const PASSED_OVER = ["K", "g"];

/** What stands before a member's header. */
interface Extra {
  readonly path?: string;
  readonly size?: number;
}

const READERS: Readonly<Record<string, (bytes: Uint8Array) => Extra>> = {
  L: (bytes) => ({ path: textUpToZero(bytes) }),
  x: (bytes) => {
    const extra: { path?: string; size?: number } = {};
    for (let at = 0; at < bytes.length; ) {
      const space = bytes.indexOf(0x20, at);
      const length = space < 0 ? Number.NaN : Number(decode(bytes.subarray(at, space)));
      if (!Number.isInteger(length) || length < 4 || at + length > bytes.length) break;
      const [key, ...value] = decode(bytes.subarray(space + 1, at + length - 1)).split("=");
      if (key === "path") extra.path = value.join("=");
      if (key === "size" && /^\d{1,15}$/.test(value[0])) extra.size = Number(value[0]);
      at += length;
    }
    return extra;
  },
};

function readHeader(header: Uint8Array): { name: string; size: number; type: string } {
  let sum = 0;
  for (let k = 0; k < BLOCK; k++) sum += k >= 148 && k < 156 ? 0x20 : header[k];
  if (octal(header.subarray(148, 156)) !== sum) throw new TarError("it is damaged or no tar archive");
  const name = textUpToZero(header.subarray(0, 100));
  const posix = decode(header.subarray(257, 262)) === "ustar" && header[263] !== 0x20;
  const prefix = posix ? textUpToZero(header.subarray(345, 500)) : "";
  const size = sizeIn(header.subarray(124, 136));
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type: String.fromCharCode(header[156]) };
}

/** Octal digits, or where the first bit is set a number of many bytes. */
function sizeIn(field: Uint8Array): number {
  if ((field[0] & 0x80) === 0) return octal(field);
  let size = field[0] & 0x7f;
  for (const byte of field.subarray(1)) size = size * 256 + byte;
  if (!Number.isSafeInteger(size)) throw new TarError("it is damaged: a file in it has an impossible size");
  return size;
}

function octal(field: Uint8Array): number {
  let value = 0;
  let begun = false;
  for (let k = 0; k < field.length; k++) {
    const digit = field[k] - 0x30;
    if (digit >= 0 && digit <= 7) {
      value = 8 * value + digit;
      begun = true;
    } else if (field[k] !== 0 && field[k] !== 0x20) {
      throw new TarError("it is damaged or no tar archive");
    } else if (begun) break;
  }
  return value;
}

function textUpToZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decode(end < 0 ? bytes : bytes.subarray(0, end));
}

const decoder = new TextDecoder();
const decode = (bytes: Uint8Array) => decoder.decode(bytes);

function isEmpty(header: Uint8Array): boolean {
  for (let k = 0; k < BLOCK; k++) if (header[k] !== 0) return false;
  return true;
}

/** A stream, piece by piece. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #most: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #total = 0;

  constructor(stream: AsyncIterable<Uint8Array>, most: number) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#most = most;
  }

  /** So many bytes; undefined where the stream ends before the first, if it may. */
  async take(length: number, mayEnd = false): Promise<Uint8Array | undefined> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#chunk.length === 0 && !(await this.#next())) {
        if (mayEnd && filled === 0) return undefined;
        throw new TarError("it is cut short");
      }
      const part = this.#cut(Math.min(length - filled, this.#chunk.length));
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** A member's contents, and what fills them up. */
  async content(size: number): Promise<Uint8Array> {
    const bytes = known(await this.take(size));
    await this.#pad(size);
    return bytes;
  }

  async skip(size: number): Promise<void> {
    await this.#drop(size);
    await this.#pad(size);
  }

  /** The last member is often not filled up. */
  async #pad(size: number): Promise<void> {
    await this.#drop((BLOCK - (size % BLOCK)) % BLOCK, true);
  }

  async #drop(size: number, mayEnd = false): Promise<void> {
    let left = size;
    while (left > 0) {
      if (this.#chunk.length === 0 && !(await this.#next())) {
        if (mayEnd) return;
        throw new TarError("it is cut short");
      }
      left -= this.#cut(Math.min(left, this.#chunk.length)).length;
    }
  }

  #cut(length: number): Uint8Array {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#chunk = value;
    this.#total += value.length;
    if (this.#total > this.#most) throw new TarError("it is too large", true);
    return true;
  }
}
