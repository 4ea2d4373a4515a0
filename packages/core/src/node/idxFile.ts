import { createReadStream, type ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { type IdxKind, idxHeaderLength, idxLength, wrongIdxLength } from "../data/idx.js";
import { InputError } from "../errors.js";
import { LARGEST_RATIO } from "../formats/inflate.js";
import { LARGEST_FILE, reason } from "./files.js";

/**
 * The bytes of an IDX file, unpacked where its name ends in `.gz`. The header comes first and says how much must follow: so
 * much memory is taken, and no more is unpacked, whatever is in the file. One that is cut short is returned as far as it goes.
 * @throws InputError that begins with `path`, if it can't be read, isn't such a file, or goes on after its end
 */
export async function readIdxFile(path: string, kind: IdxKind): Promise<Uint8Array> {
  const packed = path.endsWith(".gz");
  const size = await lengthOf(path);
  const most = packed ? size * LARGEST_RATIO : size;
  let bytes = new Uint8Array(idxHeaderLength(kind));
  let filled = 0;
  let started = false;

  const take = (chunk: Uint8Array) => {
    if (chunk.length > bytes.length - filled) {
      throw wrongIdxLength(bytes, path, kind, { present: "more follow", tooLong: true });
    }
    bytes.set(chunk, filled);
    filled += chunk.length;
  };
  const file = createReadStream(path);
  const chunks: AsyncIterable<Uint8Array> = packed ? gunzipped(file) : file;
  try {
    for await (const chunk of chunks) {
      const head = started ? 0 : Math.min(chunk.length, bytes.length - filled);
      take(chunk.subarray(0, head));
      if (!started && filled === bytes.length) {
        started = true;
        const room = new Uint8Array(roomFor(bytes, path, kind, most));
        room.set(bytes);
        bytes = room;
      }
      take(chunk.subarray(head));
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code = "" } = error as NodeJS.ErrnoException;
    throw code.startsWith("Z_") ? damagedGzip(error, path) : new InputError(`${path}: ${reason(error)}.`);
  } finally {
    file.destroy();
  }
  return bytes.subarray(0, filled);
}

function gunzipped(file: ReadStream): AsyncIterable<Uint8Array> {
  const unpacker = createGunzip();
  file.on("error", (error) => unpacker.destroy(error));
  return file.pipe(unpacker);
}

/** What the header promises, or what there can be at most, where that is less. */
function roomFor(header: Uint8Array, path: string, kind: IdxKind, most: number): number {
  const room = Math.min(idxLength(header, path, kind), Math.max(header.length, most));
  if (room > LARGEST_FILE) {
    const present = `a file may have ${LARGEST_FILE} bytes`;
    throw wrongIdxLength(header, path, kind, { present, tooLong: true });
  }
  return room;
}

/** Pipes and devices don't say how long they are: they get the limit. */
async function lengthOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : LARGEST_FILE;
  } catch (error) {
    throw new InputError(`${path}: ${reason(error)}.`);
  }
}

function damagedGzip(error: unknown, path: string): InputError {
  const { message } = error as Error;
  const fix = /incorrect header check/.test(message)
    ? "if it is not packed, take .gz off its name"
    : "get it again";
  return new InputError(`${path}: the gzip data is damaged (${reason(error)}); ${fix}.`);
}
