import { createReadStream, statSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { innerPath } from "../archives/innerPath.js";
import { LARGEST_PICTURE, TOO_LARGE } from "../archives/largest.js";
import { known } from "../known.js";
import { isSystems, listed, were } from "../layout/names.js";
import {
  bomb,
  type FileContent,
  type FileSource,
  MOST_FILES,
  mostUnpacked,
  type SourceFile,
} from "./source.js";
import { readTar, TarError } from "./tar.js";

/**
 * Lists a tar archive, also one that is packed with gzip. It is read from its beginning each time: nothing is unpacked on the disk.
 * @throws InputError if it is damaged, holds a file twice, or unpacks to far more than its own size
 */
export async function tarSource(name: string, packed: boolean): Promise<FileSource> {
  const files = new Map<string, SourceFile>();
  const folders: string[] = [];
  const links: string[] = [];
  const leadOut: string[] = [];
  for await (const { name: member, kind, size } of members(name, packed, () => false)) {
    const path = innerPath(member);
    if (path === undefined) leadOut.push(member);
    else if (isSystems(path) || path === "") continue;
    else if (kind === "folder") folders.push(path);
    else if (kind === "other") links.push(path);
    else if (files.has(path)) throw new InputError(`${name}: it holds the file ${path} twice; pack it anew.`);
    else files.set(path, { path, size });
    if (files.size > MOST_FILES)
      throw new InputError(`${name}: it holds more than ${MOST_FILES} files; give less.`);
  }
  return {
    name,
    files: [...files.values()],
    folders,
    remarks: leftOut(links, leadOut),
    pathOf: undefined,
    async *read(wanted) {
      const isWanted = (member: string) => wanted.has(innerPath(member) ?? "");
      for await (const { name: member, kind, size, bytes } of members(name, packed, isWanted)) {
        if (kind !== "file" || !isWanted(member)) continue;
        const path = known(innerPath(member));
        yield size > LARGEST_PICTURE ? { path, problem: TOO_LARGE } : ({ path, bytes } as FileContent);
      }
    },
  };
}

/** What is said of members that are no files of the archive's own. */
export function leftOut(links: readonly string[], leadOut: readonly string[]): string[] {
  return [
    ...(links.length > 0 ? [`${were(links.length, "link")} left out: ${listed(links, 3)}`] : []),
    ...(leadOut.length > 0
      ? [
          `${were(leadOut.length, "file")} left out whose names lead out of the archive: ${listed(leadOut, 3)}`,
        ]
      : []),
  ];
}

async function* members(name: string, packed: boolean, wanted: (name: string) => boolean) {
  const limit = mostUnpacked(statSync(name).size);
  const file = createReadStream(name, { highWaterMark: 2 ** 18 });
  const unpacker = createGunzip({ chunkSize: 2 ** 18 });
  if (packed) file.on("error", (error) => unpacker.destroy(error)).pipe(unpacker);
  try {
    yield* readTar(packed ? unpacker : file, {
      keeps: (member, size) => size <= LARGEST_PICTURE && wanted(member),
      most: limit,
      mayLackEnd: packed,
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof TarError) {
      throw error.tooMuch ? bomb(name, limit) : new InputError(`${name}: ${error.message}; get it again.`);
    }
    throw new InputError(
      `${name}: ${packed ? "the gzip data is damaged" : "it can't be read"} (${reason(error)}); get it again.`,
    );
  } finally {
    file.destroy();
    unpacker.destroy();
  }
}
