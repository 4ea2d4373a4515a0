import {
  add,
  constant,
  type Expression,
  type LoopNestBuilder,
  madd,
  mul,
  sub,
  type Variable,
} from "../../../ir/ir.js";

/*
 * Winograd's convolution F(4, 3): four outputs of a kernel of three weights from six inputs, with six multiplications in
 * place of twelve (A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2016; the points are
 * 0, 1, -1, 2, -2 and infinity):
 *
 *   y = At [ (G g) * (Bt d) ]        six inputs d, three weights g, four outputs y; * number by number
 *
 *        | 4  0 -5  0  1  0 |        |  6  0  0 |
 *        | 0 -4 -4  1  1  0 |        | -4 -4 -4 |         | 1  1  1  1  1  0 |
 *   Bt = | 0  4 -4 -1  1  0 |   24 G =| -4  4 -4 |   At = | 0  1 -1  2 -2  0 |
 *        | 0 -2 -1  2  1  0 |        |  1  2  4 |         | 0  1  1  4  4  0 |
 *        | 0  2 -1 -2  1  0 |        |  1 -2  4 |         | 0  1 -1  8 -8  1 |
 *        | 0  4  0 -5  0  1 |        |  0  0 24 |
 *
 * An image's tile is transformed along its columns and then along its rows. The way back is the same backwards: each
 * matrix transposed. Below, each function is one of these matrices times a vector.
 */

type Values = readonly Variable[];
type Transform = (b: LoopNestBuilder, values: Values) => Expression[];

const times = (factor: number, a: Expression, c: Expression) => madd(a, constant(factor), c);

/** Bt d */
export const inputs: Transform = (b, [d0, d1, d2, d3, d4, d5]) => {
  const even = b.variable(times(-4, d2, d4));
  const odd = b.variable(times(-4, d1, d3));
  const evenNear = b.variable(sub(d4, d2));
  const oddNear = b.variable(sub(d3, d1));
  return [
    times(4, d0, times(-5, d2, d4)),
    add(even, odd),
    sub(even, odd),
    times(2, oddNear, evenNear),
    times(-2, oddNear, evenNear),
    times(4, d1, times(-5, d3, d5)),
  ];
};

/** B p */
export const inputGradients: Transform = (b, [p0, p1, p2, p3, p4, p5]) => {
  const sum = b.variable(add(p1, p2));
  const difference = b.variable(sub(p1, p2));
  const sumFar = b.variable(add(p3, p4));
  const differenceFar = b.variable(sub(p3, p4));
  return [
    mul(p0, constant(4)),
    times(-4, difference, times(-2, differenceFar, mul(p5, constant(4)))),
    times(-5, p0, times(-4, sum, sub(constant(0), sumFar))),
    times(2, differenceFar, times(-5, p5, difference)),
    add(p0, add(sum, sumFar)),
    p5,
  ];
};

/** At m */
export const outputs: Transform = (b, [m0, m1, m2, m3, m4, m5]) => {
  const sum = b.variable(add(m1, m2));
  const difference = b.variable(sub(m1, m2));
  const sumFar = b.variable(add(m3, m4));
  const differenceFar = b.variable(sub(m3, m4));
  return [
    add(add(m0, sum), sumFar),
    times(2, differenceFar, difference),
    times(4, sumFar, sum),
    times(8, differenceFar, add(difference, m5)),
  ];
};

/** A y */
export const outputGradients: Transform = (b, [y0, y1, y2, y3]) => {
  const even = b.variable(add(y0, y2));
  const odd = b.variable(add(y1, y3));
  const evenFar = b.variable(times(4, y2, y0));
  const oddFar = b.variable(times(8, y3, add(y1, y1)));
  return [y0, add(even, odd), sub(even, odd), add(evenFar, oddFar), sub(evenFar, oddFar), y3];
};

/** G g */
export const weights: Transform = (b, [g0, g1, g2]) => {
  const ends = b.variable(mul(add(g0, g2), constant(-1 / 6)));
  const endsFar = b.variable(times(1 / 6, g2, mul(g0, constant(1 / 24))));
  return [
    mul(g0, constant(1 / 4)),
    times(-1 / 6, g1, ends),
    times(1 / 6, g1, ends),
    times(1 / 12, g1, endsFar),
    times(-1 / 12, g1, endsFar),
    g2,
  ];
};

/** Gt u */
export const weightGradients: Transform = (b, [u0, u1, u2, u3, u4, u5]) => {
  const sum = b.variable(mul(add(u1, u2), constant(-1 / 6)));
  const sumFar = b.variable(add(u3, u4));
  const difference = b.variable(sub(u2, u1));
  const differenceFar = b.variable(sub(u3, u4));
  return [
    times(1 / 4, u0, times(1 / 24, sumFar, sum)),
    times(1 / 6, difference, mul(differenceFar, constant(1 / 12))),
    add(times(1 / 6, sumFar, sum), u5),
  ];
};

/**
 * Transforms a tile along its columns, then along its rows.
 * @param read cell (r, q) of a tile of `rows` by `columns` cells
 * @param keep holds what lies between the two: stores and loads cell (r, q) of six rows of six cells at most
 * @param write takes cell (r, q) of the result
 */
export function transformTile(
  b: LoopNestBuilder,
  transform: Transform,
  [rows, columns]: readonly [number, number],
  read: (r: number, q: number) => Expression,
  keep: { store(r: number, q: number, value: Expression): void; load(r: number, q: number): Expression },
  write: (r: number, q: number, value: Expression) => void,
): void {
  let height = 0;
  for (let q = 0; q < columns; q++) {
    const column = Array.from({ length: rows }, (_, r) => b.variable(read(r, q)));
    const values = transform(b, column);
    height = values.length;
    for (const [r, value] of values.entries()) keep.store(r, q, value);
  }
  for (let r = 0; r < height; r++) {
    const row = Array.from({ length: columns }, (_, q) => b.variable(keep.load(r, q)));
    for (const [q, value] of transform(b, row).entries()) write(r, q, value);
  }
}
