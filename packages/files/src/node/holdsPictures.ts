import { readdir, stat } from "node:fs/promises";
import { isCalledPicture, isSystems, isTable } from "../layout/names.js";

/** Data sets of other kinds, by how the names of their files or unpacked folders begin and end. */
const IDX = /^(train|t10k|[eq]mnist)-.*(ubyte|-int)(\.gz)?$/;

/**
 * Whether a path is that of pictures or tables, as far as can be seen without opening them: a file, or a folder with folders,
 * pictures or tables in it, and no IDX files.
 */
export async function holdsPictures(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found?.isFile() === true;
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const names = entries.map(({ name }) => name);
  if (names.some((name) => IDX.test(name.replace(".idx", "-idx")))) return false;
  return entries.some((entry) => {
    if (isSystems(entry.name)) return false;
    return !entry.isFile() || isCalledPicture(entry.name) || isTable(entry.name);
  });
}
