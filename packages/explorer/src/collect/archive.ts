import { encodePng, formatZip } from "unravel-cnn";
import type { Collection } from "./collection.js";
import { SIDE } from "./collection.js";

/*
 * A collection as a .zip: a folder of PNG files for each class, which `unravel train --data` takes, and this page again.
 */

/** Names that folders of pictures may have, but that say something else than a class. */
const TAKEN =
  /^(train|training|train_?set|training_?set|test|testing|test_?set|val|valid|validation|dev|eval|con|prn|aux|nul|__macosx|thumbs\.db|desktop\.ini)$/i;

/**
 * A folder's name for each class: no two the same, not even where capitals don't count, and none that a system or a reader of
 * folders takes for something else.
 */
export function folderNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    const safe = name
      .normalize("NFC")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are no part of a file's name
      .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]/g, "_")
      .trim()
      .replace(/^\.|\.$/g, "_");
    const base = safe === "" || TAKEN.test(safe) ? `class ${safe}`.trim() : safe;
    let folder = base;
    for (let k = 2; used.has(folder.toLowerCase()); k++) folder = `${base} ${k}`;
    used.add(folder.toLowerCase());
    return folder;
  });
}

/** The bytes of the .zip. Classes without pictures have no folder. */
export function archiveOf({ classes }: Collection): Uint8Array {
  const folders = folderNames(classes.map(({ name }) => name));
  return formatZip(
    classes.flatMap(({ pictures }, c) =>
      pictures.map(({ pixels }, k) => ({
        name: `${folders[c]}/${String(k + 1).padStart(4, "0")}.png`,
        bytes: encodePng({ width: SIDE, height: SIDE, data: pixels }),
      })),
    ),
  );
}
