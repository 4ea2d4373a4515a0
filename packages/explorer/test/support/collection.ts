import { archiveOf } from "../../src/collect/archive.js";
import { addPictures, emptyCollection, PICTURE_BYTES } from "../../src/collect/collection.js";

/** Pixels of a grey of their own. */
const grey = (value: number) => new Uint8Array(PICTURE_BYTES).fill(value);

/** A .zip with so many pictures of each class, as the page saves it. */
export function zipOf(counts: Readonly<Record<string, number>>): Uint8Array {
  const names = Object.keys(counts);
  const all = names.reduce(
    (collection, name, c) =>
      addPictures(
        collection,
        collection.classes[c].id,
        Array.from({ length: counts[name] }, (_, k) => grey(40 * c + k)),
      ),
    emptyCollection(names),
  );
  return archiveOf(all);
}
