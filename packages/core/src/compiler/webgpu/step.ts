import type { Normalization } from "../../graph/model.js";
import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  from,
  type Index,
  integer,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  madd,
  max,
  PARALLEL,
  select,
  splat,
  sub,
  unary,
} from "../../ir/ir.js";
import { BLOCK, HALVES, tilesOf, type View } from "../block.js";
import { STEP } from "../kernels/optimizer.js";
import { STATISTICS } from "../kernels/softmaxCrossEntropy.js";
import { sumOf, vectorAt } from "./sums.js";
import { nested } from "./tiles.js";

/* What a step does besides the layers: it takes its images, and looks at its loss and its gradients. */

/**
 * Takes a block's images out of all of them and scales them as data/batch.ts does.
 * @param images bytes `[image][C][H][W]`
 * @param places one cell: at which byte each image begins
 */
export function takeImages(
  name: string,
  images: Buffer,
  places: Buffer,
  x: View,
  { mean, std }: Normalization,
): LoopNest {
  const [C, H, W] = x.shape;
  return loopNest(name, (b) => {
    for (let c = 0; c < C; c++) {
      nested(
        b,
        [
          ["p", H],
          ["q", W],
        ],
        ([p, q]) => {
          for (const half of HALVES) {
            const addresses = [0, 1, 2, 3].map((lane) =>
              from(images, b.point(at(images, 0), at(places, half + lane)), c * H * W, [p, W], [q, 1]),
            );
            let value: Expression = div({ kind: "bytes", addresses }, constant(255));
            if (mean[c] !== 0) value = sub(value, constant(mean[c]));
            if (std[c] !== 1) value = div(value, constant(std[c]));
            b.store(at(x.buffer, x.start + c * x.plane + half, [p, x.row], [q, BLOCK]), value);
          }
        },
      );
    }
  });
}

/** The bits of a number's exponent, which are all 1 where it is infinite or none at all. */
const EXPONENT = 0x7f800000;

/** So many vectors of losses are looked at by an invocation, where there are more than one can look at. */
const LOOKED_AT = 8;
const MOST_AT_ONCE = 64;

/** For how many vectors `goOn` needs room. */
export const goOnVectors = (vectors: number) => (vectors > MOST_AT_ONCE ? Math.ceil(vectors / LOOKED_AT) : 0);

/**
 * Whether the step goes on to its update: not if the loss of an image is no finite number. Once it is 0 it stays 0, so that
 * the parameters remain those of the last step before.
 * @param statistics of the whole batch, with this many vectors in each cell
 * @param counts room for `goOnVectors(vectors)` vectors: how many losses are bad
 */
export function goOn(
  name: string,
  statistics: Buffer,
  go: Buffer,
  counts: Buffer,
  vectors: number,
): LoopNest[] {
  /** How many losses of `count` vectors from the `first` on are bad. */
  const badIn = (
    b: LoopNestBuilder,
    first: number,
    count: number,
    ...terms: (readonly [Index, number])[]
  ) => {
    const badOf = (which: number) =>
      sumOf(b, count, (vector) => {
        const number = vectorAt(statistics, (which / BLOCK) * 4 * vectors + 4 * first, vector, ...terms);
        const exponent = binary("and", number, integer(EXPONENT));
        return binary("and", binary("eqInteger", exponent, integer(EXPONENT)), constant(1));
      });
    return add(badOf(STATISTICS.sum), badOf(STATISTICS.margin));
  };
  const parts = goOnVectors(vectors);
  const decide = loopNest(name, (b) => {
    const bad = parts === 0 ? badIn(b, 0, vectors) : sumOf(b, parts, (vector) => vectorAt(counts, 0, vector));
    const isGood = binary("eq", unary("sumLanes", bad), constant(0));
    b.storeLane(at(go, 0), binary("and", splat(at(go, 0)), isGood));
  });
  if (parts === 0) return [decide];
  const look = loopNest(`${name}.look`, (b) => {
    for (const { first, count, size } of tilesOf(vectors, LOOKED_AT)) {
      const place = (4 * first) / LOOKED_AT;
      b.loop(
        "part",
        count,
        (part) => b.store(at(counts, place, [part, 4]), badIn(b, first, size, [part, 4 * size])),
        PARALLEL,
      );
    }
  });
  return [look, decide];
}

/** How many invocations look through all gradients together. */
export const LOOKERS = 256;

/** Of each weight's gradients the largest, without its sign, as each of the lookers finds it: vectors `[weight][looker]`. */
export function largestGradients(
  name: string,
  gradients: Buffer,
  weights: readonly (readonly [offset: number, length: number])[],
  largest: Buffer,
): LoopNest {
  return loopNest(name, (b) => {
    for (const [k, [offset, length]] of weights.entries()) {
      for (const stretch of tilesOf(Math.ceil(length / 4), LOOKERS)) {
        // the rest is shorter: it has lookers of its own, behind the others
        const isRest = stretch.size < LOOKERS;
        const first = (2 * k + (isRest ? 1 : 0)) * LOOKERS * 4;
        b.loop(
          "looker",
          stretch.size,
          (looker) => {
            const most = b.variable(constant(0));
            b.loop("n", stretch.count, (n) => {
              const place = offset + 4 * stretch.first;
              const g = load(at(gradients, place, [n, 4 * LOOKERS], [looker, 4]));
              most.set(max(most, binary("andnot", g, constant(-0))));
            });
            b.store(at(largest, first, [looker, 4]), most);
          },
          PARALLEL,
        );
      }
    }
  });
}

/** How many numbers that leaves. */
export const largestSize = (weights: number) => 2 * 4 * LOOKERS * weights;

/** The sum of the squares of all gradients, as each of the lookers finds it. @param length a multiple of 4 LOOKERS */
export function sumSquares(name: string, gradients: Buffer, squares: Buffer, length: number): LoopNest {
  return loopNest(name, (b) =>
    b.loop(
      "looker",
      LOOKERS,
      (looker) => {
        const sum = b.variable(constant(0));
        b.loop("n", length / (4 * LOOKERS), (n) => {
          const g = b.variable(load(at(gradients, 0, [n, 4 * LOOKERS], [looker, 4])));
          sum.set(madd(g, g, sum));
        });
        b.store(at(squares, 0, [looker, 4]), sum);
      },
      PARALLEL,
    ),
  );
}

/** What gradients are multiplied with so that they are together at most `longest`: see optimizers/clip.ts. */
export function clipFactor(name: string, squares: Buffer, step: Buffer, longest: number): LoopNest {
  return loopNest(name, (b) => {
    const sum = sumOf(b, LOOKERS, (vector) => vectorAt(squares, 0, vector));
    const length = unary("sqrt", unary("sumLanes", sum));
    const factor = b.variable(div(constant(longest), add(length, constant(1e-6))));
    b.storeLane(at(step, STEP.clipFactor), select(binary("gt", constant(1), factor), factor, constant(1)));
  });
}
