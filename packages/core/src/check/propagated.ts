import { known } from "../known.js";
import { randomStream } from "../random.js";
import type { Tensor } from "../tensor.js";
import type { NetworkLayer } from "./network.js";
import type { Run } from "./run.js";
import { doubles, inDoubles, mapped, NEAR, NONE, shareOf, type Value } from "./value.js";

/*
 * Rounding errors through a function of which nothing is known: its arguments are all moved by their standard deviation, up
 * or down at random, and again, and the mean square of what that does to a result is its variance. How the function is
 * computed adds errors of its own: those of a sum of as many terms as there are arguments that reach the result.
 */

/** How often the arguments are moved: enough for standard deviations that are right within a factor of two. */
const TRIES = 16;
/** Of so many cells of each argument it is counted how many results they reach. */
const COUNTED = 4;

/**
 * The value of a function with the variance of its rounding errors.
 * @param sources the names of its arguments
 * @param f a pure function
 */
export function propagated(
  run: Run,
  { kind }: NetworkLayer,
  sources: readonly string[],
  f: (get: (name: string) => Tensor) => Tensor,
): Value {
  const values = new Map(sources.map((name) => [name, run.get(name)]));
  const resultOf = (given: ReadonlyMap<string, Tensor>) => f((name) => known(given.get(name)));
  const { shape, data: right } = resultOf(values);
  if (run.rough) return { shape, data: inDoubles(right), variance: NONE };

  const rounding = shareOf(run.working.unit);
  const { terms, isCellByCell } = reachOf(values, right, resultOf);
  // At a kink, a larger step than most errors are may take another way; it is not divided again, to be on the safe side.
  const reach = kind.branches ? NEAR : 1;
  const moves = new Map(
    [...values].map(([name, value]) => {
      const deviations = mapped(value, (number, k) =>
        Math.sqrt(value.variance[k] + rounding * (terms / 2 + 1) * number * number),
      );
      const random = randomStream(0, name);
      const signs = Uint32Array.from(value.data, (_, k) => random.bits(k)); // a bit for each try
      return [name, { deviations: deviations.data, signs }];
    }),
  );
  const variance = doubles(right.length, (k) => rounding * (terms / 3 + 1) * right[k] * right[k]);
  /** What the results become if each argument's cell is moved up or down. */
  const moved = (isUp: (argument: number, signs: number) => boolean) => {
    const all = [...values].map(([name, value], argument): [string, Tensor] => {
      const { deviations, signs } = moves.get(name)!;
      const step = (cell: number) => (isUp(argument, signs[cell]) ? reach : -reach) * deviations[cell];
      return [name, mapped(value, (number, cell) => number + step(cell))];
    });
    return resultOf(new Map(all)).data;
  };
  if (isCellByCell && 2 ** values.size < TRIES) {
    // every way to move the few arguments of a cell, as often as the tries would have come to it
    const signs = [...moves.values()].map((move) => move.signs);
    for (let way = 0; way < 2 ** values.size; way++) {
      const data = moved((argument) => ((way >>> argument) & 1) === 1);
      for (let cell = 0; cell < variance.length; cell++) {
        const agreeing = signs.reduce(
          (tries, own, argument) => tries & ((way >>> argument) & 1 ? own[cell] : ~own[cell]),
          2 ** TRIES - 1,
        );
        variance[cell] += (bitsOf(agreeing) * (data[cell] - right[cell]) ** 2) / TRIES;
      }
    }
  } else {
    for (let k = 0; k < TRIES; k++) {
      const data = moved((_, signs) => ((signs >>> k) & 1) === 1);
      for (let cell = 0; cell < variance.length; cell++)
        variance[cell] += (data[cell] - right[cell]) ** 2 / TRIES;
    }
  }
  return { shape, data: inDoubles(right), variance };
}

function bitsOf(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * How many cells of the arguments go into a result: as many ways as there are from arguments, among all results. And whether
 * each of the cells that were looked at reached the result at its own place, and no other.
 */
function reachOf(
  values: ReadonlyMap<string, Value>,
  right: Tensor["data"],
  resultOf: (given: ReadonlyMap<string, Tensor>) => Tensor,
): { readonly terms: number; readonly isCellByCell: boolean } {
  let terms = 0;
  let isCellByCell = true;
  for (const [name, { shape, data }] of values) {
    let most = 0;
    isCellByCell &&= data.length === right.length;
    for (let k = 0; k < COUNTED; k++) {
      const changed = data.slice();
      const cell = randomStream(k, name).below(data.length, 0);
      changed[cell] = 2 * changed[cell] + 1;
      const results = resultOf(new Map<string, Tensor>([...values, [name, { shape, data: changed }]])).data;
      let reached = 0;
      for (let i = 0; i < right.length; i++) {
        if (Object.is(results[i], right[i])) continue;
        reached++;
        isCellByCell &&= i === cell;
      }
      most = Math.max(most, reached);
    }
    terms += (most * data.length) / right.length;
  }
  return { terms, isCellByCell };
}
