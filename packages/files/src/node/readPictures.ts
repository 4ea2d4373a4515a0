import { type ImageShape, InputError, sizeOf } from "unravel-cnn";
import { known } from "../known.js";
import type { Arrangement } from "../layout/arrange.js";
import { firstChannel } from "../layout/channels.js";
import { LARGEST_SIDE, suitableSize } from "../layout/size.js";
import type { PictureTarget } from "../layout/target.js";
import { sizeOfKind } from "../pictures/size.js";
import { knownKind } from "./decode.js";
import { decodeAll } from "./decodeAll.js";
import { PicturePool } from "./picturePool.js";
import type { FileSource } from "./source.js";

/** A set's pictures, decoded. */
export interface ReadSet {
  /** `[N, C, H, W]`; zeros where a file is broken. */
  images: Uint8Array;
  /** `[N, 2]`: width and height of each picture, as a person sees it; 0 where a file is broken. */
  readonly sizes: Uint32Array;
}

export interface ReadPictures {
  readonly shape: ImageShape;
  readonly train: ReadSet;
  readonly test: ReadSet;
  /** What is wrong with which file, a sentence each. */
  readonly broken: ReadonlyMap<string, string>;
}

export interface ReadListeners {
  /** So many of all pictures are done. */
  readonly onProgress?: ((pictures: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Pictures that all have one size keep it up to so many bytes of them all together. */
const MOST_BYTES = 400e6;

/**
 * Decodes all pictures of an arrangement. Where no size is given, the first picture's is tried; if another has another size, only
 * sizes are read from there on, and once all are known, everything is decoded to the one that suits them.
 */
export async function readPictures(
  source: FileSource,
  { train, test }: Arrangement,
  target: PictureTarget,
  { onProgress, signal }: ReadListeners,
): Promise<ReadPictures> {
  const places = new Map<string, { readonly set: "train" | "test"; readonly index: number }>();
  for (const [index, path] of train.paths.entries()) places.set(path, { set: "train", index });
  for (const [index, path] of test.paths.entries()) places.set(path, { set: "test", index });
  const total = places.size;
  const wanted = new Set(places.keys());
  const broken = new Map<string, string>();
  const sizes = {
    train: new Uint32Array(2 * train.paths.length),
    test: new Uint32Array(2 * test.paths.length),
  };
  const channels = target.grey ? 1 : 3;
  const bytes = source.files.reduce((sum, { path, size }) => sum + (wanted.has(path) ? size : 0), 0);
  const pool = new PicturePool(total, bytes);
  let grey = true;

  const place = (path: string) => known(places.get(path));
  const onProblem = (path: string, problem: string) => void broken.set(path, problem);
  const noteSize = (path: string, width: number, height: number) => {
    const { set, index } = place(path);
    sizes[set].set([width, height], 2 * index);
  };

  /** Decodes everything to a size; where that is only a guess, until a picture has another. */
  const decode = async (size: readonly [width: number, height: number], isGuess: boolean) => {
    const shape: ImageShape = [channels, size[1], size[0]];
    const bytes = sizeOf(shape);
    if (total * bytes > MOST_MEMORY) throw tooMuch(source.name, total, shape);
    const images = {
      train: new Uint8Array(train.paths.length * bytes),
      test: new Uint8Array(test.paths.length * bytes),
    };
    let fits = true;
    let done = 0;
    grey = true;
    await decodeAll(source, wanted, pool, {
      signal,
      target: () => (fits ? { shape, fit: target.fit } : undefined),
      onColour: () => {
        grey = false;
      },
      onProblem: (path, problem) => {
        onProblem(path, problem);
        done += 1;
      },
      onPicture: (path, pictureWidth, pictureHeight, pixels) => {
        const { set, index } = place(path);
        sizes[set].set([pictureWidth, pictureHeight], 2 * index);
        if (isGuess && (pictureWidth !== size[0] || pictureHeight !== size[1])) fits = false;
        if (pixels) images[set].set(pixels, index * bytes);
        done += 1;
        if (fits) onProgress?.(done, total);
      },
    });
    return fits ? { shape, images } : undefined;
  };

  try {
    let read = target.size && (await decode(target.size, false));
    if (!read) {
      const guess = await firstSize(source, wanted);
      if (
        guess &&
        Math.max(...guess) <= LARGEST_SIDE &&
        total * channels * guess[0] * guess[1] <= MOST_BYTES
      ) {
        read = await decode(guess, true);
      } else {
        await decodeAll(source, wanted, pool, {
          signal,
          target: () => undefined,
          onColour: () => {},
          onProblem,
          onPicture: noteSize,
        });
      }
      if (!read) {
        broken.clear();
        read = await decode(suitableSize([...sizes.train, ...sizes.test]), false);
      }
    }
    const { shape, images } = known(read);
    const set = (name: "train" | "test"): ReadSet => ({ images: images[name], sizes: sizes[name] });
    const result = { shape, train: set("train"), test: set("test"), broken };
    return grey && target.grey === undefined ? withoutColours(result) : result;
  } finally {
    await pool.close();
  }
}

/** All pictures lie in memory, and training needs some of it, too. */
const MOST_MEMORY = 2 ** 31;

function tooMuch(name: string, total: number, shape: ImageShape): InputError {
  const [, height, width] = shape;
  const gigabytes = ((total * sizeOf(shape)) / 1e9).toFixed(1);
  return new InputError(
    `${name}: its ${total.toLocaleString("en-US")} pictures take ${gigabytes} GB at ${width}x${height}, more than the ${(MOST_MEMORY / 1e9).toFixed(1)} that are read; choose a smaller size.`,
  );
}

/** The size of the first picture that has one. */
async function firstSize(
  source: FileSource,
  wanted: ReadonlySet<string>,
): Promise<[width: number, height: number] | undefined> {
  for await (const file of source.read(wanted)) {
    if ("problem" in file) continue;
    try {
      const { width, height } = sizeOfKind[knownKind(file.bytes)](file.bytes);
      return [width, height];
    } catch {} // what is wrong with it is said when all are read
  }
  return undefined;
}

/** All three channels are equal: one of them is enough. */
function withoutColours({ shape, train, test, broken }: ReadPictures): ReadPictures {
  const first = ({ images, sizes }: ReadSet): ReadSet => ({ images: firstChannel(images, shape), sizes });
  return { shape: [1, shape[1], shape[2]], train: first(train), test: first(test), broken };
}
