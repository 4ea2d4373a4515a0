import { formatShape, type Tensor } from "../tensor.js";
import type { Reading } from "./layoutOfArrays.js";
import type { FoundMistake } from "./report.js";
import type { Run } from "./run.js";
import { statusOf } from "./status.js";
import { total } from "./value.js";

/** A mistake that no known one explains: where it is, how it looks, what to look at. */
export function describeUnknown(reading: Reading, run: Run, name: string): FoundMistake {
  const { misfit, right } = statusOf(reading, run, name);
  const raw = reading.raw.get(name)!.array;
  const sources = sourcesOf(run, name);
  const looks =
    misfit || !right
      ? `its shape is ${formatShape(raw.shape)}, but it should be ${formatShape(reading.network.shapes.get(name) ?? [])}`
      : lookOf(reading.run.given.get(name)!.tensor, right);
  return {
    name: "unknown",
    array: name,
    why: `${name} is wrong, and no mistake that is known here explains it: ${looks}.`,
    fix: `Look at the lines that compute ${name}${sources.length > 0 ? ` from ${sources.join(", ")}` : ""}.`,
    arrays: [name],
    alternatives: [],
  };
}

function sourcesOf(run: Run, name: string): string[] {
  return [...run.hiddenSources(name)].filter((source) => source !== name);
}

/** How wrong numbers differ from the right ones, in words. */
export function lookOf(yours: Tensor, right: Tensor): string {
  const a = yours.data;
  const b = right.data;
  if (a.some((value) => !Number.isFinite(value))) return "some of its numbers are not finite";
  if (a.every((value) => value === 0)) return "all its numbers are 0";
  const size = Math.max(...b.map(Math.abs)) || 1;
  const near = (x: number, y: number) => Math.abs(x - y) < 1e-4 * size;
  const factor = sumOf(a, b) / sumOf(b, b);
  if (a.every((value, k) => near(value, factor * b[k])))
    return `each of its numbers is ${shortNumber(factor)} times the right one`;
  const offset = (total(yours) - total(right)) / a.length;
  if (a.every((value, k) => near(value, b[k] + offset)))
    return `each of its numbers is ${shortNumber(Math.abs(offset))} too ${offset > 0 ? "large" : "small"}`;
  const wrong = Array.from(a, (value, k) => !near(value, b[k]));
  const count = wrong.filter(Boolean).length;
  if (a.every((value, k) => !wrong[k] || value === 0))
    return `${share(count, a.length)} are 0 where they should not be, the others are right`;
  if (a.every((_, k) => !wrong[k] || Math.abs(b[k]) < 1e-6 * size))
    return `${share(count, a.length)} are not 0 where they should be, the others are right`;
  const place = onePlace(wrong, right.shape);
  if (place) return `only ${place} is wrong`;
  if (sameSet(a, b, near))
    return "it has the right numbers in the wrong places; has it been reshaped or transposed";
  return `${share(count, a.length)} are wrong`;
}

function sumOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function share(count: number, all: number): string {
  return count === all ? "all its numbers" : `${count} of its ${all} numbers`;
}

/** `index 3 of dimension 0`, if all that is wrong lies there. */
function onePlace(wrong: readonly boolean[], shape: readonly number[]): string | undefined {
  let inner = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const places = new Set<number>();
    for (const [k, isWrong] of wrong.entries()) if (isWrong) places.add(Math.floor(k / inner) % shape[d]);
    if (places.size === 1 && shape[d] > 1) return `index ${[...places][0]} of ${dimensionName(shape, d)}`;
    inner *= shape[d];
  }
  return undefined;
}

function dimensionName(shape: readonly number[], d: number): string {
  if (shape.length === 4) return ["the first dimension", "the channels", "the rows", "the columns"][d];
  return shape.length === 2 ? ["the rows", "the columns"][d] : "it";
}

function sameSet(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  near: (x: number, y: number) => boolean,
): boolean {
  const sorted = (values: ArrayLike<number>) => Float64Array.from(values).sort();
  const [x, y] = [sorted(a), sorted(b)];
  return x.every((value, k) => near(value, y[k]));
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
