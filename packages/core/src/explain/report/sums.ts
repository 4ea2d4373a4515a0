import { type Content, html, type Markup } from "../../html.js";
import { fixed, powerOf } from "../../presentation/numbers.js";
import { linesThatAdd, type Sum, type SumLine } from "../../presentation/sums.js";
import { address } from "./story.js";

/** A sum as a table. */
export function sumTable(sum: Sum<Content>): Markup {
  const { totalName, total, format } = sum;
  const lines = linesThatAdd(sum);
  const power = powerOf(format);
  const withMade = lines.some(({ made }) => made !== undefined);
  const line = ({ name, cell, made, value }: SumLine<Content>) =>
    html`<tr><th scope="row">${name}${cell && html` ${address(cell)}`}</th>${withMade && html`<td class="made">${made}</td>`}<td class="n">${fixed(value, format)}</td></tr>`;
  return html`<div class="scroll"><table class="sum">${
    power &&
    html`<thead><tr><td colspan="${withMade ? 3 : 2}">all numbers on the right ${power}</td></tr></thead>`
  }<tbody>${lines.map(line)}</tbody><tfoot><tr><th scope="row"${withMade && html` colspan="2"`}>${totalName}</th><td class="n">${fixed(total, format)}</td></tr></tfoot></table></div>`;
}
