import { basename, resolve } from "node:path";
import {
  type DataPair,
  type Dataset,
  type Fit,
  type ImageShape,
  type Normalization,
  type PictureRule,
  pictureRule,
} from "unravel-cnn";
import type { Arrangement } from "../layout/arrange.js";
import type { Duplicate } from "../layout/duplicates.js";
import type { ReadSet } from "./readPictures.js";

/** Pictures of classes, decoded, with what is known of them. */
export interface ImageFolder extends DataPair {
  /** As it was given. */
  readonly source: string;
  /** Each image's file. */
  readonly files: { readonly train: readonly string[]; readonly test: readonly string[] };
  /** `[N, 2]`: width and height of each picture before it was resized. */
  readonly sizes: { readonly train: Uint32Array; readonly test: Uint32Array };
  /** How the pictures became images, for the spec of a model. */
  readonly pictures: PictureRule;
  /** Of the training images, for the spec of a model. */
  readonly normalize: Normalization;
  /** How many pictures were set aside for testing; 0 where the data say which are. */
  readonly setAside: number;
  /** Test images that are also trained on. */
  readonly duplicates: readonly Duplicate[];
  /** What is wrong with the files that were left out, a sentence each that begins with the file. */
  readonly broken: readonly string[];
  /** What a person should know, in sentences. */
  readonly remarks: readonly string[];
  /** Whether it came from the cache. */
  readonly cached: boolean;
}

/** What is known of images, beside their arrays: it is kept as JSON. */
export interface About {
  readonly shape: ImageShape;
  readonly classes: readonly string[];
  readonly fit: Fit;
  readonly files: ImageFolder["files"];
  readonly setAside: number;
  readonly duplicates: readonly Duplicate[];
  readonly normalize: Normalization;
  readonly broken: readonly string[];
  readonly remarks: readonly string[];
}

const SETS = ["train", "test"] as const;

type Arrays = Readonly<Record<string, Uint8Array | Uint32Array>>;

/** The arrays of both sets, by the names that `folderOf` takes. */
export function arraysOf(read: {
  readonly arrangement: Arrangement;
  readonly train: ReadSet;
  readonly test: ReadSet;
}): Arrays {
  return Object.fromEntries(
    SETS.flatMap((set) => [
      [`${set}.images`, read[set].images],
      [`${set}.labels`, read.arrangement[set].labels],
      [`${set}.sizes`, read[set].sizes],
    ]),
  );
}

/** What was read, now or at another time. */
export function folderOf(path: string, about: About, arrays: Arrays, cached: boolean): ImageFolder {
  const { shape, classes, fit, ...rest } = about;
  const data = (set: (typeof SETS)[number]): Dataset => ({
    name: basename(resolve(path)),
    shape,
    classes,
    images: arrays[`${set}.images`] as Uint8Array,
    labels: arrays[`${set}.labels`] as Uint8Array,
  });
  const sizes = (set: (typeof SETS)[number]) => {
    const { buffer, byteOffset, byteLength } = arrays[`${set}.sizes`];
    return new Uint32Array(buffer, byteOffset, byteLength / 4);
  };
  return {
    ...rest,
    train: data("train"),
    test: data("test"),
    source: path,
    sizes: { train: sizes("train"), test: sizes("test") },
    pictures: pictureRule(shape, fit),
    cached,
  };
}
