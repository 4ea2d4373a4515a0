import { type Mask, type Plane, transposed } from "./plane.js";

/*
 * What lies in a square window around each pixel: its largest number, its smallest, its mean. Each is taken along the rows and
 * then along the columns, in a time that doesn't grow with the window. Windows end at the picture's border.
 */

/** The largest number within `radius` of each pixel, in both directions. `data` is `[height, width]`, as what is given back. */
export function largestAround({ width, height, data }: Plane, radius: number): Float32Array {
  const rows = largestInRows(data, width, radius);
  return transposed(largestInRows(transposed(rows, width), height, radius), height);
}

/** The smallest number within `radius` of each pixel. */
export function smallestAround({ width, height, data }: Plane, radius: number): Float32Array {
  const negative = new Float32Array(data.length);
  for (let k = 0; k < data.length; k++) negative[k] = -data[k];
  const largest = largestAround({ width, height, data: negative }, radius);
  for (let k = 0; k < largest.length; k++) largest[k] = -largest[k];
  return largest;
}

/** Whether a marked pixel lies within `radius`. */
export function grown(mask: Mask, width: number, radius: number): Mask {
  const near = largestAround({ width, height: mask.length / width, data: new Float32Array(mask) }, radius);
  return new Uint8Array(near);
}

/** Whether all pixels within `radius` are marked; what lies outside the picture counts as marked. */
export function shrunk(mask: Mask, width: number, radius: number): Mask {
  const near = smallestAround({ width, height: mask.length / width, data: new Float32Array(mask) }, radius);
  return new Uint8Array(near);
}

/** Van Herk's method: the largest from each block's beginning and to each block's end give any window's in one comparison. */
function largestInRows(data: Float32Array, width: number, radius: number): Float32Array {
  const result = new Float32Array(data.length);
  const size = 2 * radius + 1;
  const padded = width + 2 * radius;
  const line = new Float32Array(padded).fill(-Infinity);
  const fromStart = new Float32Array(padded);
  const toEnd = new Float32Array(padded);
  for (let row = 0; row < data.length; row += width) {
    line.set(data.subarray(row, row + width), radius);
    for (let start = 0; start < padded; start += size) {
      const end = Math.min(padded, start + size);
      let most = -Infinity;
      for (let k = start; k < end; k++) {
        if (line[k] > most) most = line[k];
        fromStart[k] = most;
      }
      most = -Infinity;
      for (let k = end - 1; k >= start; k--) {
        if (line[k] > most) most = line[k];
        toEnd[k] = most;
      }
    }
    for (let x = 0; x < width; x++) {
      const first = toEnd[x];
      const second = fromStart[x + size - 1];
      result[row + x] = first > second ? first : second;
    }
  }
  return result;
}

/** The mean within `radius` of each pixel, of those that are marked; 0 where none is. */
export function meanAround({ width, height, data }: Plane, radius: number, seen: Mask): Float32Array {
  const values = new Float32Array(data.length);
  for (let k = 0; k < data.length; k++) if (seen[k]) values[k] = data[k];
  const sums = sumAround(values, width, height, radius);
  const counts = sumAround(new Float32Array(seen), width, height, radius);
  for (let k = 0; k < sums.length; k++) sums[k] = counts[k] > 0 ? sums[k] / counts[k] : 0;
  return sums;
}

function sumAround(data: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rows = sumInRows(data, width, radius);
  return transposed(sumInRows(transposed(rows, width), height, radius), height);
}

function sumInRows(data: Float32Array, width: number, radius: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    let sum = 0; // a float64, so that what is added is taken away again
    for (let x = 0; x < Math.min(radius, width); x++) sum += data[row + x];
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += data[row + x + radius];
      if (x > radius) sum -= data[row + x - radius - 1];
      result[row + x] = sum;
    }
  }
  return result;
}
