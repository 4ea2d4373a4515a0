import { constants, type FileHandle, open, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";

/** What an answer holds at most in memory, however large its file is and however slowly it is read. */
export const PIECE = 64 * 1024;

/** The body of an answer, in pieces. */
export interface Content {
  readonly length: number;
  /** In order, each at most PIECE long and good until the next one is asked for. They end early where the file does. */
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  close(): Promise<void>;
}

export function inMemory(bytes: Uint8Array): Content {
  return {
    length: bytes.length,
    *pieces() {
      for (let from = 0; from < bytes.length; from += PIECE) yield bytes.subarray(from, from + PIECE);
    },
    close: async () => {},
  };
}

/**
 * The path of a regular file that really lies in a folder, wherever the folder itself is. Links that lead out of the
 * folder count as missing, and so do pipes and devices, from which reading might never end.
 */
export async function fileInside(folder: string, path: string): Promise<string | undefined> {
  try {
    const [home, place] = await Promise.all([realpath(folder), realpath(path)]);
    return place.startsWith(home + sep) && (await stat(place)).isFile() ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Opens such a file; undefined where there is none that may be read. */
export async function openInside(folder: string, path: string): Promise<Content | undefined> {
  const place = await fileInside(folder, path);
  if (place === undefined) return undefined;
  // Another process may have put something else there by now: a pipe is not waited for, a link not followed.
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
  const file = await open(place, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return undefined;
  const found = await file.stat();
  if (found.isFile()) return contentOf(file, found.size);
  await file.close();
  return undefined;
}

function contentOf(file: FileHandle, length: number): Content {
  return {
    length,
    async *pieces() {
      const buffer = new Uint8Array(Math.min(PIECE, length));
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE, length - at), at);
        if (bytesRead === 0) return; // someone has cut it short
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    close: () => file.close(),
  };
}
