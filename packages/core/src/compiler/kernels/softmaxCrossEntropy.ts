import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  type Index,
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
import { exponential } from "./exponential.js";

/** What the kernel notes about each image, in cells: what makes its loss, and whether its winner is the right class. */
export const STATISTICS = { sum: 0, margin: BLOCK, correct: 2 * BLOCK, size: 3 * BLOCK } as const;

/** What is asked for beside the right class. */
export interface Targets {
  readonly labelSmoothing: number;
  /** A float32 number for each class; undefined: all images count alike. */
  readonly classWeights: Buffer | undefined;
  /** Whether images have several labels at once: `labels` then has a cell for each class, with 1 or 0. */
  readonly several: boolean;
}

/**
 * The gradient of the mean loss with respect to the scores, (p - y) / N, and for each image `sum` = sum of e^(z - largest)
 * and `margin` = z[label] - largest, so that its loss is ln(sum) - margin. With label smoothing or class weights the gradient is
 * (sum of all q * p - q) * scale, and `margin` the sum of q * (z - largest): see losses/softmaxCrossEntropy.ts for q.
 * @param z scores, a cell for each class
 * @param labels one cell: each image's class as a float32 number
 * @param scale one cell: 1/N for each image, or 1 / the sum of the images' weights; 0 for what only fills the block
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
  { labelSmoothing, classWeights }: Targets,
  halves: readonly number[] = HALVES,
): LoopNest {
  const [K] = z.shape;
  const isPlain = labelSmoothing === 0 && classWeights === undefined;
  const weightOf = (index: Index) => classWeights && splat(at(classWeights, 0, [index, 1]));
  /** What is spread over all classes: s / K, times the class's weight. */
  const spreadOf = (index: Index): Expression => {
    const share = constant(labelSmoothing / K);
    const weight = weightOf(index);
    return weight ? mul(share, weight) : share;
  };
  return loopNest(name, (b) => {
    for (const half of halves) {
      const label = b.variable(load(at(labels, half)));
      const largest = b.variable(load(at(z.buffer, z.start + half)));
      const winner = b.variable(constant(0));
      const own = b.variable(constant(0));
      const ownWeight = classWeights && b.variable(constant(0));
      const weights = classWeights && labelSmoothing > 0 ? b.variable(constant(0)) : undefined;
      // counted in a vector, because a loop's counter is no number that one can compare with
      const k = b.variable(constant(0));
      b.loop("k", K, (index) => {
        const score = b.variable(load(at(z.buffer, z.start + half, [index, BLOCK])));
        winner.set(select(binary("gt", score, largest), k, winner));
        largest.set(max(largest, score));
        own.set(select(binary("eq", k, label), score, own));
        const weight = weightOf(index);
        if (weight) ownWeight?.set(select(binary("eq", k, label), weight, ownWeight));
        if (weight) weights?.set(add(weights, weight));
        k.set(add(k, constant(1)));
      });
      const sum = b.variable(constant(0));
      const below = labelSmoothing > 0 ? b.variable(constant(0)) : undefined;
      b.loop("k", K, (index) => {
        const difference = b.variable(sub(load(at(z.buffer, z.start + half, [index, BLOCK])), largest));
        const e = b.variable(exponential(b, difference));
        below?.set(add(below, mul(spreadOf(index), difference)));
        b.store(at(dz.buffer, dz.start + half, [index, BLOCK]), e);
        sum.set(add(sum, e));
      });
      b.store(at(statistics, STATISTICS.sum + half), sum);
      const kept = constant(1 - labelSmoothing);
      const asked = ownWeight ? b.variable(mul(kept, ownWeight)) : kept;
      const margin = isPlain ? sub(own, largest) : mul(asked, sub(own, largest));
      b.store(at(statistics, STATISTICS.margin + half), below ? add(margin, below) : margin);
      b.store(
        at(statistics, STATISTICS.correct + half),
        binary("and", binary("eq", winner, label), constant(1)),
      );
      const share = b.variable(load(at(scale, half)));
      const all = weights
        ? add(asked, mul(constant(labelSmoothing / K), weights))
        : ownWeight
          ? asked
          : undefined;
      const total = all && b.variable(all);
      k.set(constant(0));
      b.loop("k", K, (index) => {
        const place = at(dz.buffer, dz.start + half, [index, BLOCK]);
        const y = binary("and", binary("eq", k, label), isPlain ? constant(1) : asked);
        const q = labelSmoothing > 0 ? add(y, spreadOf(index)) : y;
        const p = div(load(place), sum);
        b.store(place, mul(sub(total ? mul(total, p) : p, q), share));
        k.set(add(k, constant(1)));
      });
    }
  });
}
