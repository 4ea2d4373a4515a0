import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { isSystems, listed } from "../layout/names.js";
import { bomb, type FileSource, innerPath, LARGEST_PICTURE, mostUnpacked, TOO_LARGE } from "./source.js";
import { leftOut } from "./tarSource.js";
import { readDirectory, type ZipEntry, ZipError } from "./zip.js";

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
        yield { path, bytes: await contentOf(file, entry) };
      } catch (error) {
        if (!(error instanceof ZipError)) throw error;
        yield { path, problem: error.message };
      }
    }
  } finally {
    await file.close();
  }
}

/** Local header before a member's contents: its length, without name and extra field. */
const LOCAL_BYTES = 30;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/** @throws ZipError with a sentence */
async function contentOf(file: FileHandle, entry: ZipEntry): Promise<Uint8Array> {
  if (Math.max(entry.size, entry.packedSize) > LARGEST_PICTURE) throw new ZipError(TOO_LARGE);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ZipError(
      `It is packed in a way that isn't read (method ${entry.method}); pack the zip anew, with deflate.`,
    );
  }
  const header = await readAt(file, entry.offset, LOCAL_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL) {
    throw new ZipError("The zip is damaged where it should begin.");
  }
  const start = entry.offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = await readAt(file, start, entry.packedSize);
  if (packed.length < entry.packedSize) throw new ZipError("The zip is cut short in it.");
  let bytes: Uint8Array = packed;
  if (entry.method === DEFLATED) {
    bytes = await unpack(packed, { maxOutputLength: Math.max(1, entry.size) }).catch(() => {
      throw new ZipError("What it is packed to is damaged.");
    });
  }
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) {
    throw new ZipError("What it is packed to is damaged: its checksum is wrong.");
  }
  return bytes;
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  return bytes.subarray(0, bytesRead);
}
