import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Redis } from "ioredis";
import { datasetNames, FailureError, InputError } from "unravel-cnn";
import { cacheFolder } from "unravel-cnn/node";

/*
 * Files that a trial needs and a worker hasn't: data in an archive, a model. They lie in Redis in pieces under their SHA-256; a
 * worker fetches each once, and looks whether it is what it should be.
 */

/** A file in Redis. */
export interface Attachment {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
}

const PIECE = 2 ** 23;
/** Redis may be small. */
const LARGEST = 2 ** 31;
/** Nobody has asked for it for so long: it is removed. In seconds. */
const KEPT_S = 7 * 24 * 3600;

const keyOf = (sha256: string, piece: number): string => `unravel:file:${sha256}:${piece}`;

/** Whether `--data` names what every worker has or makes by itself. */
export function isDataByName(data: string): boolean {
  return data === "digits" || (datasetNames as readonly string[]).includes(data);
}

/**
 * Puts a file into Redis, unless it is there.
 * @param option what it was given as, for an error: `--data`
 * @throws InputError if it is no file, or too large
 */
export async function attach(redis: Redis, path: string, option: string): Promise<Attachment> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InputError(`${option} ${path}: there is no such file.`);
  if (!found.isFile()) {
    throw new InputError(
      `${option} ${path}: workers on other machines can't see this folder; pack it as a .zip or .tar.gz, and give that.`,
    );
  }
  if (found.size > LARGEST)
    throw new InputError(`${option} ${path}: it has more than 2 GB, too much for Redis.`);
  const pieces = Math.ceil(found.size / PIECE);
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    for await (const chunk of file.createReadStream({ autoClose: false, start: 0 }))
      hash.update(chunk as Buffer);
    const sha256 = hash.digest("hex");
    for (let piece = 0; piece < pieces; piece++) {
      const key = keyOf(sha256, piece);
      if ((await redis.expire(key, KEPT_S)) === 1) continue;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PIECE), 0, PIECE, piece * PIECE);
      await redis.set(key, buffer.subarray(0, bytesRead), "EX", KEPT_S);
    }
    return { sha256, name: basename(path), bytes: found.size };
  } finally {
    await file.close();
  }
}

/**
 * The path of an attached file on this machine, fetched if it isn't here.
 * @throws FailureError if Redis has it no longer, or something else
 */
export async function fetchAttachment(redis: Redis, { sha256, name, bytes }: Attachment): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(sha256) || basename(name) !== name || name === "" || name === "..") {
    throw new FailureError(`A trial names a file that can't be: ${JSON.stringify(name)}.`);
  }
  const folder = join(cacheFolder(), "sweeps", sha256);
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.size === bytes) return path;
  await mkdir(folder, { recursive: true });
  const part = `${path}.${process.pid}.${randomUUID()}`;
  const hash = createHash("sha256");
  const file = await open(part, "wx");
  try {
    for (let piece = 0; piece * PIECE < bytes; piece++) {
      const content = await redis.getBuffer(keyOf(sha256, piece));
      if (content === null) throw new FailureError(`${name} is no longer in Redis; start the sweep again.`);
      hash.update(content);
      await file.appendFile(content);
    }
    if (hash.digest("hex") !== sha256)
      throw new FailureError(`${name} came from Redis with another SHA-256.`);
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
  return path;
}

/** Checkpoints between rungs. */
export const checkpointKey = (sweep: string, training: string): string =>
  `unravel:checkpoint:${sweep}:${training}`;

/** Puts a checkpoint's file into Redis. */
export async function keepCheckpoint(redis: Redis, key: string, path: string): Promise<void> {
  await redis.set(key, await readFile(path), "EX", KEPT_S);
}
