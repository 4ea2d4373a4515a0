import { InputError } from "unravel-cnn";
import { type GivenFile, labelledFiles, pixelsOf } from "unravel-files";
import type { Labelled } from "./collection.js";
import { keptPixels } from "./pictures.js";

/* Pictures that a visitor drops or chooses: single ones, folders of them, and archives of such folders. */

/** What was read of them. */
export interface Given {
  /** Pictures that say which class they belong to, by their folder. */
  readonly labelled: readonly Labelled[];
  /** Pictures that don't. */
  readonly loose: readonly Uint8Array[];
  /** Files that can't be read as pictures. */
  readonly broken: readonly string[];
  /** What else a person should know, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Decodes them.
 * @param most so many, at most; others are not looked at
 * @throws InputError in a sentence if there is no picture, or an archive is damaged
 */
export async function readGiven(
  files: readonly GivenFile[],
  most: number,
  onProgress: (done: number, total: number) => void,
): Promise<Given> {
  const { pictures, remarks } = await labelledFiles(files);
  const labelled: Labelled[] = [];
  const loose: Uint8Array[] = [];
  const broken: string[] = [];
  const total = Math.min(most, pictures.length);
  for (const { path, label, picture } of pictures) {
    const done = labelled.length + loose.length;
    if (done >= most) break;
    try {
      const pixels = keptPixels(await pixelsOf(picture));
      if (label === undefined) loose.push(pixels);
      else labelled.push({ label, pixels });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      broken.push(path);
    }
    onProgress(done + 1, total);
  }
  return { labelled, loose, broken, remarks };
}

/** What lies in a drop, folders with all that is in them. It must be called while the event is being handled. */
export async function filesIn(data: DataTransfer): Promise<GivenFile[]> {
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry?.() ?? undefined);
  const files = [...data.files];
  if (entries.every((entry) => entry === undefined || entry.isFile)) return files;
  const all = await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])));
  return all.flat();
}

async function filesOf(entry: FileSystemEntry): Promise<GivenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  for (;;) {
    // a folder comes in pieces, until one is empty
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return found;
    found.push(...(await Promise.all(some.map(filesOf))).flat());
  }
}
