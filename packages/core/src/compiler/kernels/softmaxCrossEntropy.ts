import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type LoopNest,
  load,
  loopNest,
  max,
  mul,
  select,
  sub,
} from "../../ir/ir.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { exponential } from "./exponential.js";

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
        const e = b.variable(exponential(b, below));
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
