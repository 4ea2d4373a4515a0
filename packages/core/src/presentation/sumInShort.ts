import type { Explanation } from "../explain/explain.js";
import type { Term } from "../layers/explain/explanation.js";
import { formatFor, type NumberFormat, roundingOf } from "./numbers.js";

/** A sum of many terms as one can read it: the terms that count most, and the others as one number. */
export interface SumInShort {
  /** How its numbers are written. */
  readonly format: NumberFormat;
  /** All products in the order of the sum; of many, the largest, largest first, and none that is 0. */
  readonly shown: readonly Term[];
  /** How many products are left, and what they add up to. */
  readonly rest: { readonly count: number; readonly value: number };
  readonly bias: Term | undefined;
  /** What is missing, because of rounding, between all these as they are written and the total as it is written. */
  readonly rounding: number;
}

/** @param most how many products are shown */
export function sumInShort({ terms, value }: Explanation, most = 10): SumInShort {
  const bias = terms.find(({ role }) => role === "bias");
  const products = terms.filter((term) => term !== bias);
  // a single product more is no longer than the line that would stand for it
  const few = products.length <= most + 1;
  const order = few ? products : [...products].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const shown = few ? order : order.slice(0, most).filter((term) => term.value !== 0);
  const others = order.slice(shown.length);
  const rest = { count: others.length, value: others.reduce((sum, term) => sum + term.value, 0) };
  const lines = [...shown.map((term) => term.value), rest.value, bias?.value ?? 0];
  const format = formatFor([value, ...lines]);
  return { format, shown, rest, bias, rounding: roundingOf(lines, value, format) };
}
