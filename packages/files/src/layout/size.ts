/** Sides that pictures of several sizes are made to. */
const SIDES = [64, 48, 32, 28];

/** Pictures that all have one size keep it up to here. */
export const LARGEST_SIDE = 128;

/**
 * A square for pictures of these sizes, not larger than half of them are.
 * @param sizes `[N, 2]`: widths and heights; those of 0 don't count
 */
export function suitableSize(sizes: ArrayLike<number>): [width: number, height: number] {
  const sides: number[] = [];
  for (let k = 0; k < sizes.length; k += 2) if (sizes[k] > 0) sides.push(Math.min(sizes[k], sizes[k + 1]));
  sides.sort((a, b) => a - b);
  const median = sides[sides.length >> 1] ?? 32;
  const side = SIDES.find((one) => one <= median) ?? Math.max(1, median);
  return [side, side];
}

/** The size of all, if they have one and it is not too large; else a square that suits them. */
export function commonSize(sizes: ArrayLike<number>): [width: number, height: number] {
  for (let k = 2; k < sizes.length; k++) if (sizes[k] !== sizes[k - 2]) return suitableSize(sizes);
  return Math.max(sizes[0], sizes[1]) <= LARGEST_SIDE ? [sizes[0], sizes[1]] : suitableSize(sizes);
}
