import { constants, createReadStream, openSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { InputError } from "../errors.js";

/** The most bytes that a file may have to be read as a whole. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** What a pipe or a device gives is read up to this: it can go on for ever. */
const LARGEST_STREAM = 2 ** 28;

/**
 * The bytes of a file.
 * @throws InputError if the file can't be read, or has more than `most` bytes
 */
export async function readBytes(path: string, most = LARGEST_FILE): Promise<Uint8Array> {
  let limit = most;
  try {
    const found = await stat(path);
    if (found.isFile() || found.isDirectory()) {
      if (found.size <= limit) return await readFile(path);
    } else {
      limit = Math.min(most, LARGEST_STREAM);
      const bytes = await collect(await openToRead(path), limit);
      if (bytes) return bytes;
    }
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  }
  throw new InputError(`${path}: it has more than the ${limit} bytes that are read; give a smaller file.`);
}

/** All bytes of a stream; undefined if there are more than `most`. */
async function collect(stream: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > most) return undefined;
  }
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * A file as a stream. A pipe is opened so that waiting for its writer blocks nothing: the process can end meanwhile.
 * The stream ends with the system's error if it can't be read.
 */
export async function openToRead(path: string): Promise<Readable> {
  const present = await stat(path).catch(() => undefined); // if it isn't there, opening says so
  if (!present?.isFIFO()) return createReadStream(path);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** What a system error means, without its code and path. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EISDIR: "it is a folder, not a file",
    ENOTDIR: "a part of its path is a file, not a folder",
    ENOSPC: "no space is left on the disk",
    EROFS: "the disk is read-only",
    ENAMETOOLONG: "the name is too long",
    ELOOP: "its symbolic links go round in a circle",
    EFBIG: "the file is too large",
    ERR_FS_FILE_TOO_LARGE: "the file is too large",
    ERR_BUFFER_TOO_LARGE: "unpacked, it is too large",
  };
  return (code && known[code]) || message.replace(/^[A-Z]+: /, "").replace(/\.$/, "");
}
