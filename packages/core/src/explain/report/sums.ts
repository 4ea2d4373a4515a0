import { type Content, html, type Markup } from "../../html.js";
import {
  fixed,
  fromUnits,
  type NumberFormat,
  powerOf,
  roundingOf,
  units,
} from "../../presentation/numbers.js";

/*
 * Sums as one writes them by hand: a line for each summand, a stroke, the total. Whoever adds the lines as they are shown
 * gets the total as it is shown: what rounding leaves over has a line of its own.
 */

export interface SumLine {
  readonly name: Content;
  /** How the number came about: `0.31 × 0.98`. */
  readonly made?: Content;
  readonly value: number;
}

export interface Sum {
  readonly lines: readonly SumLine[];
  readonly totalName: Content;
  readonly total: number;
  readonly format: NumberFormat;
}

export function sumTable({ lines, totalName, total, format }: Sum): Markup {
  const rest = roundingOf(
    lines.map(({ value }) => value),
    total,
    format,
  );
  const all = rest === 0 ? lines : [...lines, { name: "left over by rounding the lines above", value: rest }];
  const power = powerOf(format);
  const withMade = lines.some(({ made }) => made !== undefined);
  const line = ({ name, made, value }: SumLine) =>
    html`<tr><th scope="row">${name}</th>${withMade && html`<td class="made">${made}</td>`}<td class="n">${fixed(value, format)}</td></tr>`;
  return html`<div class="scroll"><table class="sum">${
    power &&
    html`<thead><tr><td colspan="${withMade ? 3 : 2}">all numbers on the right ${power}</td></tr></thead>`
  }<tbody>${all.map(line)}</tbody><tfoot><tr><th scope="row"${withMade && html` colspan="2"`}>${totalName}</th><td class="n">${fixed(total, format)}</td></tr></tfoot></table></div>`;
}

/** What numbers as they are shown add up to. */
export function shownSum(values: Iterable<number>, format: NumberFormat): number {
  let sum = 0;
  for (const value of values) sum += units(value, format);
  return fromUnits(sum, format);
}
