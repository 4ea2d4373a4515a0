/** Where the number of image n of a batch of so many lies within a cell: see compiler/webgpu/widen.ts. */
export const placeIn = (images: number, n: number): number =>
  ((n >> 2) & 1) * (images / 2) + 4 * (n >> 3) + (n & 3);
