import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { FailureError, InputError } from "../errors.js";
import type { Checkpoint } from "../training/checkpoint.js";
import { formatCheckpoint, parseCheckpoint } from "../training/checkpointFile.js";
import { readBytes, reason } from "./files.js";
import { checkWritable, writeWhole } from "./writeWhole.js";

/** The checkpoint in its folder. */
const FILE = "checkpoint.safetensors";

/** A folder that holds the last checkpoint of a training. */
export interface CheckpointFolder {
  /** Of the file in it. */
  readonly path: string;
  /**
   * Writes a checkpoint beside the one before, which it replaces only when all of it is on the disk. For `fit`'s
   * `checkpoint.save`.
   * @throws FailureError if it can't be written; the one before stays
   */
  save(checkpoint: Checkpoint): Promise<void>;
  /** @throws InputError if there is none, or it is damaged */
  load(): Promise<Checkpoint>;
  /** Whether there is one, sound or not. */
  holds(): Promise<boolean>;
  /** Makes the folder where it is missing. @throws InputError, FailureError if no checkpoint can be written there */
  prepare(): Promise<void>;
}

/** The folder `path` for checkpoints; nothing is looked at or made yet. */
export function checkpointFolder(path: string): CheckpointFolder {
  const file = join(path, FILE);
  return {
    path: file,
    save: async (checkpoint) => {
      await writeWhole(file, formatCheckpoint(checkpoint));
      await syncFolder(path);
    },
    load: async () => {
      if (!(await isThere(path)))
        throw new InputError(`${path}: there is no such folder, and so no checkpoint to go on from.`);
      if (!(await isThere(file))) {
        throw new InputError(
          `${path}: there is no checkpoint in it to go on from; begin with --checkpoint ${path}.`,
        );
      }
      return parseCheckpoint(await readBytes(file), file);
    },
    holds: () => isThere(file),
    prepare: async () => {
      await mkdir(path, { recursive: true }).catch((error: unknown) => {
        throw new InputError(`The folder ${path} for checkpoints can't be made: ${reason(error)}.`);
      });
      await checkWritable(file);
    },
  };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** So that a new name in a folder outlasts a power cut, too. Not every system can; the file itself is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  try {
    await folder?.sync();
  } catch (error) {
    if (!["EINVAL", "EPERM", "EISDIR", "EBADF"].includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw new FailureError(`${path} could not be written: ${reason(error)}.`);
    }
  } finally {
    await folder?.close();
  }
}
