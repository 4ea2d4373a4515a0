import { InputError } from "unravel-cnn";
import type { Dimension, Value } from "./space.js";

/* The ways in which sweep.json says what an option may be: a list, or a range of numbers. */

/** So many values an option may have at most. */
const MOST_VALUES = 10_000;

/** Numbers that are drawn have so many digits, so that the command that has them can be read. */
const DIGITS = 4;

/**
 * A dimension of a sweep.
 *
 *     [4, 8, 16]                                       a list
 *     { "from": 1, "to": 9, "step": 2 }                1, 3, 5, 7, 9
 *     { "from": 0.1, "to": 0.5, "count": 5 }           5 numbers, equally far apart
 *     { "from": 1e-4, "to": 0.1, "scale": "log", "count": 4 }   4 numbers, each the same multiple of the one before
 *     { "from": 1e-4, "to": 0.1, "scale": "log" }      any number between, to be drawn; each power of ten as likely
 *     { "from": 8, "to": 64, "whole": true }           any whole number between
 * @param place what to call it in an error: `vary.filters`
 * @throws InputError
 */
export function dimensionOf(name: string, given: unknown, place: string): Dimension {
  if (Array.isArray(given)) return listed(name, given, place);
  if (typeof given === "object" && given !== null)
    return range(name, given as Record<string, unknown>, place);
  throw new InputError(
    `${place} must be a list of values, or a range like { "from": 1, "to": 9, "step": 2 }, not ${JSON.stringify(given)}.`,
  );
}

function listed(name: string, given: readonly unknown[], place: string): Dimension {
  if (given.length === 0 || given.length > MOST_VALUES) {
    throw new InputError(`${place} must have from 1 to ${MOST_VALUES} values, not ${given.length}.`);
  }
  for (const [k, value] of given.entries()) {
    const isValue = value === null || ["string", "number", "boolean"].includes(typeof value);
    if (!isValue) {
      throw new InputError(
        `${place}[${k}] must be a text, a number, true, false or null (the option is left out), not ${JSON.stringify(value)}.`,
      );
    }
    if (given.indexOf(value) < k) throw new InputError(`${place} has ${JSON.stringify(value)} twice.`);
  }
  const values = given as readonly Value[];
  return { name, values, draw: (share) => values[Math.floor(share * values.length)] };
}

const KEYS = ["from", "to", "step", "count", "scale", "whole"];

function range(name: string, given: Record<string, unknown>, place: string): Dimension {
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new InputError(
      `${place} has the unknown key ${JSON.stringify(unknown)}; known are ${KEYS.join(", ")}.`,
    );
  }
  const { from, to, step, count, scale = "linear", whole = false } = given;
  if (!isNumber(from) || !isNumber(to) || from >= to) {
    throw new InputError(`${place} must have numbers "from" and "to", the first below the second.`);
  }
  if (scale !== "linear" && scale !== "log") {
    throw new InputError(`${place}.scale must be "linear" or "log", not ${JSON.stringify(scale)}.`);
  }
  if (typeof whole !== "boolean") throw new InputError(`${place}.whole must be true or false.`);
  if (scale === "log" && from <= 0) throw new InputError(`${place}: a logarithmic range must begin above 0.`);
  if (step !== undefined && (count !== undefined || scale === "log")) {
    throw new InputError(`${place}: "step" goes neither with "count" nor with a logarithmic range.`);
  }
  const round = (value: number) => {
    const short = whole ? Math.round(value) : Number(value.toPrecision(DIGITS));
    return Math.min(to, Math.max(from, short));
  };
  const at = (share: number) =>
    round(scale === "log" ? from * (to / from) ** share : from + share * (to - from));
  if (step !== undefined) {
    if (!isNumber(step) || step <= 0) throw new InputError(`${place}.step must be a number above 0.`);
    const length = Math.floor((to - from) / step + 1e-9) + 1;
    if (length > MOST_VALUES)
      throw new InputError(`${place} has ${length} values, more than ${MOST_VALUES}.`);
    return listed(
      name,
      Array.from({ length }, (_, k) => round(from + k * step)),
      place,
    );
  }
  if (count !== undefined) {
    if (!Number.isInteger(count) || (count as number) < 2 || (count as number) > MOST_VALUES) {
      throw new InputError(`${place}.count must be a whole number from 2 to ${MOST_VALUES}.`);
    }
    const values = Array.from({ length: count as number }, (_, k) => at(k / ((count as number) - 1)));
    return listed(name, [...new Set(values)], place);
  }
  if (whole) {
    // each whole number is as likely as its share of the range, ends included
    const [low, high] = [Math.ceil(from), Math.floor(to)];
    if (low > high) throw new InputError(`${place} has no whole number in it.`);
    const draw = (share: number) =>
      scale === "log"
        ? Math.min(high, Math.floor(low * ((high + 1) / low) ** share))
        : low + Math.floor(share * (high - low + 1));
    return { name, values: undefined, draw };
  }
  return { name, values: undefined, draw: at };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
