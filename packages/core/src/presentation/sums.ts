import type { Cell } from "../cell.js";
import type { Account, Term } from "../layers/explain/explanation.js";
import {
  counted,
  fixed,
  formatFor,
  fromUnits,
  type NumberFormat,
  powerOf,
  roundingOf,
  units,
} from "./numbers.js";

/*
 * Sums as one writes them by hand: a line for each summand, a stroke, the total. Whoever adds the lines as they are shown
 * gets the total as it is shown: what rounding leaves over has a line of its own. Reports write them as tables, the terminal
 * in columns.
 */

/** A line of a sum. `Name` is what the output can show: a text, or markup. */
export interface SumLine<Name = string> {
  readonly name: Name;
  /** The number that the line is about; its address stands after the name. */
  readonly cell?: Cell | undefined;
  /** How the number came about: `0.31 × 0.98`. */
  readonly made?: string | undefined;
  readonly value: number;
}

/** A sum as people add it: lines, and what they come to. */
export interface Sum<Name = string> {
  readonly lines: readonly SumLine<Name>[];
  readonly totalName: Name;
  readonly total: number;
  readonly format: NumberFormat;
}

/** The lines of a sum, and the one for what rounding leaves over where it does. */
export function linesThatAdd<Name>({ lines, total, format }: Sum<Name>): readonly SumLine<Name | string>[] {
  const values = lines.map(({ value }) => value);
  const rest = roundingOf(values, total, format);
  return rest === 0 ? lines : [...lines, { name: "left over by rounding the lines above", value: rest }];
}

/** What numbers as they are shown add up to. */
export function shownSum(values: Iterable<number>, format: NumberFormat): number {
  let sum = 0;
  for (const value of values) sum += units(value, format);
  return fromUnits(sum, format);
}

/** The terms of a number that count most, and the others as one. */
export interface SumInShort {
  readonly format: NumberFormat;
  /**
   * Products in the order of the sum; of many, the largest, largest first, and none that is 0; then the rest of them as one,
   * then a bias.
   */
  readonly lines: readonly (SumLine & { readonly term?: Term })[];
}

/**
 * The terms of a number, the largest first, and what the others have together.
 * @param most how many terms have a line of their own
 */
export function sumInShort(
  { terms, value }: Pick<Account, "terms"> & { readonly value: number },
  most = 10,
): SumInShort {
  const bias = terms.find(({ role }) => role === "bias");
  const products = terms.filter((term) => term !== bias);
  // a single term more is no longer than the line that would stand for it
  const few = products.length <= most + 1;
  const order = few ? products : [...products].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const shown = few ? order : order.slice(0, most).filter((term) => term.value !== 0);
  const others = order.slice(shown.length);
  const rest = others.reduce((sum, term) => sum + term.value, 0);
  const formats = factorFormats(terms);
  const thing = others.every(({ factors }) => factors.length === 1) ? "number" : "product";
  return {
    format: formatFor([value, ...shown.map((term) => term.value), rest, bias?.value ?? 0]),
    lines: [
      ...shown.map((term) => ({ ...nameOf(term), made: factorsOf(term, formats), value: term.value, term })),
      ...(others.length > 0
        ? [{ name: `the other ${counted(others.length, thing)}, added`, value: rest }]
        : []),
      ...(bias ? [{ ...biasLine(bias), term: bias }] : []),
    ],
  };
}

export function biasLine({ factors: [{ cell }], value }: Term): SumLine {
  return { name: "the bias", cell, value };
}

/** A term is called by the last of its numbers that has an address, which is what its weight met. */
function nameOf({ factors }: Term): Pick<SumLine, "name" | "cell"> {
  const cells = factors.flatMap(({ cell }) => cell ?? []);
  return cells.length > 0 ? { name: "", cell: cells[cells.length - 1] } : { name: factors[0]?.label ?? "" };
}

/** For each place among the factors of the terms a format: products below each other are written alike. */
export function factorFormats(terms: readonly Term[]): NumberFormat[] {
  const products = terms.filter(({ factors }) => factors.length > 1);
  const longest = Math.max(0, ...products.map(({ factors }) => factors.length));
  return Array.from({ length: longest }, (_, k) =>
    formatFor(products.flatMap(({ factors }) => factors[k]?.value ?? [])),
  );
}

/** `0.3127 × 0.9843`; nothing for a term of one factor. Fractions are written as they are called: `0.3127 × 1/9`. */
function factorsOf({ factors }: Term, formats: readonly NumberFormat[]): string | undefined {
  if (factors.length < 2) return undefined;
  return factors
    .map(({ value, label, cell }, k) =>
      cell === undefined && label !== undefined && /^-?\d+\/\d+$/.test(label)
        ? label
        : `${fixed(value, formats[k])}${powerOf(formats[k])}`,
    )
    .join(" × ");
}
