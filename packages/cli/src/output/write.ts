import { open } from "node:fs/promises";
import { FailureError, InputError } from "unravel-cnn";
import { checkWritable, writeWhole } from "unravel-cnn/node";
import type { FileKind } from "./kinds.js";

/*
 * The one way in which commands write files: the name must end as the kind of file does, and a file that is there already
 * is replaced only if this program wrote it, as the same kind.
 */

/**
 * Looks whether the file can be written, before the work whose result it is to hold.
 * @param bytes how long it will be, as far as that is known
 * @throws InputError if it can't be there, or if a file of another kind is; FailureError if the disk is full
 */
export async function checkOutput(path: string, kind: FileKind, bytes?: number): Promise<void> {
  await checkWritable(path, bytes);
  const problem = await otherThan(path, kind);
  if (problem !== undefined) throw new InputError(problem);
}

/** Writes the file as a whole or not at all. @throws FailureError if that can't be done */
export async function writeOutput(path: string, kind: FileKind, content: Uint8Array): Promise<void> {
  const problem = await otherThan(path, kind);
  if (problem !== undefined) throw new FailureError(problem);
  await writeWhole(path, content);
}

const HEAD = 65_536;
const TAIL = 64;

/**
 * What speaks against replacing a file, as a sentence: that this program didn't write it, or that it is of another kind.
 * Empty files may be replaced.
 */
async function otherThan(path: string, kind: FileKind): Promise<string | undefined> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => error.code);
  if (file === "ENOENT") return undefined;
  if (typeof file !== "object") return `${path} is there already and can't be read, so it is not replaced.`;
  try {
    const { size } = await file.stat();
    const read = async (length: number, from: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return buffer.toString("latin1", 0, bytesRead);
    };
    const tail = await read(TAIL, Math.max(0, size - TAIL));
    if (size === 0 || kind.isOurs(await read(HEAD, 0), tail)) return undefined;
  } finally {
    await file.close();
  }
  return `${path} is there already and is not ${kind.what} that unravel wrote, so it is not replaced; give another name, or remove it first.`;
}
