/*
 * Pictures of classes that a visitor collects. Nothing here is changed in place: each function gives another collection, which
 * shares what stayed the same, so that a step back is the collection before.
 */

/** Side of a picture as it is kept, in pixels: the largest that is trained on. */
export const SIDE = 64;
/** Bytes of a picture: red, green and blue of each pixel. */
export const PICTURE_BYTES = 3 * SIDE * SIDE;

export const LEAST_CLASSES = 2;
export const MOST_CLASSES = 20;
/** Of all classes together: 49 MB, which a browser keeps. */
export const MOST_PICTURES = 4000;
/** A longer name would not fit beside a bar. */
export const LONGEST_NAME = 40;

export interface CollectedPicture {
  /** No two pictures have the same, in this browser or another. */
  readonly id: string;
  /** Bytes `[64, 64, 3]`. */
  readonly pixels: Uint8Array;
}

export interface CollectedClass {
  readonly id: string;
  readonly name: string;
  readonly pictures: readonly CollectedPicture[];
}

export interface Collection {
  readonly classes: readonly CollectedClass[];
}

/** Pixels for a class of this name, as a file has them. */
export interface Labelled {
  readonly label: string;
  readonly pixels: Uint8Array;
}

/** Another id each time. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("-");
}

/** Names that a person would take for the same are the same: `Cat`, ` cat `. */
export const sameName = (name: string): string => name.normalize("NFC").trim().toLowerCase();

export function emptyCollection(names: readonly string[]): Collection {
  return { classes: names.map(newClass) };
}

const newClass = (name: string): CollectedClass => ({ id: newId(), name: shortened(name), pictures: [] });
const shortened = (name: string) => [...name.normalize("NFC")].slice(0, LONGEST_NAME).join("");

/** Classes without a name have the one that `fallback` makes of their place, counted from 1. */
export function named({ classes }: Collection, fallback: (place: number) => string): Collection {
  return {
    classes: classes.map((one, k) => ({ ...one, name: one.name.trim() || fallback(k + 1) })),
  };
}

export const pictureCount = ({ classes }: Collection): number =>
  classes.reduce((sum, { pictures }) => sum + pictures.length, 0);

/** How many pictures it still has room for. */
export const room = (collection: Collection): number => MOST_PICTURES - pictureCount(collection);

/** With one class more, unless there are twenty. */
export function addClass(collection: Collection, name: string): Collection {
  if (collection.classes.length >= MOST_CLASSES) return collection;
  return { classes: [...collection.classes, newClass(name)] };
}

export function renameClass(collection: Collection, id: string, name: string): Collection {
  return changed(collection, id, (one) => ({ ...one, name: shortened(name) }));
}

/** Without a class and its pictures. */
export function removeClass({ classes }: Collection, id: string): Collection {
  return { classes: classes.filter((one) => one.id !== id) };
}

/** With these pictures at the end of a class, as far as there is room. */
export function addPictures(collection: Collection, id: string, all: readonly Uint8Array[]): Collection {
  const added = all.slice(0, room(collection)).map((pixels) => ({ id: newId(), pixels }));
  return changed(collection, id, (one) => ({ ...one, pictures: [...one.pictures, ...added] }));
}

export function removePicture({ classes }: Collection, picture: string): Collection {
  return {
    classes: classes.map((one) =>
      one.pictures.some(({ id }) => id === picture)
        ? { ...one, pictures: one.pictures.filter(({ id }) => id !== picture) }
        : one,
    ),
  };
}

/** A picture at the end of another class. */
export function movePicture(collection: Collection, picture: string, to: string): Collection {
  const from = classOf(collection, picture);
  const moved = from?.pictures.find(({ id }) => id === picture);
  if (!from || !moved || from.id === to || !collection.classes.some(({ id }) => id === to)) return collection;
  return changed(removePicture(collection, picture), to, (one) => ({
    ...one,
    pictures: [...one.pictures, moved],
  }));
}

/** The class that a picture is in. */
export function classOf({ classes }: Collection, picture: string): CollectedClass | undefined {
  return classes.find(({ pictures }) => pictures.some(({ id }) => id === picture));
}

function changed(
  { classes }: Collection,
  id: string,
  change: (one: CollectedClass) => CollectedClass,
): Collection {
  return { classes: classes.map((one) => (one.id === id ? change(one) : one)) };
}

/** What became of two collections that were put together. */
export interface Joined {
  readonly collection: Collection;
  /** How many pictures came in. */
  readonly added: number;
  /** How many were left out because their class has the very same. */
  readonly known: number;
  /** How many were left out because there is no room, for them or for their class. */
  readonly leftOut: number;
}

/**
 * With labelled pictures: they come into the class of the same name, or into a new one. A class that has neither name nor pictures
 * takes a new name. Pictures that their class already has are left out, so that the same file twice changes nothing.
 * @param fallback what classes without a name are called, by their place, counted from 1
 */
export function join(
  collection: Collection,
  all: readonly Labelled[],
  fallback: (place: number) => string = () => "",
): Joined {
  const classes: (Omit<CollectedClass, "pictures"> & { pictures: CollectedPicture[] })[] =
    collection.classes.map((one) => ({ ...one, pictures: [...one.pictures] }));
  const keys = new Map(classes.map(({ id, pictures }) => [id, new Set(pictures.map(keyOf))]));
  const byName = new Map(
    named(collection, fallback).classes.map(({ name }, k) => [sameName(name), classes[k]]),
  );
  let left = room(collection);
  let [added, known, leftOut] = [0, 0, 0];
  const classNamed = (label: string) => {
    const found = byName.get(sameName(label));
    if (found) return found;
    const unnamed = classes.findIndex(({ name, pictures }) => name.trim() === "" && pictures.length === 0);
    if (unnamed < 0 && classes.length >= MOST_CLASSES) return undefined;
    const made = { ...newClass(label), pictures: [] };
    if (unnamed >= 0) classes[unnamed] = made;
    else classes.push(made);
    keys.set(made.id, new Set());
    byName.set(sameName(label), made);
    return made;
  };
  for (const { label, pixels } of all) {
    const one = left > 0 ? classNamed(label) : undefined;
    const picture = { id: newId(), pixels };
    const key = keyOf(picture);
    if (one && keys.get(one.id)?.has(key)) known += 1;
    else if (one) {
      one.pictures.push(picture);
      keys.get(one.id)?.add(key);
      added += 1;
      left -= 1;
    } else leftOut += 1;
  }
  return { collection: { classes }, added, known, leftOut };
}

const keys = new WeakMap<Uint8Array, string>();

/**
 * The same for pictures of the same pixels, whatever their id; of two others it is the same once in 2^64 times. Computed once for each
 * picture, as all are compared whenever one is added.
 */
export function keyOf({ pixels }: CollectedPicture): string {
  const found = keys.get(pixels);
  if (found !== undefined) return found;
  let [one, other] = [0x811c9dc5, 0x01234567];
  for (const byte of pixels) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x85ebca6b);
    other ^= other >>> 13;
  }
  const key = `${one >>> 0} ${other >>> 0}`;
  keys.set(pixels, key);
  return key;
}
