import { crc32, InputError, inflate } from "unravel-cnn";
import { innerPath } from "../archives/innerPath.js";
import { readDirectory, readMember, type Unpacking, ZipError } from "../archives/zip.js";
import { isCalledPicture, isSystems, listed } from "../layout/names.js";

/** More than a page has room for. */
const MOST_UNPACKED = 2 ** 30;

const unpacking: Unpacking = {
  inflate: (packed, size) =>
    inflate(packed, size, (problem) => {
      throw new ZipError(problem);
    }),
  crc32,
};

/**
 * The pictures in a zip archive that a page has, with their places in it.
 * @throws InputError in a sentence if it is damaged, encrypted, or unpacks to more than 1 GiB
 */
export async function picturesInZip(name: string, file: Blob): Promise<[path: string, file: Blob][]> {
  const read = async (at: number, length: number) =>
    new Uint8Array(await file.slice(at, at + length).arrayBuffer());
  try {
    const found = new Map<string, Blob>();
    let total = 0;
    for (const entry of await readDirectory(read, file.size)) {
      const path = innerPath(entry.name) ?? "";
      if (!isCalledPicture(path) || isSystems(path) || entry.isLink) continue;
      if (entry.isEncrypted) {
        throw new ZipError(
          `it is encrypted (${listed([path])}); unpack it with its password, and give the folder`,
        );
      }
      total += entry.size;
      if (total > MOST_UNPACKED)
        throw new ZipError("it unpacks to more than 1 GiB; give fewer pictures at a time");
      if (found.has(path)) throw new ZipError(`it holds the file ${path} twice; pack it anew`);
      const bytes = await readMember(read, entry, unpacking).catch((error: Error) => {
        const [first, ...rest] = error.message.replace(/\.$/, "");
        throw new ZipError(`${path}: ${first.toLowerCase()}${rest.join("")}`);
      });
      found.set(path, new Blob([bytes as BlobPart]));
    }
    return [...found];
  } catch (error) {
    throw error instanceof ZipError ? new InputError(`${name}: ${error.message}.`) : error;
  }
}
