/**
 * One movement of the pen: x0, y0, x1, y1, ... in hundredths of the digit's height, x to the right and y downwards.
 * The pen goes through all the points in a smooth curve; a point given twice is a sharp corner.
 */
export type Stroke = readonly number[];

/**
 * One way to write a digit, as a few extreme examples of it. All poses of a glyph have the same strokes with the same
 * number of points, so that anything between them is a digit too.
 */
export interface Glyph {
  readonly digit: number;
  /** How common this way is among the ways to write the digit. */
  readonly weight: number;
  readonly poses: readonly (readonly Stroke[])[];
}
