import { createStore, get, promisifyRequest } from "idb-keyval";
import { type ImageKind, imageKinds } from "../training/collected.js";
import { type NamedNetwork, namedNetworks } from "../training/settings.js";
import {
  type CollectedPicture,
  type Collection,
  MOST_CLASSES,
  MOST_PICTURES,
  PICTURE_BYTES,
} from "./collection.js";

/*
 * A collection, kept in this browser (IndexedDB): each picture under its own key, so that one more is little work, and a list of
 * classes.
 */

/** A collection and what is chosen for it. */
export interface KeptCollection {
  readonly collection: Collection;
  /** Undefined: as is usual for its pictures. */
  readonly kind: ImageKind | undefined;
  readonly network: NamedNetwork;
}

interface Index {
  readonly version: typeof VERSION;
  readonly kind: ImageKind | undefined;
  readonly network: NamedNetwork;
  readonly classes: readonly {
    readonly id: string;
    readonly name: string;
    readonly pictures: readonly string[];
  }[];
}

/** Grows when what is kept becomes something else. */
const VERSION = 1;
const INDEX = "index";
const PICTURE = "picture ";
const store = createStore("unravel collection", "pictures");

/**
 * What was kept; undefined if there is nothing that this page understands. Pictures that are damaged are left out.
 * @throws what the browser says where it lets pages keep nothing
 */
export async function readCollection(): Promise<KeptCollection | undefined> {
  const found = await get<Index>(INDEX, store);
  if (found === undefined || !isIndex(found)) return undefined;
  const pictures = new Map<string, Uint8Array>();
  await store("readonly", async (all) => {
    const [keys, values] = await Promise.all([
      promisifyRequest(all.getAllKeys()),
      promisifyRequest(all.getAll()),
    ]);
    for (const [k, key] of keys.entries()) pictures.set(String(key), values[k]);
  });
  const pictureOf = (id: string): CollectedPicture[] => {
    const pixels = pictures.get(PICTURE + id);
    return pixels instanceof Uint8Array && pixels.length === PICTURE_BYTES ? [{ id, pixels }] : [];
  };
  return {
    kind: found.kind,
    network: found.network,
    collection: {
      classes: found.classes.map((one) => ({ ...one, pictures: one.pictures.flatMap(pictureOf) })),
    },
  };
}

/**
 * Keeps a collection: only pictures that `before` doesn't have are written, and those that it had are deleted.
 * @throws what the browser says where there is no room, or pages may keep nothing; then all is as it was
 */
export async function writeCollection(kept: KeptCollection, before: Collection | undefined): Promise<void> {
  const { collection, kind, network } = kept;
  const had = byId(before);
  const has = byId(collection);
  const index: Index = {
    version: VERSION,
    kind,
    network,
    classes: collection.classes.map((one) => ({ ...one, pictures: one.pictures.map(({ id }) => id) })),
  };
  await store("readwrite", (all) => {
    for (const [id, pixels] of has) if (!had.has(id)) all.put(pixels, PICTURE + id);
    for (const id of had.keys()) if (!has.has(id)) all.delete(PICTURE + id);
    all.put(index, INDEX);
    return promisifyRequest(all.transaction);
  });
}

const byId = (collection: Collection | undefined) =>
  new Map(
    (collection?.classes ?? []).flatMap(({ pictures }) => pictures.map(({ id, pixels }) => [id, pixels])),
  );

function isIndex(found: Index): boolean {
  const isText = (value: unknown) => typeof value === "string";
  return (
    found.version === VERSION &&
    (found.kind === undefined || imageKinds.includes(found.kind)) &&
    namedNetworks.includes(found.network) &&
    Array.isArray(found.classes) &&
    found.classes.length <= MOST_CLASSES &&
    found.classes.every(
      ({ id, name, pictures }) =>
        isText(id) &&
        isText(name) &&
        Array.isArray(pictures) &&
        pictures.length <= MOST_PICTURES &&
        pictures.every(isText),
    )
  );
}
