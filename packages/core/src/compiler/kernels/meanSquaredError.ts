import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  type LoopNest,
  load,
  loopNest,
  max,
  mul,
  select,
  splat,
  sub,
} from "../../ir/ir.js";
import { BLOCK, HALVES, type View } from "../block.js";
import { STATISTICS, type Targets } from "./softmaxCrossEntropy.js";

/**
 * The gradient of the mean squared error with respect to the scores, 2 / (N K) * (z - y), and for each image `margin` = minus its
 * loss, with a `sum` of 1, whose logarithm is nothing.
 * @param z scores, a cell for each class
 * @param labels one cell: each image's class as a float32 number
 * @param scale one cell: 1/N for each image, or 1 / the sum of the images' weights; 0 for what only fills the block
 * @param dz becomes the gradient
 * @param halves of the cells that have images in them
 */
export function squaredErrorGradient(
  name: string,
  z: View,
  labels: Buffer,
  scale: Buffer,
  dz: View,
  statistics: Buffer,
  { classWeights }: Targets,
  halves: readonly number[] = HALVES,
): LoopNest {
  const [K] = z.shape;
  return loopNest(name, (b) => {
    for (const half of halves) {
      const label = b.variable(load(at(labels, half)));
      const largest = b.variable(load(at(z.buffer, z.start + half)));
      const winner = b.variable(constant(0));
      const squares = b.variable(constant(0));
      const weight = b.variable(constant(1));
      // counted in a vector, because a loop's counter is no number that one can compare with
      const k = b.variable(constant(0));
      b.loop("k", K, (index) => {
        const score = b.variable(load(at(z.buffer, z.start + half, [index, BLOCK])));
        const isRight = b.variable(binary("eq", k, label));
        const off = b.variable(sub(score, binary("and", isRight, constant(1))));
        b.store(at(dz.buffer, dz.start + half, [index, BLOCK]), off);
        squares.set(add(squares, mul(off, off)));
        winner.set(select(binary("gt", score, largest), k, winner));
        largest.set(max(largest, score));
        if (classWeights) weight.set(select(isRight, splat(at(classWeights, 0, [index, 1])), weight));
        k.set(add(k, constant(1)));
      });
      b.store(at(statistics, STATISTICS.sum + half), constant(1));
      const margin = mul(constant(-1 / K), squares);
      b.store(at(statistics, STATISTICS.margin + half), classWeights ? mul(weight, margin) : margin);
      b.store(
        at(statistics, STATISTICS.correct + half),
        binary("and", binary("eq", winner, label), constant(1)),
      );
      const twice = mul(constant(2 / K), load(at(scale, half)));
      const factor = b.variable(classWeights ? mul(weight, twice) : twice);
      b.loop("k", K, (index) => {
        const place = at(dz.buffer, dz.start + half, [index, BLOCK]);
        b.store(place, mul(load(place), factor));
      });
    }
  });
}
