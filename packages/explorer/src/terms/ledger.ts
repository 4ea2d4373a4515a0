import { type Explanation, fixed, linesThatAdd, type NumberFormat, sumInShort, type Term } from "unravel-cnn";

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
  const { lines, format } = sumInShort(explanation, all ? Infinity : undefined);
  const total = explanation.value;
  const written = linesThatAdd({ lines, totalName: "", total, format });
  return {
    lines: written.map((line, k): Line => {
      const { term } = lines[k] ?? {};
      return {
        text: term && line.cell ? (term.role === "bias" ? "bias" : "") : line.name,
        value: fixed(line.value, format),
        exact: k < lines.length ? line.value : 0, // what rounding leaves over is nothing
        ...(term && { term }),
      };
    }),
    total: fixed(total, format),
    format,
  };
}
