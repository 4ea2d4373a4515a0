import type { Stats } from "node:fs";
import { access, constants, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FailureError, InputError } from "../errors.js";
import { reason } from "./files.js";
import { removeLeftovers, temporaryName } from "./leftovers.js";

/**
 * Writes a file as a whole or not at all: beside its place first, then renamed into it. A symbolic link stays one.
 * @param bytes all of it, or its pieces in order
 * @throws FailureError if that fails, or something else than a file is there; nothing is left behind
 */
export async function writeWhole(path: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
  const cannot = (why: string) => new FailureError(`${path} could not be written: ${why}.`);
  try {
    const target = await linkTarget(path);
    const present = await stat(target).catch(() => undefined);
    if (present && !present.isFile()) throw cannot(`it is ${kindOf(present)}, not a file`);
    await removeLeftovers(dirname(target));
    await writeBeside(target, bytes, present?.mode, (place) => rename(place, target));
  } catch (error) {
    throw error instanceof FailureError ? error : cannot(reason(error));
  }
}

/**
 * Looks whether a file of so many bytes could be written there, before the work whose result it is to hold: by writing as
 * many beside it. What is there stays as it is.
 * @throws InputError if the path can't be a file's; FailureError if the disk takes nothing more
 */
export async function checkWritable(path: string, bytes = 4096): Promise<void> {
  if (path === "") throw new InputError("The name of the file to write is empty; give one.");
  const cannot = (why: string) => new InputError(`${path} cannot be written: ${why}.`);
  const target = await linkTarget(path).catch((error: unknown) => {
    throw cannot(reason(error));
  });
  const present = await stat(target).catch(() => undefined);
  if (present?.isDirectory() || /[/\\]$/.test(path)) {
    throw new InputError(`${path} is a folder; give the name of a file.`);
  }
  if (present && !present.isFile()) {
    throw new InputError(`${path} is ${kindOf(present)}, not a file; give the name of a file.`);
  }
  const parent = dirname(target);
  const folder = await stat(parent).catch((error: unknown) => {
    throw cannot(`${parent}: ${reason(error)}`);
  });
  if (!folder.isDirectory()) throw cannot(`${parent} is not a folder`);
  for (const place of present ? [parent, target] : [parent]) {
    await access(place, constants.W_OK).catch((error: unknown) => {
      throw cannot(`${place}: ${reason(error)}`);
    });
  }
  await removeLeftovers(parent);
  await writeBeside(target, new Uint8Array(bytes), undefined, async (place) => rm(place)).catch((error) => {
    throw new FailureError(`${path} cannot be written: ${reason(error)}.`);
  });
}

/** Writes a file of its own into the folder of `target` and hands it to `finish`; if anything fails, it is removed. */
async function writeBeside(
  target: string,
  bytes: Uint8Array | readonly Uint8Array[],
  mode: number | undefined,
  finish: (place: string) => Promise<void>,
): Promise<void> {
  const place = join(dirname(target), temporaryName());
  const file = await open(place, "wx");
  try {
    try {
      for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) await file.writeFile(piece);
      if (mode !== undefined) await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await finish(place);
  } catch (error) {
    await rm(place, { force: true });
    throw error;
  }
}

/** What to call something that isn't a regular file. */
function kindOf(present: Stats): string {
  if (present.isDirectory()) return "a folder";
  if (present.isFIFO()) return "a pipe";
  return present.isSocket() ? "a socket" : "a device";
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
