import type { Scale } from "unravel-cnn";

/**
 * Scales fit themselves to the numbers, so that the largest one has the strongest colour; but not to numbers that are next to
 * nothing: a map whose largest number is 0.0095 would look like one that found something. Up to this number a scale goes at least.
 */
const FLOOR = {
  /** Of what layers give: after a normalisation or a ReLU, numbers are about 1. */
  activation: 0.1,
  /** First weights of a wide dense layer are some hundredths. */
  parameter: 0.01,
  /** A thousandth: of a batch's images each has its share in a mean. */
  gradient: 0.001,
} as const;

/** A scale that goes at least as far as numbers of this kind are worth looking at. */
export function withFloor(scale: Scale, kind: keyof typeof FLOOR): Scale {
  return scale.largest >= FLOOR[kind] ? scale : { ...scale, largest: FLOOR[kind] };
}
