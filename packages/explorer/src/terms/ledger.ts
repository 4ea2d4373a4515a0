import type { Explanation, Term } from "unravel-cnn";
import { decimalsFor, fixed } from "../view/numbers.js";

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
  /** What all displayed numbers are multiples of: 1, or a power of 1000 where they would be all zeros. */
  readonly unit: number;
  readonly decimals: number;
}

/** More terms than these are summed up. */
const MOST = 10;

/**
 * The lines behind a cell: all terms where they are few, else the largest ten and the rest together. What rounding loses has
 * a line of its own.
 */
export function ledgerOf({ terms, sum }: Explanation, all = false): Ledger {
  const bySize = terms.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const most = Math.max(Math.abs(sum), ...bySize.slice(0, 1).map(({ value }) => Math.abs(value)));
  const unit = unitFor(most);
  const decimals = Math.min(6, decimalsFor(most / unit));
  const isWhole = all || terms.length <= MOST + 1;
  const biases = terms.filter(({ role }) => role === "bias");
  const shown = isWhole ? terms : [...bySize.filter(({ role }) => role !== "bias").slice(0, MOST), ...biases];
  const lines: Line[] = shown.map((term) => line(term.role === "bias" ? "bias" : "", term.value, term));
  if (!isWhole) {
    const rest = sum - shown.reduce((total, { value }) => total + value, 0);
    lines.push(line(`the other ${(terms.length - shown.length).toLocaleString("en-US")} together`, rest));
  }
  const displayed = lines.reduce((total, { value }) => total + toNumber(value), 0);
  const total = fixed(sum / unit, decimals);
  const lost = toNumber(total) - displayed;
  if (Math.abs(lost) > 0.5 * 10 ** -decimals) {
    lines.push({ text: "lost by rounding these lines", value: fixed(lost, decimals), exact: 0 });
  }
  return { lines, total, unit, decimals };

  function line(text: string, value: number, term?: Term): Line {
    return { text, value: fixed(value / unit, decimals), exact: value, ...(term && { term }) };
  }
}

function unitFor(size: number): number {
  if (!(size > 0) || !Number.isFinite(size) || (size >= 1e-3 && size < 1e5)) return 1;
  return 1000 ** Math.floor(Math.log10(size) / 3);
}

const toNumber = (text: string) => Number(text.replace("−", "-"));
