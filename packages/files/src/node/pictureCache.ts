import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { cacheFolder, writeWhole } from "unravel-cnn/node";
import { known } from "../known.js";

/*
 * Decoded pictures, kept so that the next start needs no decoding: a line of JSON, then the arrays, one after the other, then a
 * checksum of all. A file that isn't just as it was written is none.
 */

/** Arrays by name. */
export type Arrays = Readonly<Record<string, Uint8Array | Uint32Array>>;

export interface Cached {
  readonly about: unknown;
  readonly arrays: Readonly<Record<string, Uint8Array>>;
}

const MAGIC = "unravel pictures 1\n";
/** What all files together may take; those that were not used for the longest time go first. */
const MOST_BYTES = 4 * 2 ** 30;

function fileFor(key: string, env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), "pictures", `${createHash("sha256").update(key).digest("hex")}.bin`);
}

/** What is kept under a key; undefined if nothing is, or it is damaged. */
export async function readCache(
  key: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Cached | undefined> {
  const path = fileFor(key, env);
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    let at = 0;
    let sum = 0;
    const take = async (length: number): Promise<Uint8Array> => {
      if (at + length > size) throw new Error("it is cut short");
      const bytes = new Uint8Array(length);
      const { bytesRead } = await known(file).read(bytes, 0, length, at);
      if (bytesRead < length) throw new Error("it is cut short");
      at += length;
      return bytes;
    };
    const checked = async (length: number) => {
      const bytes = await take(length);
      sum = crc32(bytes, sum);
      return bytes;
    };
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (text(await checked(MAGIC.length)) !== MAGIC) return undefined;
    const length = new DataView((await checked(4)).buffer).getUint32(0);
    const header = JSON.parse(text(await checked(length)));
    if (header.key !== key) return undefined;
    const arrays: Record<string, Uint8Array> = {};
    for (const [name, bytes] of Object.entries(header.arrays as Record<string, number>)) {
      arrays[name] = await checked(bytes);
    }
    const last = await take(4);
    if (at !== size || new DataView(last.buffer).getUint32(0) !== sum) return undefined;
    await utimes(path, new Date(), new Date()).catch(() => {});
    return { about: header.about, arrays };
  } catch {
    return undefined; // it is not there, or damaged: what it held can be had again
  } finally {
    await file?.close();
  }
}

/** Keeps arrays and what is known about them, whole or not at all. @throws FailureError if they can't be written */
export async function writeCache(
  key: string,
  about: unknown,
  arrays: Arrays,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const path = fileFor(key, env);
  const parts = Object.entries(arrays).map(
    ([name, { buffer, byteOffset, byteLength }]) =>
      [name, new Uint8Array(buffer, byteOffset, byteLength)] as const,
  );
  const lengths = Object.fromEntries(parts.map(([name, { length }]) => [name, length]));
  const header = new TextEncoder().encode(JSON.stringify({ key, about, arrays: lengths }));
  const pieces = [
    new TextEncoder().encode(MAGIC),
    number(header.length),
    header,
    ...parts.map(([, bytes]) => bytes),
  ];
  const sum = pieces.reduce((before, piece) => crc32(piece, before), 0);
  await mkdir(join(path, ".."), { recursive: true }).catch(() => {}); // writing says what is wrong
  await makeRoom(
    join(path, ".."),
    pieces.reduce((all, { length }) => all + length, 0),
  );
  await writeWhole(path, [...pieces, number(sum)]);
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

async function makeRoom(folder: string, wanted: number): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const files = await Promise.all(
    names.map(async (name) => ({ name, found: await stat(join(folder, name)).catch(() => undefined) })),
  );
  const kept = files.flatMap(({ name, found }) =>
    found && name.endsWith(".bin") ? [{ name, ...timesOf(found) }] : [],
  );
  kept.sort((a, b) => a.used - b.used);
  let total = kept.reduce((sum, { size }) => sum + size, wanted);
  for (const { name, size } of kept) {
    if (total <= MOST_BYTES) return;
    await rm(join(folder, name), { force: true });
    total -= size;
  }
}

const timesOf = ({ size, mtimeMs }: { size: number; mtimeMs: number }) => ({ size, used: mtimeMs });
