import {
  type DataPair,
  type Dataset,
  type ImageShape,
  InputError,
  type Normalization,
  type PictureRule,
  pictureRule,
  resizePicture,
  sizeOf,
} from "unravel-cnn";
import { known } from "../known.js";
import { type Arranged, arrange, checkTestClasses } from "../layout/arrange.js";
import { firstChannel, isGrey } from "../layout/channels.js";
import { type Duplicate, duplicatesAcross } from "../layout/duplicates.js";
import { foldersLayout, type Layout } from "../layout/folders.js";
import { isCalledPicture, isSystems } from "../layout/names.js";
import { commonSize } from "../layout/size.js";
import { normalizationOf } from "../layout/statistics.js";
import { type TargetOptions, targetOf } from "../layout/target.js";
import { type PagePicture, pixelsOf } from "./pixelsOf.js";

/** A picture of a page, with its class. */
export interface LabelledPicture {
  readonly picture: PagePicture;
  /** The name of its class; or a list of those that it shows, also of none: several labels at once. */
  readonly label: string | readonly string[];
  /** Left out for all: a fifth of each class is set aside for testing. */
  readonly set?: "train" | "test" | undefined;
  /** What to call it. */
  readonly name?: string | undefined;
}

/** What becomes of a page's pictures, and who hears of it. */
export interface ImagesFromFilesOptions extends TargetOptions {
  /** For people; default `pictures`. */
  readonly name?: string | undefined;
  /** Leave pictures out that can't be read; default: they are an error. */
  readonly skipBroken?: boolean | undefined;
  /** Chooses what is set aside for testing; default 0. */
  readonly seed?: number | undefined;
  readonly onProgress?: ((pictures: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Pictures of classes, decoded. */
export interface PageImages extends DataPair {
  /** Each image's name. */
  readonly files: { readonly train: readonly string[]; readonly test: readonly string[] };
  /** How the pictures became images, for the spec of a model. */
  readonly pictures: PictureRule;
  /** Of the training images, for the spec of a model. */
  readonly normalize: Normalization;
  /** How many pictures were set aside for testing. */
  readonly setAside: number;
  readonly duplicates: readonly Duplicate[];
  /** What was left out because it can't be decoded. */
  readonly broken: readonly string[];
  /** What a person should know, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Labelled images from what a page has: files of a chosen folder (`<input type="file" webkitdirectory>`), whose folders are the classes
 * as for `imageFolder` in Node; or pictures with their labels. The browser decodes, the resize is the same as in Node.
 * @throws InputError if there are no classes, a class has fewer than two pictures, or a picture can't be decoded; the signal's reason
 *   if it is aborted; what `onProgress` throws
 */
export async function imagesFromFiles(
  given: readonly (File | LabelledPicture)[],
  options: ImagesFromFilesOptions = {},
): Promise<PageImages> {
  const { name = "pictures", seed = 0, skipBroken = false, onProgress, signal } = options;
  const target = targetOf(options);
  const { layout, sources } = inNameOf(name, () => layoutOf(given));
  const broken = new Map<string, string>();
  const sizes = new Map<string, [width: number, height: number]>();
  let done = 0;
  const total = layout.images.length;

  /** What is decoded at once stays small: each picture is decoded again when the size of all is known. */
  for (const { path } of layout.images) {
    signal?.throwIfAborted();
    try {
      const { width, height } = await pixelsOf(known(sources.get(path)));
      sizes.set(path, [width, height]);
    } catch (error) {
      const [first, ...rest] = (error as Error).message;
      broken.set(path, `${path}: ${first.toLowerCase()}${rest.join("")}`);
    }
  }
  if (broken.size > 0 && !skipBroken) {
    const [first] = broken.values();
    throw new InputError(
      `${name}: ${broken.size} of the ${total} pictures can't be read (${first.replace(/\.$/, "")}); leave them out with skipBroken: true.`,
    );
  }
  const sound: Layout = { ...layout, images: layout.images.filter(({ path }) => !broken.has(path)) };
  const arrangement = inNameOf(name, () => {
    checkTestClasses(sound);
    return arrange(sound, seed);
  });
  const { train, test, classes, setAside } = arrangement;
  const [width, height] = target.size ?? commonSize([...sizes.values()].flat());
  const shape: ImageShape = [target.grey ? 1 : 3, height, width];
  let grey = true;

  const read = async ({ paths }: Arranged) => {
    const images = new Uint8Array(paths.length * sizeOf(shape));
    for (const [k, path] of paths.entries()) {
      signal?.throwIfAborted();
      const image = resizePicture(await pixelsOf(known(sources.get(path))), shape, target.fit);
      images.set(image, k * image.length);
      grey &&= isGrey(image, shape[0]);
      done += 1;
      onProgress?.(done, sound.images.length);
    }
    return images;
  };
  const trained = await read(train);
  const tested = await read(test);
  const collapse = grey && target.grey === undefined;
  const [trainImages, testImages] = collapse
    ? [firstChannel(trained, shape), firstChannel(tested, shape)]
    : [trained, tested];
  const own: ImageShape = collapse ? [1, height, width] : shape;
  const data = (images: Uint8Array, { labels }: Arranged): Dataset => ({
    name,
    shape: own,
    images,
    labels,
    classes,
  });
  return {
    train: data(trainImages, train),
    test: data(testImages, test),
    files: { train: train.paths, test: test.paths },
    pictures: pictureRule(own, target.fit),
    normalize: normalizationOf(trainImages.length > 0 ? trainImages : testImages, own),
    setAside,
    duplicates: duplicatesAcross(trainImages, testImages, sizeOf(own)),
    broken: [...broken.values()],
    remarks: layout.remarks.map((remark) => `${remark}.`),
  };
}

/** Which picture has which class, by folders or by labels. */
function layoutOf(given: readonly (File | LabelledPicture)[]): {
  layout: Layout;
  sources: Map<string, PagePicture>;
} {
  const sources = new Map<string, PagePicture>();
  const labelled: Layout["images"][number][] = [];
  let several = false;
  for (const [k, one] of given.entries()) {
    if ("label" in one) {
      const path = sources.has(one.name ?? "") || !one.name ? `picture ${k}` : one.name;
      sources.set(path, one.picture);
      if (typeof one.label !== "string") several = true;
      labelled.push({ path, labels: typeof one.label === "string" ? [one.label] : one.label, set: one.set });
    } else {
      const path = one.webkitRelativePath || one.name;
      if (isCalledPicture(path) && !isSystems(path)) sources.set(path, one);
    }
  }
  if (labelled.length === 0) {
    const paths = [...sources.keys()];
    const chosen = folderOfAll(paths);
    const layout = foldersLayout(
      paths.map((path) => path.slice(chosen.length)),
      [],
    );
    const images = layout.images.map((image) => ({ ...image, path: chosen + image.path }));
    return { layout: { ...layout, images }, sources };
  }
  if (labelled.length < sources.size) {
    throw new InputError("some pictures have labels and some are files of a folder; give one or the other");
  }
  const classes = [...new Set(labelled.flatMap(({ labels }) => labels))];
  return { layout: { images: labelled, classes, several, remarks: [] }, sources };
}

/** The folder that a visitor has chosen, where all files lie in one: as in Node, its own name says nothing, even if it is `test`. */
function folderOfAll(paths: readonly string[]): string {
  const [folder] = paths.length === 0 ? [""] : paths[0].split("/");
  return paths.every((path) => path.startsWith(`${folder}/`)) ? `${folder}/` : "";
}

/** Messages that begin with a small letter become sentences that begin with the name. */
function inNameOf<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${name}: ${error.message}.`);
    throw error;
  }
}
