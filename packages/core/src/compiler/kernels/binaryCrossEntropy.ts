import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  integer,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  madd,
  max,
  mul,
  select,
  splat,
  type Variable,
} from "../../ir/ir.js";
import { known } from "../../known.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { exponential } from "./exponential.js";
import { belowZero } from "./smooth.js";
import { STATISTICS, type Targets } from "./softmaxCrossEntropy.js";

const SIGN = integer(-0x80000000);

/**
 * ln(1 + e) for e from 0 to 1, to 3 units in the last place: 2 artanh(s) with s = e / (2 + e), at most 1/3, by its series up to
 * s^15 / 15; what is left out is below 2e-9 of it. So it is as exact for the smallest e as for 1.
 */
function log1pOfShare(b: LoopNestBuilder, e: Variable): Expression {
  const s = b.variable(div(e, add(constant(2), e)));
  const square = b.variable(mul(s, s));
  let series: Expression = constant(1 / 15);
  for (let n = 13; n >= 1; n -= 2) series = madd(series, square, constant(1 / n));
  return mul(mul(constant(2), s), series);
}

/**
 * The gradient of the binary cross-entropy with respect to the scores, 1 / (N K) * (p - y) with p = 1 / (1 + e^-z), and for each
 * image `margin` = minus its loss, with a `sum` of 1, whose logarithm is nothing.
 * @param z scores, a cell for each class
 * @param labels one cell: each image's class as a float32 number; with several labels at once, a cell for each class
 * @param scale one cell: 1/N for each image, or 1 / the sum of the images' weights; 0 for what only fills the block
 * @param dz becomes the gradient
 * @param halves of the cells that have images in them
 */
export function binaryCrossEntropyGradient(
  name: string,
  z: View,
  labels: Buffer,
  scale: Buffer,
  dz: View,
  statistics: Buffer,
  { classWeights, several }: Targets,
  halves: readonly number[] = HALVES,
): LoopNest {
  const [K] = z.shape;
  return loopNest(name, (b) => {
    for (const half of halves) {
      const label = several ? undefined : b.variable(load(at(labels, half)));
      // with several labels at once: 1 as long as every answer is right, then 0
      const allRight = several ? b.variable(constant(1)) : undefined;
      const largest = b.variable(load(at(z.buffer, z.start + half)));
      const winner = b.variable(constant(0));
      const losses = b.variable(constant(0));
      const weight = b.variable(constant(1));
      // counted in a vector, because a loop's counter is no number that one can compare with
      const k = b.variable(constant(0));
      b.loop("k", K, (index) => {
        const score = b.variable(load(at(z.buffer, z.start + half, [index, BLOCK])));
        const isRight = b.variable(
          label ? binary("eq", k, label) : binary("gt", load(at(labels, half, [index, BLOCK])), constant(0)),
        );
        // how far the score is to the wrong side: both loss and gradient are those of the answer no, of this or of its opposite
        const flipped = b.variable(binary("and", isRight, SIGN));
        const wrong = b.variable(binary("xor", score, flipped));
        const e = b.variable(exponential(b, b.variable(belowZero(score))));
        const share = b.variable(div(constant(1), add(constant(1), e)));
        const tooMuch = select(binary("gt", wrong, constant(0)), share, mul(e, share));
        b.store(at(dz.buffer, dz.start + half, [index, BLOCK]), binary("xor", tooMuch, flipped));
        losses.set(add(losses, add(max(wrong, constant(0)), log1pOfShare(b, e))));
        winner.set(select(binary("gt", score, largest), k, winner));
        largest.set(max(largest, score));
        if (classWeights) weight.set(select(isRight, splat(at(classWeights, 0, [index, 1])), weight));
        const isYes = binary("gt", score, constant(0));
        allRight?.set(binary("andnot", allRight, binary("xor", isYes, isRight)));
        k.set(add(k, constant(1)));
      });
      b.store(at(statistics, STATISTICS.sum + half), constant(1));
      const margin = mul(constant(-1 / K), losses);
      b.store(at(statistics, STATISTICS.margin + half), classWeights ? mul(weight, margin) : margin);
      b.store(
        at(statistics, STATISTICS.correct + half),
        allRight ?? binary("and", binary("eq", winner, known(label)), constant(1)),
      );
      const each = mul(constant(1 / K), load(at(scale, half)));
      const factor = b.variable(classWeights ? mul(weight, each) : each);
      b.loop("k", K, (index) => {
        const place = at(dz.buffer, dz.start + half, [index, BLOCK]);
        b.store(place, mul(load(place), factor));
      });
    }
  });
}
