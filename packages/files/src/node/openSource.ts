import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { LARGEST_PICTURE } from "../archives/largest.js";
import { isTable } from "../layout/names.js";
import { kindOf } from "../pictures/kind.js";
import { folderSource } from "./folderSource.js";
import type { FileSource } from "./source.js";
import { tarSource } from "./tarSource.js";
import { zipSource } from "./zipSource.js";

/** What was given: files, or a table. */
export type Opened =
  | {
      readonly kind: "files";
      /** Lists them. */
      readonly list: () => FileSource | Promise<FileSource>;
      /** Changes with what is in it. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: "table";
      readonly bytes: Uint8Array;
    };

/** Archives that can't be read, by their first bytes. */
const OTHER_ARCHIVES: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a 7z archive", [0x37, 0x7a, 0xbc, 0xaf]],
  ["a RAR archive", [0x52, 0x61, 0x72, 0x21]],
  ["packed with bzip2", [0x42, 0x5a, 0x68]],
  ["packed with xz", [0xfd, 0x37, 0x7a, 0x58]],
  ["packed with zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/**
 * Opens a folder, an archive or a table. Which of them it is, its first bytes say, not its name.
 * @throws InputError if it can't be read, or is something else
 */
export async function openSource(path: string): Promise<Opened> {
  const found = await stat(path).catch((error: unknown) => {
    throw new InputError(`${path}: ${reason(error)}; give a folder, an archive or a CSV file of pictures.`);
  });
  if (found.isDirectory()) {
    const { source, fingerprint } = folderSource(path);
    return { kind: "files", list: () => source, fingerprint };
  }
  if (!found.isFile()) throw new InputError(`${path}: it is neither a folder nor a file.`);
  if (found.size === 0) throw new InputError(`${path}: it is empty; get it again.`);
  if (/(^|[-.])idx[1-4]-/i.test(path)) {
    throw new InputError(`${path}: it is one of four IDX files; give the folder that holds them.`);
  }
  const head = await headOf(path);
  if (isTable(path)) {
    if (found.size > LARGEST_PICTURE) {
      throw new InputError(
        `${path}: it is larger than the ${LARGEST_PICTURE / 1024 ** 2} MiB that a table may have.`,
      );
    }
    return { kind: "table", bytes: await readFile(path) };
  }
  const begins = (bytes: readonly number[]) => bytes.every((byte, k) => head[k] === byte);
  if (begins([0x50, 0x4b, 3, 4]) || begins([0x50, 0x4b, 5, 6])) return archive(path, () => zipSource(path));
  if (begins([0x1f, 0x8b])) return archive(path, () => tarSource(path, true));
  if (/\.tar$/i.test(path) || new TextDecoder().decode(head.subarray(257, 262)) === "ustar") {
    return archive(path, () => tarSource(path, false));
  }
  const other = OTHER_ARCHIVES.find(([, bytes]) => begins(bytes));
  if (other) {
    throw new InputError(`${path}: it is ${other[0]}, which can't be read; unpack it and give the folder.`);
  }
  const kind = kindOf(head);
  const what = typeof kind === "string" ? `a single ${kind.toUpperCase()} picture` : kind.other;
  throw new InputError(`${path}: it is ${what}, not a folder, .zip, .tar.gz or .csv of pictures.`);
}

async function archive(path: string, list: () => Promise<FileSource>): Promise<Opened> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  }
  let listed: Promise<FileSource> | undefined;
  return {
    kind: "files",
    list: () => {
      listed ??= list();
      return listed;
    },
    fingerprint: hash.digest("hex"),
  };
}

async function headOf(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const head = new Uint8Array(512);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  } finally {
    await file?.close();
  }
}
