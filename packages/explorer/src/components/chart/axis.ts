import { powerOfTen, whole } from "unravel-cnn";
import { brief } from "../../view/numbers.js";

/* Along an axis: from where to where it goes, which round numbers stand at it, and where a value lies. */

export interface AxisOptions {
  readonly label: string;
  /** Default `linear`. On `log`, equal steps multiply; values of 0 and less have no place there. */
  readonly scale?: "linear" | "log" | undefined;
  /** The ends; default: what holds all values, on a linear scale also 0. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Where numbers stand; default: round ones. */
  readonly ticks?: readonly number[] | undefined;
  readonly format?: ((value: number) => string) | undefined;
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly value: number; readonly share: number; readonly label: string }[];
  /** Where a value lies: 0 at the start of the axis, 1 at its end. Not a number: nowhere. */
  share(value: number): number;
}

/** @param values all that should be seen; what isn't finite is left out */
export function axisFor(options: AxisOptions, values: readonly number[], most = 6): Axis {
  return options.scale === "log" ? logarithmic(options, values) : linear(options, values, most);
}

function linear(
  { label, from, to, ticks, format }: AxisOptions,
  values: readonly number[],
  most: number,
): Axis {
  const seen = values.filter(Number.isFinite);
  const low = from ?? Math.min(0, ...seen);
  const high = to ?? Math.max(low, ...seen);
  const step = stepFor(high > low ? high - low : 1, most);
  const start = from ?? step * Math.floor(low / step + ROUNDING);
  const end = to ?? Math.max(start + step, step * Math.ceil(high / step - ROUNDING));
  const share = (value: number) => (value - start) / (end - start);
  const usual = (value: number) =>
    step >= 1 ? whole(value) : value.toFixed(decimalsOf(step)).replace("-", "−");
  return axis(label, ticks ?? multiples(step, start, end), share, format ?? usual);
}

function logarithmic({ label, from, to, ticks, format }: AxisOptions, values: readonly number[]): Axis {
  const seen = values.filter((value) => value > 0 && value < Infinity);
  const low = from ?? (seen.length > 0 ? 10 ** Math.floor(Math.log10(Math.min(...seen)) + ROUNDING) : 1);
  const high = to ?? (seen.length > 0 ? 10 ** Math.ceil(Math.log10(Math.max(...seen)) - ROUNDING) : 10);
  const end = high > low ? high : 10 * low;
  const share = (value: number) => (value > 0 ? Math.log(value / low) / Math.log(end / low) : Number.NaN);
  const usual = (value: number) => {
    if (value >= 1 && value < 1e6) return whole(value);
    const exponent = Math.log10(value);
    const isPower = Math.abs(exponent - Math.round(exponent)) < ROUNDING;
    return isPower && (exponent < -2 || exponent > 0) ? powerOfTen(Math.round(exponent)) : brief(value);
  };
  return axis(label, ticks ?? powers(low, end), share, format ?? usual);
}

/** 1e-9: a number that is a multiple but for its rounding. */
const ROUNDING = 1e-9;

function axis(
  label: string,
  ticks: readonly number[],
  share: (value: number) => number,
  format: (value: number) => string,
): Axis {
  const placed = ticks.map((value) => ({ value, share: share(value), label: format(value) }));
  return { label, share, ticks: placed.filter(({ share }) => share >= -ROUNDING && share <= 1 + ROUNDING) };
}

/** A round number, 1, 2 or 5 times a power of ten, of which `most` cover the range. */
function stepFor(range: number, most: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(range / most));
  return [1, 2, 5, 10].map((k) => k * magnitude).find((step) => range / step <= most + ROUNDING) as number;
}

/** How many decimals show the difference between two multiples of it. */
function decimalsOf(step: number): number {
  return Math.max(0, Math.ceil(-Math.log10(step) - ROUNDING));
}

function multiples(step: number, from: number, to: number): number[] {
  const first = Math.ceil(from / step - ROUNDING);
  const last = Math.floor(to / step + ROUNDING);
  return Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step);
}

/** Powers of ten; where there are few, also 2 and 5 times each; where there are many, some of them. */
function powers(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from) + ROUNDING);
  const last = Math.ceil(Math.log10(to) - ROUNDING);
  const every = Math.ceil((last - first) / 6);
  const times = last - first <= 2 ? [1, 2, 5] : [1];
  const exponents = Array.from(
    { length: Math.floor((last - first) / every) + 1 },
    (_, k) => first + k * every,
  );
  return exponents.flatMap((exponent) => times.map((k) => k * 10 ** exponent));
}
