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
  load,
  loopNest,
  madd,
  max,
  mul,
  pmax,
  select,
  shift,
  sub,
  unary,
} from "../../ir/ir.js";
import { BLOCK, HALVES, type View } from "../block.js";

/** What the kernel notes about each image, in cells: what makes its loss, and whether its winner is the right class. */
export const STATISTICS = { sum: 0, margin: BLOCK, correct: 2 * BLOCK, size: 3 * BLOCK } as const;

/**
 * The gradient of the mean loss with respect to the scores, (p - y) / N, and for each image `sum` = sum of e^(z - largest)
 * and `margin` = z[label] - largest, so that its loss is ln(sum) - margin.
 * @param z scores, a cell for each class
 * @param labels one cell: each image's class as a float32 number
 * @param scale one cell: 1/N for each image, 0 for what only fills the block
 * @param dz becomes the gradient
 * @param halves of the cells that have images in them
 */
export function lossGradient(
  name: string,
  z: View,
  labels: Buffer,
  scale: Buffer,
  dz: View,
  statistics: Buffer,
  halves: readonly number[] = HALVES,
): LoopNest {
  const [K] = z.shape;
  return loopNest(name, (b) => {
    for (const half of halves) {
      const label = b.variable(load(at(labels, half)));
      const largest = b.variable(load(at(z.buffer, z.start + half)));
      const winner = b.variable(constant(0));
      const own = b.variable(constant(0));
      // counted in a vector, because a loop's counter is no number that one can compare with
      const k = b.variable(constant(0));
      b.loop("k", K, (index) => {
        const score = b.variable(load(at(z.buffer, z.start + half, [index, BLOCK])));
        winner.set(select(binary("gt", score, largest), k, winner));
        largest.set(max(largest, score));
        own.set(select(binary("eq", k, label), score, own));
        k.set(add(k, constant(1)));
      });
      const sum = b.variable(constant(0));
      b.loop("k", K, (index) => {
        const below = b.variable(sub(load(at(z.buffer, z.start + half, [index, BLOCK])), largest));
        const e = b.variable(exponential(below));
        b.store(at(dz.buffer, dz.start + half, [index, BLOCK]), e);
        sum.set(add(sum, e));
      });
      b.store(at(statistics, STATISTICS.sum + half), sum);
      b.store(at(statistics, STATISTICS.margin + half), sub(own, largest));
      b.store(
        at(statistics, STATISTICS.correct + half),
        binary("and", binary("eq", winner, label), constant(1)),
      );
      const share = b.variable(load(at(scale, half)));
      k.set(constant(0));
      b.loop("k", K, (index) => {
        const place = at(dz.buffer, dz.start + half, [index, BLOCK]);
        const y = binary("and", binary("eq", k, label), constant(1));
        b.store(place, mul(sub(div(load(place), sum), y), share));
        k.set(add(k, constant(1)));
      });
    }
  });
}

/**
 * e^x for x <= 0, to 2 units in the last place: x = k ln 2 + r with |r| <= ln(2)/2, and e^r by its Taylor series up to
 * r^7/7!. Below -69 (e^-69 is 1e-30) the result is 0, which is as good beside the largest score's e^0: the products that
 * gradients are made of would be denormal numbers, with which many processors compute a hundred times as slowly.
 */
function exponential(x: Expression): Expression {
  const bounded = pmax(x, constant(LOWEST));
  const k = unary("nearest", mul(bounded, constant(1 / Math.LN2)));
  const r = madd(k, constant(-LN2_LOW), madd(k, constant(-LN2_HIGH), bounded));
  let series: Expression = constant(1);
  for (let n = 7; n >= 1; n--) series = madd(mul(series, r), constant(Math.fround(1 / n)), constant(1));
  const scale = shift("left", 23, binary("addInteger", unary("toInteger", k), integer(127)));
  return binary("andnot", mul(series, scale), binary("gt", constant(LOWEST), x));
}

const LOWEST = -69;

// ln 2 in two parts, the first with 9 bits, so that its product with k is exact
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444005469057;
