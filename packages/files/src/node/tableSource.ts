import type { Hash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { reason } from "unravel-cnn/node";
import type { FileSource } from "./source.js";

/** Endings that a table may leave out. */
const ENDINGS = ["", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".JPG", ".JPEG", ".PNG"];

/**
 * The files that a table names, beside it or wherever else they lie. Those that aren't there are left out.
 * @param hash takes what changes with them
 */
export async function tableSource(table: string, names: readonly string[], hash: Hash): Promise<FileSource> {
  const folder = dirname(table);
  const files: { path: string; size: number }[] = [];
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const ending of ENDINGS) {
      const place = placeOf(folder, name + ending);
      const found = await stat(place).catch(() => undefined);
      if (!found?.isFile()) continue;
      files.push({ path: name + ending, size: found.size });
      hash.update(`${name + ending}\0${found.size}\0${found.mtimeMs}\n`);
      break;
    }
  }
  const pathOf = (path: string) => placeOf(folder, path);
  return {
    name: table,
    files,
    folders: [],
    remarks: [],
    pathOf,
    async *read(wanted) {
      for (const { path } of files) {
        if (!wanted.has(path)) continue;
        const bytes = await readFile(pathOf(path)).catch((error: unknown) => `${reason(error)}.`);
        yield typeof bytes === "string" ? { path, problem: bytes } : { path, bytes };
      }
    },
  };
}

function placeOf(folder: string, name: string): string {
  const file = process.platform === "win32" ? name : name.replaceAll("\\", "/");
  return isAbsolute(file) ? file : join(folder, file);
}
