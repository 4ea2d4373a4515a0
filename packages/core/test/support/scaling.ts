import type { ScalingPoint } from "unravel-cnn";

/** Points as if so many seconds had been measured at each value. */
export function pointsOf(
  values: readonly number[],
  seconds: (value: number) => number,
  spread = 0.05,
): ScalingPoint[] {
  return values.map((value) => ({
    value,
    multiplyAddsPerEpoch: 1e9 * value,
    secondsPerEpoch: seconds(value),
    fastest: seconds(value) * (1 - spread),
    slowest: seconds(value) * (1 + spread),
    imagesTimed: 1000,
    gflops: (2 * value) / seconds(value),
  }));
}

export const DOUBLINGS = [1, 2, 4, 8, 16, 32, 64];
