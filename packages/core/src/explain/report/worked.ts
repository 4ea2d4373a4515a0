import type { Cell } from "../../cell.js";
import { type Content, html, type Markup } from "../../html.js";
import type { Term } from "../../layers/explain/explanation.js";
import { counted, fixed, formatFor, type NumberFormat, powerOf } from "../../presentation/numbers.js";
import { sumInShort } from "../../presentation/sumInShort.js";
import { type Explanation, explain } from "../explain.js";
import { address, type Story } from "./story.js";
import { type SumLine, sumTable } from "./sums.js";

/* Worked examples: one number of a tensor, by hand, from the terms that `explain` gives. */

/** A box with an example in it. */
export function worked(title: Content, body: Content): Markup {
  return html`<div class="worked"><h3>${title}</h3>${body}</div>`;
}

/** How the terms of a sum are shown: the products, and the factors at each place of them. */
export interface TermFormats {
  readonly values: NumberFormat;
  readonly factors: readonly NumberFormat[];
}

export function formatsFor({ terms, value }: Explanation): TermFormats {
  const longest = Math.max(0, ...terms.map(({ factors }) => factors.length));
  return {
    values: formatFor([value, ...terms.map((term) => term.value)]),
    factors: Array.from({ length: longest }, (_, k) =>
      formatFor(terms.flatMap(({ factors }) => (factors.length > 1 && factors[k] ? [factors[k].value] : []))),
    ),
  };
}

/** `0.3127 × 0.9843`; nothing for a term of one factor. */
export function factorsOf({ factors }: Term, formats: TermFormats): Content {
  if (factors.length < 2) return undefined;
  return factors
    .map(({ value }, k) => `${fixed(value, formats.factors[k])}${powerOf(formats.factors[k])}`)
    .join(" × ");
}

export interface TermListOptions {
  /** What a term is called. */
  readonly name: (term: Term) => Content;
}

export function biasLine({ factors: [{ cell }], value }: Term): SumLine {
  return { name: html`the bias ${cell && address(cell)}`, value };
}

/** The whole sum of a cell as a list: the largest terms, then the rest of them as one, then a bias. */
export function termTable(story: Story, cell: Cell, { name }: TermListOptions): Markup {
  const explanation = explain(story.trace, cell);
  const formats = formatsFor(explanation);
  const { shown, rest, bias, format } = sumInShort(explanation);
  const lines: SumLine[] = shown.map((term) => ({
    name: name(term),
    made: factorsOf(term, formats),
    value: term.value,
  }));
  if (rest.count > 0) {
    lines.push({ name: `the other ${counted(rest.count, "product")} together`, value: rest.value });
  }
  if (bias) lines.push(biasLine(bias));
  return sumTable({ lines, totalName: address(cell), total: explanation.value, format });
}
