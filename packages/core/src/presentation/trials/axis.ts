import { scaleOf } from "../scale.js";

/** What an option of a training can be. */
export type OptionValue = string | number | boolean | null;

/** Where an option's values stand, as shares of an axis. */
export interface OptionAxis {
  readonly name: string;
  readonly isLog: boolean;
  /** Where a value stands, from 0 to 1. */
  readonly at: (value: OptionValue) => number;
  readonly labels: readonly { readonly at: number; readonly text: string }[];
}

/** Numbers above 0 that differ by this factor stand on a logarithmic axis. */
const LOG_FACTOR = 20;
/** Labels of an axis at most. */
const MOST_LABELS = 6;
/** Labels are so far apart at least, as a share of the axis. */
const CLOSEST = 0.08;
/** Characters of a label at most. */
const LONGEST = 12;

/** An axis for the values that an option had: of numbers if all are, else a place for each value. */
export function axisOf(name: string, values: readonly OptionValue[]): OptionAxis {
  const distinct = [...new Set(values)];
  if (distinct.length > 1 && distinct.every((value) => typeof value === "number")) {
    return axisOfNumbers(name, distinct);
  }
  const order = distinct.map(textOf).sort((a, b) => (a < b ? -1 : 1));
  const at = (value: OptionValue) => (order.indexOf(textOf(value)) + 0.5) / order.length;
  const step = Math.ceil(order.length / MOST_LABELS);
  const labels = order.flatMap((text, k) =>
    k % step === 0 ? { at: (k + 0.5) / order.length, text: shortened(text) } : [],
  );
  return { name, isLog: false, at, labels };
}

function axisOfNumbers(name: string, values: readonly number[]): OptionAxis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const isLog = least > 0 && most / least >= LOG_FACTOR;
  if (isLog) {
    const [from, to] = [Math.log10(least) - 0.05, Math.log10(most) + 0.05];
    const at = (value: number) => (Math.log10(value) - from) / (to - from);
    const powers = Array.from(
      { length: Math.floor(to) - Math.ceil(from) + 1 },
      (_, k) => 10 ** (Math.ceil(from) + k),
    );
    const ticks = powers.length >= 2 ? powers : [least, most];
    return {
      name,
      isLog,
      at: at as OptionAxis["at"],
      labels: ticks.map((tick) => ({ at: at(tick), text: short(tick) })),
    };
  }
  if (values.length <= MOST_LABELS) {
    const at = (value: number) => 0.04 + (0.92 * (value - least)) / (most - least);
    const labels = [...values].sort((a, b) => a - b).map((value) => ({ at: at(value), text: short(value) }));
    return { name, isLog, at: at as OptionAxis["at"], labels: apart(labels) };
  }
  const { from, to, ticks } = scaleOf(values, Infinity);
  const at = (value: number) => (value - from) / (to - from);
  const step = Math.ceil(ticks.length / MOST_LABELS);
  const labels = ticks.flatMap((tick, k) => (k % step === 0 ? { at: at(tick), text: short(tick) } : []));
  return { name, isLog, at: at as OptionAxis["at"], labels };
}

/** Without labels that would stand upon the one before. */
function apart(labels: OptionAxis["labels"]): OptionAxis["labels"] {
  return labels.filter(({ at }, k) => k === 0 || at - labels[k - 1].at >= CLOSEST);
}

/** `none` for an option that is left out. */
export function textOf(value: OptionValue): string {
  if (value === null || value === false) return "none";
  return value === true ? "yes" : typeof value === "number" ? short(value) : value;
}

const short = (value: number): string => String(+value.toPrecision(4)).replace("e-", "e−");
const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
