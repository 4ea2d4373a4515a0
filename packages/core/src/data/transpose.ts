import { countOf, type Dataset } from "./dataset.js";

/** Exchanges rows and columns of each plane of `[N, height, width]`, in place: a copy of all might not fit beside it. */
export function transposePlanes(planes: Uint8Array, height: number, width: number): void {
  const size = height * width;
  const plane = new Uint8Array(size);
  for (let start = 0; start + size <= planes.length; start += size) {
    plane.set(planes.subarray(start, start + size));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) planes[start + x * height + y] = plane[y * width + x];
    }
  }
}

/**
 * A data set whose images have rows and columns exchanged, as those of EMNIST need it where they don't come from its own files. Its
 * bytes are changed.
 * @throws InputError unless everything in the data set is of its kind
 */
export function transposeImages(data: Dataset): Dataset {
  const [channels, height, width] = data.shape;
  if (countOf(data) > 0) transposePlanes(data.images, height, width);
  return { ...data, shape: [channels, width, height] };
}
