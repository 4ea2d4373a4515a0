import { InputError } from "../errors.js";
import { type ImageShape, sizeOf } from "../tensor.js";

/** Labelled images. They stay bytes; scaling to [0, 1] happens when a batch is loaded. */
export interface Dataset {
  /** For people: `MNIST`, `drawn digits`, or a folder's name. */
  readonly name: string;
  readonly shape: ImageShape;
  /** `[N, C, H, W]`, 0 to 255. */
  readonly images: Uint8Array;
  /** `[N]`: index of the class. */
  readonly labels: Uint8Array;
  readonly classes: readonly string[];
}

/** A training set and the test set that is looked at once, at the end. */
export interface DataPair {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** How many images a data set holds. */
export function countOf(data: Dataset): number {
  return data.labels.length;
}

/** The images at `indices`, in that order. */
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  const size = sizeOf(data.shape);
  const images = new Uint8Array(indices.length * size);
  const labels = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * size;
    images.set(data.images.subarray(from, from + size), i * size);
    labels[i] = data.labels[indices[i]];
  }
  return { ...data, images, labels };
}

/** The first `count` images (all, if there are fewer), without a copy. */
export function firstOf(data: Dataset, count: number): Dataset {
  return {
    ...data,
    images: data.images.subarray(0, count * sizeOf(data.shape)),
    labels: data.labels.subarray(0, count),
  };
}

/**
 * @throws InputError if the arrays do not fit each other, a label has no class, or there is nothing in it.
 */
export function checkDataset(data: Dataset): void {
  const count = data.labels.length;
  if (count === 0) throw new InputError(`${data.name}: there are no images in it.`);
  if (data.images.length !== count * sizeOf(data.shape)) {
    throw new InputError(
      `${data.name}: ${count} labels need ${count * sizeOf(data.shape)} bytes of images, but there are ${data.images.length}.`,
    );
  }
  const wrong = data.labels.findIndex((label) => label >= data.classes.length);
  if (wrong >= 0) {
    throw new InputError(
      `${data.name}: label ${data.labels[wrong]} of image ${wrong} is out of range: there are ${data.classes.length} classes, numbered from 0.`,
    );
  }
}
