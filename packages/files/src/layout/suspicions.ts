import { countOf, type Dataset, sizeOf } from "unravel-cnn";
import { repeatedIn } from "./duplicates.js";

/** What looks wrong with labelled images. */
export interface Suspicions {
  /** Places of images that are the same value everywhere. */
  readonly blank: readonly number[];
  /** Places of images that stand there again later, with the first of them. */
  readonly repeated: readonly { readonly image: number; readonly first: number }[];
  /** Among these, those whose label is another one. */
  readonly contradictory: readonly { readonly image: number; readonly first: number }[];
}

/** Looks at each image of a data set. */
export function suspicionsOf(data: Dataset): Suspicions {
  const size = sizeOf(data.shape);
  const blank: number[] = [];
  for (let image = 0; image < countOf(data); image++) {
    const bytes = data.images.subarray(image * size, (image + 1) * size);
    if (bytes.every((value) => value === bytes[0])) blank.push(image);
  }
  const repeated = repeatedIn(data.images, size);
  const each = data.labels.length / countOf(data);
  const labelsOf = (image: number) => data.labels.subarray(image * each, (image + 1) * each);
  const contradictory = repeated.filter(({ image, first }) => {
    const others = labelsOf(first);
    return labelsOf(image).some((label, k) => label !== others[k]);
  });
  return { blank, repeated, contradictory };
}
