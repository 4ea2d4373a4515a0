import type { Normalization } from "../graph/model.js";
import { type DType, type ImageShape, sizeOf, type Tensor, zeros } from "../tensor.js";

/**
 * The images at `indices` as a batch `[N, C, H, W]`: bytes become numbers in [0, 1], and then (x - mean) / std of their
 * channel.
 * @param images bytes `[count, C, H, W]`
 */
export function loadBatch(
  images: Uint8Array,
  shape: ImageShape,
  indices: ArrayLike<number>,
  { mean, std }: Normalization,
  dtype: DType = "float32",
): Tensor {
  const size = sizeOf(shape);
  const plane = shape[1] * shape[2];
  const batch = zeros([indices.length, ...shape], dtype);
  let cell = 0;
  for (let n = 0; n < indices.length; n++) {
    const image = images.subarray(indices[n] * size, (indices[n] + 1) * size);
    for (let k = 0; k < size; k++) {
      const channel = Math.floor(k / plane);
      batch.data[cell++] = (image[k] / 255 - mean[channel]) / std[channel];
    }
  }
  return batch;
}
