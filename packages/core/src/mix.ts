/*
 * A permutation of the unsigned 32-bit numbers that hardly favours any bit, for numbers that follow from a few others: what dropout
 * keeps, and how images are changed. The constants are those of C. Wellons' "lowbias32", 2018.
 */

/** The constants of a mix, for kernels that do the same. */
export const MIX = { shifts: [16, 15, 16], factors: [0x7feb352d, 0x846ca68b] } as const;

/** How far the keys of neighbouring cells lie from each other: 2^32 divided by the golden ratio. */
export const CELL_STEP = 0x9e3779b9;

export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), MIX.factors[0]);
  h = Math.imul(h ^ (h >>> 15), MIX.factors[1]);
  return (h ^ (h >>> 16)) >>> 0;
}
