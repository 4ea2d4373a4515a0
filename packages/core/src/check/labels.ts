import { InputError } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import { formatShape, type Tensor, zeros } from "../tensor.js";

/** The right classes, and how they were given. */
export interface Labels {
  /** `[N, K]`: how much of each image's answer each class is; a single 1 in each row, as a rule. */
  readonly rows: Tensor;
  /** `answers`: a number for each class of each image, such as a 1 for each of several classes that are right. */
  readonly given: "numbers" | "numbers from 1" | "one-hot" | "one-hot columns" | "answers";
}

/** @throws InputError if `y` is neither class numbers nor a number for each class of each image */
export function readLabels({ shape, data }: NpyArray, images: number, classes: number): Labels {
  if (data.length === images && classes > 1) return classNumbers(data, images, classes);
  if (data.length !== images * classes) {
    throw new InputError(
      `y has shape ${formatShape(shape)}, but there are ${images} images and ${classes} classes; save class numbers, one-hot rows, or a number for each class of each image.`,
    );
  }
  const long = shape.filter((size) => size !== 1);
  const columns = long.length === 2 && long[0] === classes && long[1] === images && classes !== images;
  const rows = zeros([images, classes], "float64");
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < classes; k++) {
      const value = data[columns ? k * images + n : n * classes + k];
      if (!Number.isFinite(value)) {
        throw new InputError(
          `y should be class numbers or have a number for each class of each image, but that of class ${k} of image ${n} is ${value}.`,
        );
      }
      rows.data[n * classes + k] = value;
    }
  }
  const isOneHot = answersOf(rows).every((sum) => sum === 1);
  if (!isOneHot) return { rows, given: "answers" };
  return { rows, given: columns ? "one-hot columns" : "one-hot" };
}

/** How much answer each image has: 1, unless several classes are right, or none. What is 1 but for rounding is 1. */
export function answersOf({ shape: [images, classes], data }: Tensor): Float64Array {
  const sums = new Float64Array(images);
  for (let k = 0; k < data.length; k++) sums[Math.floor(k / classes)] += data[k];
  return sums.map((sum) => (Math.abs(sum - 1) < 1e-2 ? 1 : sum));
}

function classNumbers(data: ArrayLike<number>, images: number, classes: number): Labels {
  const numbers = Array.from(data);
  const wrong = numbers.findIndex((value) => !Number.isInteger(value) || value < 0 || value > classes);
  // Where the last class is called K, the first must be called 1.
  const fromOne = numbers.includes(classes) && !numbers.includes(0);
  if (wrong >= 0 || (numbers.includes(classes) && !fromOne)) {
    const n = wrong >= 0 ? wrong : numbers.indexOf(classes);
    throw new InputError(
      `y says that image ${n} is of class ${numbers[n]}, but the classes are 0 to ${classes - 1}.`,
    );
  }
  const rows = zeros([images, classes], "float64");
  for (const [n, value] of numbers.entries()) rows.data[n * classes + value - (fromOne ? 1 : 0)] = 1;
  return { rows, given: fromOne ? "numbers from 1" : "numbers" };
}
