import { InputError, show } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import { formatShape, type Tensor, zeros } from "../tensor.js";

/** The right classes, and how they were given. */
export interface Labels {
  /** `[N, K]`: how much of each image's answer each class is; a single 1 in each row, as a rule. */
  readonly rows: Tensor;
  readonly given: "numbers" | "numbers from 1" | "one-hot" | "one-hot columns";
}

/** @throws InputError if `y` is neither class numbers nor one-hot rows */
export function readLabels({ shape, data }: NpyArray, images: number, classes: number): Labels {
  if (data.length === images) return classNumbers(data, images, classes);
  if (data.length !== images * classes) {
    throw new InputError(
      `y has shape ${formatShape(shape)}, but there are ${images} images and ${classes} classes; save class numbers or one-hot rows.`,
    );
  }
  const long = shape.filter((size) => size !== 1);
  const columns = long.length === 2 && long[0] === classes && long[1] === images && classes !== images;
  const rows = zeros([images, classes], "float64");
  for (let n = 0; n < images; n++) {
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const value = data[columns ? k * images + n : n * classes + k];
      rows.data[n * classes + k] = value;
      sum += value;
    }
    if (!(Math.abs(sum - 1) < 1e-2)) {
      throw new InputError(
        `y should be class numbers or have a single 1 for each image, but the ${show(classes)} numbers of image ${n} add up to ${sum}.`,
      );
    }
  }
  return { rows, given: columns ? "one-hot columns" : "one-hot" };
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
