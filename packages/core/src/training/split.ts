import { countOf, type Dataset, subset } from "../data/dataset.js";
import { InputError } from "../errors.js";
import { permutation, randomStream } from "../random.js";

/** Images to train on, and images to look at while training. */
export interface Split {
  readonly train: Dataset;
  readonly validation: Dataset | undefined;
}

/**
 * Sets `validation` images (see TrainingSettings) of a data set aside.
 * @throws InputError unless some images are left on both sides
 */
export function splitValidation(data: Dataset, validation: number, seed: number): Split {
  if (validation === 0) return { train: data, validation: undefined };
  const count = countOf(data);
  const size = validation > 0 && validation < 1 ? Math.round(validation * count) : validation;
  if (!Number.isInteger(size) || size < 1 || size >= count) {
    throw new InputError(
      `The validation split must be a share between 0 and 1 or a number of images below ${count}, not ${validation}.`,
    );
  }
  const order = permutation(count, randomStream(seed, "validation"));
  return {
    // in their old order, so that the split alone changes nothing else
    train: subset(data, order.subarray(size).sort()),
    validation: subset(data, order.subarray(0, size).sort()),
  };
}
