import { countOf, type Dataset, labelsPerImage, subset } from "../data/dataset.js";
import { InputError } from "../errors.js";
import { permutation, randomStream } from "../random.js";

/** Images to train on, and images to look at while training. */
export interface Split {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
}

/**
 * Sets `validation` images (see TrainingSettings) of a data set aside.
 * @param stratify whether of each class as large a share is set aside; images with several labels are drawn alike
 * @throws InputError unless some images are left on both sides
 */
export function splitValidation(data: Dataset, validation: number, seed: number, stratify = false): Split {
  if (validation === 0) return { train: data, validation: undefined };
  const count = countOf(data);
  const size = validation > 0 && validation < 1 ? Math.round(validation * count) : validation;
  if (!Number.isInteger(size) || size < 1 || size >= count) {
    throw new InputError(
      `The validation split must be a share between 0 and 1 or a number of images below ${count}, not ${validation}.`,
    );
  }
  const order = permutation(count, randomStream(seed, "validation"));
  const aside =
    stratify && labelsPerImage(data) === 1 ? firstOfEach(data, order, size) : firstOf(count, size);
  return {
    // in their old order, so that the split alone changes nothing else
    train: subset(data, order.filter((_, k) => aside[k] === 0).sort()),
    validation: subset(data, order.filter((_, k) => aside[k] === 1).sort()),
  };
}

/** 1 for the first `size` places of `count`. */
const firstOf = (count: number, size: number): Uint8Array => new Uint8Array(count).fill(1, 0, size);

/** 1 for the places in `order` of the first images of each class, as many as are its share of `size`. */
function firstOfEach({ labels, classes }: Dataset, order: Uint32Array, size: number): Uint8Array {
  const left = sharesOf(labels, classes.length, size);
  return Uint8Array.from(order, (image) => (left[labels[image]]-- > 0 ? 1 : 0));
}

/**
 * `size` divided among the classes as their images are. What rounding leaves goes to the largest remainders, but as long as
 * there are others not to a class that would have no image left to train on.
 */
function sharesOf(labels: Uint8Array, classes: number, size: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label] += 1;
  const shares = counts.map((count) => Math.floor((count * size) / labels.length));
  const remainder = (k: number) => (counts[k] * size) % labels.length;
  const wouldLose = (k: number) => (counts[k] === shares[k] + 1 ? 1 : 0);
  const byRemainder = [...counts.keys()]
    .filter((k) => counts[k] > shares[k])
    .sort((a, b) => wouldLose(a) - wouldLose(b) || remainder(b) - remainder(a) || a - b);
  const rest = size - shares.reduce((sum, share) => sum + share, 0);
  for (const k of byRemainder.slice(0, rest)) shares[k] += 1;
  return shares;
}
