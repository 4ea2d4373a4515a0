import type { Fit, ImageShape } from "unravel-cnn";
import { sizeOf } from "unravel-cnn";
import { LARGEST_PICTURE, TOO_LARGE } from "../archives/largest.js";
import type { Batch, Job } from "./messages.js";
import type { PicturePool } from "./picturePool.js";
import type { FileSource } from "./source.js";

/** Files of a batch, and the most bytes that they have together, unless one alone has more. */
const FILES_AT_ONCE = 64;
const BYTES_AT_ONCE = 2 ** 21;

export interface Decoding {
  /** Called for each picture, with its pixels where it was decoded; not in the files' order. */
  readonly onPicture: (path: string, width: number, height: number, pixels: Uint8Array | undefined) => void;
  /** Called for each file that is broken. */
  readonly onProblem: (path: string, problem: string) => void;
  /** Called where pictures that were decoded have colours. */
  readonly onColour: () => void;
  /** Asked for each batch: what pictures are made to, or undefined if only their sizes are wanted. */
  readonly target: () => { readonly shape: ImageShape; readonly fit: Fit } | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Decodes the files of a source that are wanted. */
export async function decodeAll(
  source: FileSource,
  wanted: ReadonlySet<string>,
  pool: PicturePool,
  { onPicture, onProblem, onColour, target, signal }: Decoding,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: unknown;
  let paths: string[] = [];
  let jobs: Job[] = [];
  let parts: Uint8Array[] = [];
  let bytes = 0;

  const send = async () => {
    if (paths.length === 0) return;
    const batch: Batch = { files: jobs, bytes: joined(parts), target: target() };
    const sent = paths;
    const size = batch.target ? sizeOf(batch.target.shape) : 0;
    const work = pool
      .decode(batch)
      .then(({ sizes, problems, grey, pixels }) => {
        for (const [k, path] of sent.entries()) {
          const problem = problems.get(k);
          if (problem !== undefined) onProblem(path, problem);
          else {
            const own = size > 0 ? pixels.subarray(k * size, (k + 1) * size) : undefined;
            onPicture(path, sizes[2 * k], sizes[2 * k + 1], own);
          }
        }
        if (!grey) onColour();
      })
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running.delete(work));
    running.add(work);
    [paths, jobs, parts, bytes] = [[], [], [], 0];
    while (running.size >= pool.room) await Promise.race(running);
  };

  const add = async (path: string, job: Job, size: number) => {
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure;
    paths.push(path);
    jobs.push(job);
    bytes += size;
    if (paths.length === FILES_AT_ONCE || bytes >= BYTES_AT_ONCE) await send();
  };

  if (source.pathOf) {
    for (const { path, size } of source.files) {
      if (!wanted.has(path)) continue;
      if (size > LARGEST_PICTURE) onProblem(path, TOO_LARGE);
      else await add(path, { path: source.pathOf(path) }, size);
    }
  } else {
    for await (const file of source.read(wanted)) {
      if ("problem" in file) onProblem(file.path, file.problem);
      else {
        const from = parts.reduce((sum, { length }) => sum + length, 0);
        parts.push(file.bytes);
        await add(file.path, { from, to: from + file.bytes.length }, file.bytes.length);
      }
    }
  }
  await send();
  await Promise.all(running);
  if (failure !== undefined) throw failure;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
