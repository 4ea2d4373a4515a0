/** Mean, variance, and the third and fourth moments of the values as multiples of the standard deviation. */
export function momentsOf(values: ArrayLike<number>): {
  readonly mean: number;
  readonly variance: number;
  readonly skewness: number;
  readonly kurtosis: number;
} {
  const all = Array.from(values);
  const average = (of: (value: number) => number) =>
    all.reduce((sum, value) => sum + of(value), 0) / all.length;
  const mean = average((value) => value);
  const variance = average((value) => (value - mean) ** 2);
  return {
    mean,
    variance,
    skewness: average((value) => (value - mean) ** 3) / variance ** 1.5,
    kurtosis: average((value) => (value - mean) ** 4) / variance ** 2,
  };
}

/** Pearson's chi-square of counts that should all be equal. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
