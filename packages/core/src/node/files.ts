import { constants, createReadStream, openSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { InputError } from "../errors.js";

/** @throws InputError if the file can't be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const present = await stat(path);
    return present.isFIFO() ? await buffer(await openToRead(path)) : await readFile(path);
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  }
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
