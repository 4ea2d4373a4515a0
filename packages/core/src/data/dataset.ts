import { InputError, inContext, show } from "../errors.js";
import { isTyped, kindOf, text, wholeNumber } from "../options.js";
import { type ImageShape, sizeOf } from "../tensor.js";

/** Labelled images. They stay bytes; scaling to [0, 1] happens when a batch is loaded. */
export interface Dataset {
  /** For people: `MNIST`, `drawn digits`, or a folder's name. */
  readonly name: string;
  readonly shape: ImageShape;
  /** `[N, C, H, W]`, 0 to 255. */
  readonly images: Uint8Array;
  /**
   * `[N]`: index of the class. Or `[N, classes]`, image by image, 1 for each class that it shows and 0 for the others: several
   * labels at once, which the loss `binaryCrossEntropy` takes.
   */
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
  return data.labels.length / labelsPerImage(data);
}

/** How many numbers `labels` has for an image: 1, or with several labels at once as many as there are classes. */
export function labelsPerImage({ images, labels, classes, shape }: Dataset): number {
  const perImage = (labels.length * sizeOf(shape)) / images.length;
  return perImage > 1 && perImage === classes.length ? perImage : 1;
}

/** The labels of the images at `indices`, in that order. */
export function labelsAt(data: Dataset, indices: ArrayLike<number>): Uint8Array {
  const each = labelsPerImage(data);
  const labels = new Uint8Array(each * indices.length);
  for (let i = 0; i < indices.length; i++) {
    for (let k = 0; k < each; k++) labels[i * each + k] = data.labels[indices[i] * each + k];
  }
  return labels;
}

/** The images at `indices`, in that order. @throws InputError if there is no such image */
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  checkKinds(data);
  const size = sizeOf(data.shape);
  const count = countOf(data);
  for (let i = 0; i < indices.length; i++) {
    if (Number.isInteger(indices[i]) && indices[i] >= 0 && indices[i] < count) continue;
    throw new InputError(
      `${data.name}: there is no image ${indices[i]}; there are ${count}, numbered from 0.`,
    );
  }
  const images = new Uint8Array(indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * size;
    images.set(data.images.subarray(from, from + size), i * size);
  }
  return { ...data, images, labels: labelsAt(data, indices) };
}

/**
 * The first `count` images (all, if there are fewer), without a copy.
 * @throws InputError unless `count` is a whole number, or infinite
 */
export function firstOf(data: Dataset, count: number): Dataset {
  checkKinds(data);
  if (count !== Infinity) inContext(data.name, () => wholeNumber("the number of images", count, 0));
  return {
    ...data,
    images: data.images.subarray(0, count * sizeOf(data.shape)),
    labels: data.labels.subarray(0, count * labelsPerImage(data)),
  };
}

/**
 * Looks whether a data set is sound: bytes that fill its shape, and a class for each label.
 * @throws InputError if an array is of another kind, or they do not fit each other, a label has no class, or there is nothing in it.
 */
export function checkDataset(data: Dataset): void {
  checkKinds(data);
  const count = countOf(data);
  if (count === 0) throw new InputError(`${data.name}: there are no images in it.`);
  if (data.images.length !== count * sizeOf(data.shape)) {
    throw new InputError(
      `${data.name}: ${count} labels need ${count * sizeOf(data.shape)} bytes of images, but there are ${data.images.length}.`,
    );
  }
  const each = labelsPerImage(data);
  if (each > 1) {
    const wrong = data.labels.findIndex((label) => label > 1);
    if (wrong < 0) return;
    throw new InputError(
      `${data.name}: with several labels at once each is 0 or 1, but that of class ${show(data.classes[wrong % each])} for image ${Math.floor(wrong / each)} is ${data.labels[wrong]}.`,
    );
  }
  const wrong = data.labels.findIndex((label) => label >= data.classes.length);
  if (wrong >= 0) {
    throw new InputError(
      `${data.name}: label ${data.labels[wrong]} of image ${wrong} is out of range: there are ${data.classes.length} classes, numbered from 0.`,
    );
  }
}

/** What images must be, for messages. */
export const BYTES = "a Uint8Array with one byte for each pixel, from 0 to 255";

/** Numbers in [0, 1] would be read as black, and those of a plain array can't be cut into images. */
export function checkBytes(images: unknown): void {
  if (isTyped(images, "Uint8Array")) return;
  const floats = /^a Float/.test(kindOf(images));
  throw new InputError(
    `images must be ${BYTES}, not ${kindOf(images)}${floats ? "; make bytes of numbers from 0 to 1 with Uint8Array.from(images, (value) => Math.round(255 * value))" : ""}`,
  );
}

/** @throws InputError unless everything in a data set is of its kind */
function checkKinds(data: Dataset): void {
  inContext("The data set", () => {
    if (typeof data !== "object" || data === null) {
      throw new InputError(
        `it must be an object with name, shape, images, labels and classes, not ${kindOf(data)}`,
      );
    }
    const { name, shape, images, labels, classes } = data;
    text("name", name);
    if (!Array.isArray(shape) || shape.length !== 3) {
      throw new InputError(`shape must be [channels, height, width], not ${show(shape)}`);
    }
    for (const size of shape) wholeNumber("each number of shape", size, 1);
    checkBytes(images);
    if (!isTyped(labels, "Uint8Array")) {
      checkThatBytesDo(labels);
      throw new InputError(
        `labels must be a Uint8Array with the index of each image's class, not ${kindOf(labels)}; make one with Uint8Array.from(labels)`,
      );
    }
    if (!Array.isArray(classes) || classes.some((name) => typeof name !== "string")) {
      throw new InputError(`classes must be a list of names like ["cat", "dog"], not ${show(classes)}`);
    }
  });
}

/** A network may have more classes than bytes can tell apart, but not learn them: made bytes of, their labels would be others. */
function checkThatBytesDo(labels: unknown): void {
  const list =
    Array.isArray(labels) || ArrayBuffer.isView(labels) ? Array.from(labels as ArrayLike<unknown>) : [];
  const image = list.findIndex((label) => Number(label) > 255);
  if (image < 0) return;
  throw new InputError(
    `labels are bytes, so that at most 256 classes can be trained and tested, 0 to 255, but image ${image} is of class ${show(list[image])}; a network with more classes can only predict`,
  );
}
