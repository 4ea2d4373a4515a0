import { constants } from "node:fs";
import { type FileHandle, open, readFile, rm, truncate } from "node:fs/promises";
import { FailureError, InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { comparable, type TrialLine } from "./outcome.js";

/*
 * trials.ndjson: a line of JSON for each trial that has ended, in the order of their ends. A line that was being written when a
 * sweep was killed is taken away when it goes on.
 */

/** The lines of a file, which may not be there. A last line without its end doesn't count. */
export async function readTrials(path: string): Promise<{ lines: TrialLine[]; bytes: number }> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw new InputError(`${path} can't be read: ${reason(error)}.`);
  });
  const end = bytes.lastIndexOf("\n") + 1;
  const texts = bytes.toString("utf8", 0, end).split("\n").slice(0, -1);
  return { lines: texts.map((text, k) => parseLine(text, `${path}, line ${k + 1}`)), bytes: end };
}

function parseLine(text: string, place: string): TrialLine {
  let line: TrialLine | undefined;
  try {
    line = JSON.parse(text);
  } catch {
    line = undefined;
  }
  const isLine =
    typeof line === "object" &&
    line !== null &&
    typeof line.sweep === "string" &&
    typeof line.trial === "string" &&
    typeof line.status === "string" &&
    typeof line.configuration === "number" &&
    typeof line.rung === "number" &&
    typeof line.values === "object" &&
    line.values !== null;
  if (!isLine) throw new InputError(`${place}: this is no trial of a sweep.`);
  return line as TrialLine;
}

/** The file of a sweep that is under way. Nobody else writes to it meanwhile. */
export class TrialFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #lines: Map<string, TrialLine>;

  private constructor(path: string, file: FileHandle, lines: readonly TrialLine[]) {
    this.path = path;
    this.#file = file;
    this.#lines = new Map(lines.map((line) => [line.trial, line]));
  }

  /**
   * @param sweep its hash
   * @throws InputError if the file holds another sweep, or something else, or another process writes to it
   */
  static async open(path: string, sweep: string): Promise<TrialFile> {
    const { lines, bytes } = await readTrials(path);
    const other = lines.find((line) => line.sweep !== sweep);
    if (other) {
      throw new InputError(
        `${path} holds trials of another sweep (${other.sweep}; this one is ${sweep}): give another --out, or remove it.`,
      );
    }
    await lock(path);
    try {
      const file = await open(path, constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND);
      await truncate(path, bytes);
      return new TrialFile(path, file, lines);
    } catch (error) {
      await unlock(path);
      throw new InputError(`${path} can't be written: ${reason(error as NodeJS.ErrnoException)}.`);
    }
  }

  get(trial: string): TrialLine | undefined {
    return this.#lines.get(trial);
  }

  get lines(): readonly TrialLine[] {
    return [...this.#lines.values()];
  }

  /**
   * Adds a line; it is on the disk when this is over. A trial that is there already, because it was done twice, is not added.
   * @throws FailureError if it can't be written, or the trial came to something else the other time
   */
  async add(line: TrialLine): Promise<void> {
    const before = this.#lines.get(line.trial);
    if (before) {
      if (comparable(before) === comparable(line)) return;
      throw new FailureError(
        `Trial ${line.trial} was done twice and came to two results, which may not be; its first is in ${this.path}.`,
      );
    }
    this.#lines.set(line.trial, line);
    try {
      await this.#file.appendFile(`${JSON.stringify(line)}\n`);
      await this.#file.datasync();
    } catch (error) {
      throw new FailureError(`${this.path} can't be written: ${reason(error as NodeJS.ErrnoException)}.`);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
    await unlock(this.path);
  }
}

const lockOf = (path: string): string => `${path}.lock`;

/** Marks a file as written by this process. A mark of a process that is gone doesn't count. */
async function lock(path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(lockOf(path), "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new InputError(`${path} can't be written: ${reason(error as NodeJS.ErrnoException)}.`);
      }
      const owner = Number(await readFile(lockOf(path), "utf8").catch(() => ""));
      if (owner > 0 && owner !== process.pid && isAlive(owner)) {
        throw new InputError(
          `${path} is being written by another sweep (process ${owner}); wait, or give another --out.`,
        );
      }
      await rm(lockOf(path), { force: true });
    }
  }
}

async function unlock(path: string): Promise<void> {
  await rm(lockOf(path), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
