/*
 * What the steps from a picture to its ink have in common: numbers and marks, one for each pixel.
 *
 * Only + - * / and square roots: the same bits in every JavaScript engine.
 */

/** A number for each pixel, `[height, width]`, row-major. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** 1 for each pixel that belongs, else 0: `[height, width]`. */
export type Mask = Uint8Array;

/** Where something lies: columns [left, right), rows [top, bottom). */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const widthOf = ({ left, right }: Box) => right - left;
export const heightOf = ({ top, bottom }: Box) => bottom - top;

/** The smallest box around all of them. */
export function boxAround(boxes: readonly Box[]): Box {
  return boxes.reduce((all, box) => ({
    left: Math.min(all.left, box.left),
    right: Math.max(all.right, box.right),
    top: Math.min(all.top, box.top),
    bottom: Math.max(all.bottom, box.bottom),
  }));
}

/** The box of the pixels that are marked; undefined where none is. */
export function boxOf(mask: Mask, width: number): Box | undefined {
  const height = mask.length / width;
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++) {
    const first = mask.subarray(y * width, (y + 1) * width).indexOf(1);
    if (first < 0) continue;
    const last = mask.subarray(y * width, (y + 1) * width).lastIndexOf(1);
    if (first < left) left = first;
    if (last >= right) right = last + 1;
    if (y < top) top = y;
    bottom = y + 1;
  }
  return right > 0 ? { left, right, top, bottom } : undefined;
}

/** Marks what is at least `least`, among what is looked at. */
export function atLeast({ data }: Plane, least: number, seen?: Mask): Mask {
  const mask = new Uint8Array(data.length);
  for (let k = 0; k < data.length; k++) if (data[k] >= least && (seen === undefined || seen[k])) mask[k] = 1;
  return mask;
}

/** How many are marked. */
export function count(mask: Mask): number {
  let sum = 0;
  for (let k = 0; k < mask.length; k++) sum += mask[k];
  return sum;
}

/** Marks what is not marked. */
export function inverse(mask: Mask): Mask {
  const other = new Uint8Array(mask.length);
  for (let k = 0; k < mask.length; k++) other[k] = 1 - mask[k];
  return other;
}

/** The plane with rows as columns. */
export function transposed<T extends Float32Array | Uint8Array>(data: T, width: number): T {
  const height = data.length / width;
  const turned = new (data.constructor as new (length: number) => T)(data.length);
  // in squares, so that what is read and what is written stays near
  for (let top = 0; top < height; top += 32) {
    for (let left = 0; left < width; left += 32) {
      const bottom = Math.min(height, top + 32);
      const right = Math.min(width, left + 32);
      for (let y = top; y < bottom; y++)
        for (let x = left; x < right; x++) turned[x * height + y] = data[y * width + x];
    }
  }
  return turned;
}
