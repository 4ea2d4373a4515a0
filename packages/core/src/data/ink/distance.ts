import { type Mask, transposed } from "./plane.js";

/**
 * The square of each pixel's distance to the nearest marked one, between their centres (P. Felzenszwalb, D. Huttenlocher, 2012).
 * @param mask `[height, width]`
 * @returns `[height, width]`, in square pixels; a number above all others where nothing is marked
 */
export function squareDistances(mask: Mask, width: number): Float32Array {
  const height = mask.length / width;
  const far = 2 * (width * width + height * height);
  const start = new Float32Array(mask.length);
  for (let k = 0; k < mask.length; k++) start[k] = mask[k] ? 0 : far;
  const columns = transposed(start, width);
  lowestParabolas(columns, height);
  const rows = transposed(columns, height);
  lowestParabolas(rows, width);
  return rows;
}

/** Along each line: the lower envelope of the parabolas that stand on its values. In place. */
function lowestParabolas(data: Float32Array, length: number): void {
  const line = new Float32Array(length);
  const places = new Int32Array(length);
  const bounds = new Float64Array(length + 1);
  for (let at = 0; at < data.length; at += length) {
    line.set(data.subarray(at, at + length));
    let last = 0;
    places[0] = 0;
    bounds[0] = -Infinity;
    bounds[1] = Infinity;
    for (let k = 1; k < length; k++) {
      let meet = meeting(line, places[last], k);
      while (meet <= bounds[last]) meet = meeting(line, places[--last], k);
      places[++last] = k;
      bounds[last] = meet;
      bounds[last + 1] = Infinity;
    }
    for (let k = 0, n = 0; k < length; k++) {
      while (bounds[n + 1] < k) n++;
      const away = k - places[n];
      data[at + k] = away * away + line[places[n]];
    }
  }
}

function meeting(line: Float32Array, a: number, b: number): number {
  return (line[b] + b * b - (line[a] + a * a)) / (2 * (b - a));
}
