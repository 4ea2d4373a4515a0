import { randomBytes } from "node:crypto";
import { access, constants, open, readFile, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FailureError, InputError } from "../errors.js";

/** @throws InputError if the file can't be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  }
}

/**
 * Writes a file as a whole or not at all: beside its place first, then renamed into it. What is no regular file (a pipe,
 * a device) is written to directly; a symbolic link stays one.
 * @throws FailureError if that fails; nothing is left behind
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const cannot = (error: unknown) => new FailureError(`${path} could not be written: ${reason(error)}.`);
  const target = await linkTarget(path).catch((error: unknown) => {
    throw cannot(error);
  });
  const present = await stat(target).catch(() => undefined);
  const direct = present !== undefined && !present.isFile() && !present.isDirectory();
  const place = direct ? target : join(dirname(target), `.unravel-${randomBytes(6).toString("hex")}.tmp`);
  let created = false;
  try {
    const file = await open(place, direct ? "w" : "wx");
    created = !direct;
    try {
      await file.writeFile(bytes);
      if (present?.isFile()) await file.chmod(present.mode & 0o7777);
      if (!direct) await file.sync();
    } finally {
      await file.close();
    }
    if (!direct) await rename(place, target);
  } catch (error) {
    if (created) await rm(place, { force: true });
    throw cannot(error);
  }
}

/**
 * Looks whether a file could be written there, before the work whose result it is to hold.
 * @throws InputError if not
 */
export async function checkWritable(path: string): Promise<void> {
  if (path === "") throw new InputError("The name of the file to write is empty; give one.");
  const cannot = (why: string) => new InputError(`${path} cannot be written: ${why}.`);
  const target = await linkTarget(path).catch((error: unknown) => {
    throw cannot(reason(error));
  });
  const present = await stat(target).catch(() => undefined);
  if (present?.isDirectory() || /[/\\]$/.test(path)) {
    throw new InputError(`${path} is a folder; give the name of a file.`);
  }
  const parent = dirname(target);
  const folder = await stat(parent).catch((error: unknown) => {
    throw cannot(`${parent}: ${reason(error)}`);
  });
  if (!folder.isDirectory()) throw cannot(`${parent} is not a folder`);
  // A file is replaced, so its folder must be writable; a device is written to itself.
  const written = present && !present.isFile() ? target : parent;
  await access(written, constants.W_OK).catch((error: unknown) => {
    throw cannot(`${written}: ${reason(error)}`);
  });
}

/** The file that a path means, through symbolic links, also where the last one points to nothing yet. */
async function linkTarget(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < 40; links++) {
    const real = await realpath(target).catch(() => undefined);
    if (real !== undefined) return real;
    const link = await readlink(target).catch(() => undefined);
    if (link === undefined) return target;
    target = resolve(dirname(target), link);
  }
  return realpath(path); // they go round in a circle: this says so
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
