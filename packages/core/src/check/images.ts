import type { NpyArray } from "../formats/npy.js";
import { type ImageShape, type Shape, sizeOf } from "../tensor.js";
import { type AxisOrder, fittingOrders } from "./layouts.js";

/** What `x` can be: so many images of a shape, in an order. */
export interface ImagesReading {
  readonly images: number;
  readonly shape: ImageShape;
  readonly order: AxisOrder;
}

/**
 * All readings of the shape of `x`, the usual ones first.
 * @param channels how many the first convolution takes; undefined if a dense layer comes first
 * @param counts how many images there can be, going by the labels; undefined if they aren't given
 */
export function imagesReadings(
  yours: Shape,
  channels: number | undefined,
  counts: readonly number[] | undefined,
): ImagesReading[] {
  const size = sizeOf(yours);
  const readings: ImagesReading[] = [];
  for (const images of counts ?? [...new Set([yours[0] ?? 1, 1, yours[yours.length - 1] ?? 1])]) {
    const perImage = size / images;
    const cells = perImage / (channels ?? 1);
    if (!Number.isInteger(cells) || cells < 1) continue;
    for (const [height, width] of sidesOf(cells, yours)) {
      if (channels === undefined && height !== 1 && height * width !== cells) continue;
      const shape: ImageShape = [channels ?? 1, height, width];
      for (const order of fittingOrders("x", [images, ...shape], yours))
        readings.push({ images, shape, order });
    }
  }
  return readings;
}

/** Heights and widths with so many cells: neighbours in the person's shape first, then a square. */
function sidesOf(cells: number, yours: Shape): [number, number][] {
  const sides: [number, number][] = [];
  const add = (height: number, width: number) => {
    const known = sides.some(([h, w]) => h === height && w === width);
    if (height * width === cells && !known) sides.push([height, width]);
  };
  for (let k = 0; k + 1 < yours.length; k++) add(yours[k], yours[k + 1]);
  const side = Math.sqrt(cells);
  if (Number.isInteger(side)) add(side, side);
  for (const size of yours) add(size, cells / size);
  add(1, cells);
  return sides;
}

/** How many images the labels can be for: one number each, or a row with one for each class. */
export function labelCounts(y: NpyArray | undefined, classes: readonly number[]): number[] | undefined {
  if (!y) return undefined;
  const size = y.data.length;
  const oneHot = classes
    .map((count) => size / count)
    .filter((images) => Number.isInteger(images) && images > 0 && !isRowOfClasses(y, images));
  return [...oneHot, size];
}

function isRowOfClasses({ shape, data }: NpyArray, images: number): boolean {
  const isMatrix = shape.filter((size) => size > 1).length > 1;
  return data.length === images || (!isMatrix && data.some((value) => value > 1));
}
