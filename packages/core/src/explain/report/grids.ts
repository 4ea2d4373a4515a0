import { type Content, html, type Markup } from "../../html.js";
import { type Scale, strength } from "../../presentation/colours.js";
import type { SymbolRole } from "../../presentation/mathml.js";
import { fixed, type NumberFormat, powerOf } from "../../presentation/numbers.js";

/*
 * Numbers in the places where they lie: small tables whose cells are tinted with their values.
 */

export interface GridOptions {
  readonly caption: Content;
  readonly role?: SymbolRole;
  /** In rows; undefined where there is nothing. */
  readonly values: readonly (readonly (number | undefined)[])[];
  readonly format: NumberFormat;
  readonly scale: Scale;
  /** Which cells are set off. */
  readonly chosen?: (row: number, column: number) => boolean;
}

/** The most rows and columns of numbers that can be read; larger ones are drawn as maps. */
export const LARGEST_GRID = 9;

export function grid({ caption, role, values, format, scale, chosen }: GridOptions): Markup {
  const power = powerOf(format);
  const look = values[0].length > 4 ? "grid many" : "grid";
  return html`<figure class="${look}"><figcaption class="${role}">${caption}${power && html` <small>${power}</small>`}</figcaption><div class="scroll"><table>${values.map(
    (row, i) =>
      html`<tr>${row.map((value, j) => gridCell(value, { format, scale, chosen: chosen?.(i, j) }))}</tr>`,
  )}</table></div></figure>`;
}

interface CellLook {
  readonly format: NumberFormat;
  readonly scale: Scale;
  readonly chosen?: boolean | undefined;
}

function gridCell(value: number | undefined, { format, scale, chosen }: CellLook): Markup {
  if (value === undefined) return html`<td class="none">·</td>`;
  const share = strength(scale, value);
  const hue = scale.kind === "diverging" ? (share < 0 ? "neg" : "pos") : "seq";
  return html`<td class="${hue}${chosen && " chosen"}" style="--s:${+Math.abs(share).toFixed(2)}">${fixed(value, format)}</td>`;
}

/** Grids with signs between them: weights × pixels = products. */
export function gridRow(parts: readonly Content[]): Markup {
  return html`<div class="grids">${parts}</div>`;
}

/** A sign between two grids. */
export function sign(text: string): Markup {
  return html`<span class="sign">${text}</span>`;
}

/** What a column holds: `n` numbers, set to the right; `bar` a bar. */
type Column = "text" | "n" | "bar";

export interface TableRow {
  readonly cells: readonly Content[];
  /** `chosen` or `total` */
  readonly look?: string | undefined;
}

export function table(
  head: readonly Content[],
  rows: readonly TableRow[],
  columns: readonly Column[],
): Markup {
  const look = (column: number) => columns[column] !== "text" && html` class="${columns[column]}"`;
  return html`<div class="scroll"><table class="list"><thead><tr>${head.map(
    (cell, k) => html`<th${look(k)}>${cell}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr${row.look && html` class="${row.look}"`}>${row.cells.map((cell, k) => html`<td${look(k)}>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}
