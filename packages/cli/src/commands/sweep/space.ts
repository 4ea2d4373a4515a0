import { permutation, randomStream } from "unravel-cnn";

/* What a sweep chooses from: each option that varies is a dimension. */

/** What stands for an option: `true` is the option without a value, `false` and `null` that it is left out. */
export type Value = string | number | boolean | null;

/** An option that varies. */
export interface Dimension {
  /** Without the two dashes: `learning-rate`. */
  readonly name: string;
  /** Its values, where they can be counted; undefined: any number of a range. */
  readonly values: readonly Value[] | undefined;
  /** The value for a share in [0, 1), which is drawn with equal chances. */
  readonly draw: (share: number) => Value;
}

/** One value for each option that varies, but for the seed. */
export interface Configuration {
  /** Counted from 1, in the order of the search. */
  readonly number: number;
  readonly values: Readonly<Record<string, Value>>;
}

/** How many configurations a grid has; Infinity where a range is not counted. */
export function sizeOfGrid(dimensions: readonly Dimension[]): number {
  return dimensions.reduce((size, { values }) => size * (values?.length ?? Infinity), 1);
}

/**
 * All combinations, the last option changing fastest; where fewer are wanted, so many of them by chance, none twice.
 * @param dimensions all with values
 */
export function grid(dimensions: readonly Dimension[], most: number, seed: number): Configuration[] {
  const size = sizeOfGrid(dimensions);
  const places =
    most >= size
      ? Array.from({ length: size }, (_, k) => k)
      : [...permutation(size, randomStream(seed, "sweep grid")).subarray(0, most)].sort((a, b) => a - b);
  return places.map((place, k) => {
    let rest = place;
    const values: [string, Value][] = [];
    for (const dimension of [...dimensions].reverse()) {
      const choice = dimension.values as readonly Value[];
      values.unshift([dimension.name, choice[rest % choice.length]]);
      rest = Math.floor(rest / choice.length);
    }
    return { number: k + 1, values: Object.fromEntries(values) };
  });
}

/** The configuration of a number: each option's value is drawn by itself. It follows from seed, number and name alone. */
export function drawn(dimensions: readonly Dimension[], number: number, seed: number): Configuration {
  const values = dimensions.map(({ name, draw }) => [
    name,
    draw(randomStream(seed, `sweep ${name}`).uniform(number - 1)),
  ]);
  return { number, values: Object.fromEntries(values) };
}

/** The words of a command line for these values. */
export function wordsOf(values: Readonly<Record<string, Value>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === null || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}
