import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { innerPath } from "../archives/innerPath.js";
import { readDirectory, readMember, type Unpacking, type ZipEntry, ZipError } from "../archives/zip.js";
import { isSystems, listed } from "../layout/names.js";
import { bomb, type FileSource, mostUnpacked } from "./source.js";
import { leftOut } from "./tarSource.js";

const unpack = promisify(inflateRaw);

/**
 * Lists a zip archive. Nothing is unpacked before it is asked for.
 * @throws InputError if it is damaged, encrypted, packed in an unusual way, or unpacks to far more than its own size
 */
export async function zipSource(name: string): Promise<FileSource> {
  const file = await open(name).catch((error: unknown) => {
    throw new InputError(`${name}: ${reason(error)}.`);
  });
  try {
    const { size } = await file.stat();
    const all = await readDirectory((at, length) => readAt(file, at, length), size).catch(
      (error: unknown) => {
        throw error instanceof ZipError ? new InputError(`${name}: ${error.message}.`) : error;
      },
    );
    const [links, leadOut, folders]: string[][] = [[], [], []];
    const entries = new Map<string, ZipEntry>();
    for (const entry of all) {
      const path = innerPath(entry.name);
      if (path === undefined) leadOut.push(entry.name);
      else if (path === "" || isSystems(path)) continue;
      else if (entry.isLink) links.push(path);
      else if (/[/\\]$/.test(entry.name)) folders.push(path);
      else if (entries.has(path))
        throw new InputError(`${name}: it holds the file ${path} twice; pack it anew.`);
      else entries.set(path, entry);
    }
    checkEntries(name, size, entries);
    return {
      name,
      files: Array.from(entries, ([path, entry]) => ({ path, size: entry.size })),
      folders,
      remarks: leftOut(links, leadOut),
      pathOf: undefined,
      read: (wanted) => contents(name, entries, wanted),
    };
  } finally {
    await file.close();
  }
}

function checkEntries(name: string, bytes: number, entries: ReadonlyMap<string, ZipEntry>): void {
  const encrypted = [...entries].filter(([, entry]) => entry.isEncrypted).map(([path]) => path);
  if (encrypted.length > 0) {
    throw new InputError(
      `${name}: it is encrypted (${listed(encrypted, 2)}); unpack it with its password, and give the folder.`,
    );
  }
  const total = [...entries.values()].reduce((sum, { size }) => sum + size, 0);
  const limit = mostUnpacked(bytes);
  if (total > limit) throw bomb(name, limit);
}

async function* contents(name: string, entries: ReadonlyMap<string, ZipEntry>, wanted: ReadonlySet<string>) {
  const file = await open(name);
  try {
    for (const [path, entry] of entries) {
      if (!wanted.has(path)) continue;
      try {
        yield { path, bytes: await readMember((at, length) => readAt(file, at, length), entry, unpacking) };
      } catch (error) {
        if (!(error instanceof ZipError)) throw error;
        yield { path, problem: error.message };
      }
    }
  } finally {
    await file.close();
  }
}

/** Node's own, which are faster than those that run everywhere. */
const unpacking: Unpacking = {
  inflate: (packed, size) => unpack(packed, { maxOutputLength: Math.max(1, size) }),
  crc32,
};

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}
