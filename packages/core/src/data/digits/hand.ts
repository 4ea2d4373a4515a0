/**
 * How much one digit differs from the next: every number here was tuned by training on drawn digits and testing on
 * MNIST's training images (docs/data.md). Lengths are in hundredths of the digit's height unless they say otherwise;
 * "spread" is a standard deviation.
 */
export const HAND = {
  /** Each point of a stroke, and each stroke as a whole, is off by this. */
  pointSpread: 5.5,
  strokeSpread: 2.2,
  /** The first and last stretch of a stroke is longer (overshooting) or shorter (unfinished) by this share. */
  endMean: -0.04,
  endSpread: 0.4,
  /** Sideways shift per height: positive leans to the right. */
  slantMean: 0.17,
  slantSpread: 0.25,
  /** Radians, nearly. */
  rotationSpread: 0.09,
  /** The natural logarithm of the width's factor. */
  widthSpread: 0.2,
  /** Smooth bending of the whole digit: the coefficients of second and third powers, in half heights. */
  bendSpread: 0.12,
  /** Pen width in pixels of the finished picture: the middle, and its logarithm's spread. */
  penWidth: 2.35,
  penSpread: 0.3,
  penLeast: 1.2,
  penMost: 5.5,
  /** Change of pen width along the way, as a share. */
  pressureSpread: 0.25,
  /** A broad nib draws thick one way and thin the other way: the greatest difference, as a share. */
  nibMost: 0.25,
  /** How often a stroke's end is thinner, and how thin. */
  taperChance: 0.3,
  taperLeast: 0.4,
  /** Trembling of the line, in pixels of the finished picture. */
  tremble: 0.45,
  /** Width of the grey rim, in pixels of the finished picture. */
  blurLeast: 0.2,
  blurMost: 1.0,
};
