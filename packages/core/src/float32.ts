/* What float32 holds: kernels, and all that is stored, have numbers of this kind. JavaScript's own have a wider range. */

/** The smallest positive number with all its digits, 1.2e-38. */
export const SMALLEST_NORMAL = 2 ** -126;

/** 3.4e+38. */
export const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** `1.2e-38 to 3.4e+38` */
export const RANGE = `${SMALLEST_NORMAL.toPrecision(2)} to ${LARGEST.toPrecision(2)}`;

/** Whether a number is neither too small nor too large: 0 is neither. */
export function fitsFloat32(value: number): boolean {
  return value === 0 || (Math.abs(value) >= SMALLEST_NORMAL && Math.abs(value) <= LARGEST);
}
