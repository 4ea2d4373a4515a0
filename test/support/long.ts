import { randomStream } from "../../packages/core/src/random.js";

/*
 * What needs minutes: `npm test` runs a sample, drawn by a seed and so always the same; `npm run test:long` runs all of it.
 */

/** Whether all of it is run. */
export const LONG = process.env.UNRAVEL_LONG === "1";

/** How often, or how many: a few, or all. */
export function few<Value>(sample: Value, all: Value): Value {
  return LONG ? all : sample;
}

/** What is tested as a whole in the long tests alone: `test`, or nothing. */
export const onlyLong = <Test extends (...all: never[]) => void>(test: Test): Test =>
  few((() => {}) as unknown as Test, test);

/** So many of the rows of a table, in their order, or all of them. */
export function sampleOf<Row>(rows: readonly Row[], count: number, seed = 1): readonly Row[] {
  if (LONG || count >= rows.length) return rows;
  const random = randomStream(seed, "sample");
  const places = rows.map((_, place) => place);
  const drawn = places.sort((a, b) => random.uniform(a) - random.uniform(b)).slice(0, count);
  return drawn.sort((a, b) => a - b).map((place) => rows[place]);
}
