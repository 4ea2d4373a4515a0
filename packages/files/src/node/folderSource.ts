import { createHash } from "node:crypto";
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { LARGEST_PICTURE, TOO_LARGE } from "../archives/largest.js";
import { isSystems } from "../layout/names.js";
import { type FileSource, MOST_FILES, type SourceFile } from "./source.js";

/**
 * Lists a folder with all that lies in it, also behind symbolic links; hidden files and a system's own are passed over.
 * @returns with it what changes with what is in it
 * @throws InputError if one of its folders can't be read
 */
export function folderSource(name: string): { readonly source: FileSource; readonly fingerprint: string } {
  const files: SourceFile[] = [];
  const folders: string[] = [];
  const broken = new Map<string, string>();
  const hash = createHash("sha256").update(resolve(name));

  const walk = (folder: string, inside: string, above: ReadonlySet<string>) => {
    const here = realpathSync(folder);
    if (above.has(here)) return; // a link that goes round in a circle
    const seen = new Set(above).add(here);
    const prints: string[] = [];
    for (const entry of entriesOf(folder).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isSystems(entry.name)) continue;
      const [place, path] = [join(folder, entry.name), `${inside}${entry.name}`];
      let found: Stats;
      try {
        found = statSync(place);
      } catch (error) {
        broken.set(path, `${reason(error)}.`);
        files.push({ path, size: 0 });
        prints.push(`${path}\0${reason(error)}\n`);
        continue;
      }
      if (found.isDirectory()) {
        folders.push(path);
        walk(place, `${path}/`, seen);
      } else if (found.isFile()) {
        files.push({ path, size: found.size });
        prints.push(`${path}\0${found.size}\0${found.mtimeMs}\n`);
        if (files.length > MOST_FILES) {
          throw new InputError(
            `${name}: it holds more than ${MOST_FILES.toLocaleString("en-US")} files; give less.`,
          );
        }
      }
    }
    hash.update(prints.join(""));
  };
  walk(name, "", new Set());

  const pathOf = (path: string) => join(name, path);
  const source: FileSource = {
    name,
    files,
    folders,
    remarks: [],
    pathOf,
    async *read(wanted) {
      for (const { path, size } of files) {
        if (!wanted.has(path)) continue;
        const problem = broken.get(path) ?? (size > LARGEST_PICTURE ? TOO_LARGE : undefined);
        if (problem !== undefined) {
          yield { path, problem };
          continue;
        }
        try {
          yield { path, bytes: await readFile(pathOf(path)) };
        } catch (error) {
          yield { path, problem: `${reason(error)}.` };
        }
      }
    },
  };
  return { source, fingerprint: hash.digest("hex") };
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new InputError(`${folder}: ${reason(error)}.`);
  }
}
