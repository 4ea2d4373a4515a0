/**
 * How much one digit differs from the next: every number here was tuned by training on drawn digits and testing on
 * MNIST's training images (docs/data.md). Lengths are in hundredths of the digit's height unless they say otherwise;
 * "spread" is a standard deviation.
 */
export const HAND = {
  /** Some write neatly and some scrawl: what the spreads of points, strokes, ends and bending are multiplied by. */
  haste: [0.5, 1.5],
  /** Each point of a stroke, and each stroke as a whole, is off by this. */
  pointSpread: 6,
  /** How much of one point's error the next point takes over. */
  pointMemory: 0.6,
  strokeSpread: 2.2,
  /** The first and last stretch of a stroke is longer (overshooting) or shorter (unfinished) by this share. */
  endMean: -0.04,
  endSpread: 0.4,
  /** Sideways shift per height: positive leans to the right. */
  slantMean: [0.17, 0.23, 0.11, 0.03, 0.21, 0.08, 0.1, 0.08, 0.07, 0.17],
  slantSpread: 0.24,
  /** Radians, nearly. */
  rotationSpread: 0.07,
  /** The width's factor: its middle, for each digit, and its logarithm's spread. */
  widthMean: [0.95, 0.9, 1, 0.88, 0.9, 1, 0.85, 0.88, 0.88, 0.87],
  widthSpread: 0.17,
  /** Smooth bending of the whole digit: the coefficients of second and third powers, in half heights. */
  bendSpread: 0.13,
  /** Pen width in pixels of the finished picture: its middle, for each digit, and its logarithm's spread. */
  penWidth: [2.75, 2.75, 2.5, 2.4, 2.35, 2.25, 2.35, 2.6, 2.2, 2.2],
  penSpread: 0.24,
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
  tremble: 0.2,
  /** Width of the grey rim, in pixels of the finished picture. */
  blurLeast: 0.05,
  blurMost: 0.5,
};
