import { type Explanation, fixed, type NumberFormat, sumInShort, type Term, whole } from "unravel-cnn";

/** One line of a sum. */
export interface Line {
  readonly term?: Term;
  /** What it is, where it is no single term. */
  readonly text: string;
  /** As it is displayed. */
  readonly value: string;
  /** In full. */
  readonly exact: number;
}

/** A sum as it is displayed: the lines add up to the total, digit by digit. */
export interface Ledger {
  readonly lines: readonly Line[];
  readonly total: string;
  readonly format: NumberFormat;
}

/**
 * The lines behind a cell: all terms where they are few, else the largest ten and the rest together. What rounding loses has
 * a line of its own.
 */
export function ledgerOf(explanation: Explanation, all = false): Ledger {
  const { shown, rest, bias, rounding, format } = sumInShort(explanation, all ? Infinity : undefined);
  const line = (text: string, exact: number, term?: Term): Line => ({
    text,
    value: fixed(exact, format),
    exact,
    ...(term && { term }),
  });
  return {
    lines: [
      ...shown.map((term) => line("", term.value, term)),
      ...(rest.count > 0 ? [line(`the other ${whole(rest.count)} together`, rest.value)] : []),
      ...(bias ? [line("bias", bias.value, bias)] : []),
      ...(rounding !== 0 ? [{ ...line("lost by rounding these lines", rounding), exact: 0 }] : []),
    ],
    total: fixed(explanation.value, format),
    format,
  };
}
