import { type ImageShape, type Normalization, sizeOf } from "unravel-cnn";

/**
 * Mean and standard deviation of each channel, of pixels in [0, 1], to six digits: what makes the images' mean 0 and their deviation
 * 1. A channel that is the same everywhere keeps its scale.
 * @param images `[N, C, H, W]`
 */
export function normalizationOf(images: Uint8Array, shape: ImageShape): Normalization {
  const [channels, height, width] = shape;
  const plane = height * width;
  const count = (images.length / sizeOf(shape)) * plane;
  const mean: number[] = [];
  const std: number[] = [];
  for (let c = 0; c < channels; c++) {
    let sum = 0; // whole numbers below 2^53: both sums are exact
    let squares = 0;
    for (let from = c * plane; from < images.length; from += channels * plane) {
      for (let start = from; start < from + plane; start += AT_ONCE) {
        const end = Math.min(from + plane, start + AT_ONCE);
        let few = 0; // sums of 32 bits are faster
        let fewSquares = 0;
        for (let k = start; k < end; k++) {
          const value = images[k];
          few = (few + value) | 0;
          fewSquares = (fewSquares + Math.imul(value, value)) | 0;
        }
        sum += few;
        squares += fewSquares;
      }
    }
    const centre = sum / count;
    const variance = squares / count - centre * centre;
    mean.push(rounded(centre / 255));
    std.push(variance > 1e-6 ? rounded(Math.sqrt(variance) / 255) : 1);
  }
  return { mean, std };
}

/** So many squares of bytes fit into 32 bits. */
const AT_ONCE = 32768;

const rounded = (value: number) => Number(value.toPrecision(6));
