import { type Configuration, drawn, grid, sizeOfGrid, type Value, wordsOf } from "./space.js";
import type { Search, Sweep } from "./sweepFile.js";

/* The trainings of a sweep, and in which order they are due. */

/** A training to be done, or a part of one. */
export interface Trial {
  /** `12-s0`, and in halving `12-s0-r1`: number of the configuration, seed, rung. It names the trial in its sweep. */
  readonly id: string;
  readonly configuration: number;
  readonly seed: number;
  /** Counted from 1. */
  readonly rung: number;
  /** What varies, and what it is here. */
  readonly values: Readonly<Record<string, Value>>;
  /** The words after `unravel train`. */
  readonly words: readonly string[];
  /** After so many epochs it ends, or waits for the next rung. */
  readonly epochs: number;
  /** Of the whole training. */
  readonly allEpochs: number;
  /** The training that it is a part of: the key of its checkpoint. */
  readonly training: string;
}

/** A part of a sweep whose trials can be done in any order. */
export interface Rung {
  /** Counted from 1. */
  readonly number: number;
  /** Trainings stop here, to go on or not. */
  readonly epochs: number;
}

/** The rungs of a search: one, but for halving. */
export function rungsOf(search: Search, epochs: number): Rung[] {
  if (search.type !== "halving") return [{ number: 1, epochs }];
  const ends: number[] = [];
  for (let end = search.from; end < epochs; end *= search.factor) ends.push(end);
  return [...ends, epochs].map((end, k) => ({ number: k + 1, epochs: end }));
}

/** The configurations that a sweep begins with. Where nothing but time bounds a random search, they have no end. */
export function* configurationsOf({
  dimensions,
  seeds,
  search,
  budget,
  seed,
}: Sweep): Generator<Configuration> {
  const most = budget.trials === undefined ? Infinity : Math.floor(budget.trials / seeds.length);
  const isCounted = dimensions.every(({ values }) => values !== undefined);
  if (search.type === "grid" || (search.type === "halving" && isCounted && sizeOfGrid(dimensions) <= most)) {
    yield* grid(dimensions, most, seed);
    return;
  }
  for (let number = 1; number <= most; number++) yield drawn(dimensions, number, seed);
}

/** The trials of a configuration on a rung: one for each seed. */
export function trialsOf(sweep: Sweep, { number, values }: Configuration, rung: Rung): Trial[] {
  return sweep.seeds.map((seed) => {
    const training = `${number}-s${seed}`;
    const given = wordsOf(values);
    const hasSeed = sweep.train.some((word) => word === "--seed" || word.startsWith("--seed="));
    return {
      id: sweep.search.type === "halving" ? `${training}-r${rung.number}` : training,
      configuration: number,
      seed,
      rung: rung.number,
      values,
      words: [...sweep.train, ...given, ...(hasSeed ? [] : [`--seed=${seed}`])],
      epochs: rung.epochs,
      allEpochs: sweep.epochs,
      training,
    };
  });
}

/**
 * Successive halving's choice: the best of a rung by the mean accuracy on the validation images over the seeds, among equals the one with the
 * smaller mean loss, then the one with the smaller number. Configurations with a training that failed don't go on.
 * (K. Jamieson, A. Talwalkar: Non-stochastic best arm identification and hyperparameter optimization, AISTATS 2016.)
 */
export function survivors<C extends { readonly number: number }>(
  configurations: readonly C[],
  factor: number,
  scoreOf: (configuration: C) => { readonly accuracy: number; readonly loss: number } | undefined,
): C[] {
  const scored = configurations.flatMap((configuration) => {
    const score = scoreOf(configuration);
    return score === undefined ? [] : [{ configuration, ...score }];
  });
  scored.sort(
    (a, b) => b.accuracy - a.accuracy || a.loss - b.loss || a.configuration.number - b.configuration.number,
  );
  const kept = Math.max(1, Math.floor(configurations.length / factor));
  return scored.slice(0, kept).map(({ configuration }) => configuration);
}
