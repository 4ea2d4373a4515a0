import type { Cell } from "../../cell.js";
import { type Content, html, type Markup } from "../../html.js";
import type { Term } from "../../layers/explain/explanation.js";
import { formatFor, type NumberFormat } from "../../presentation/numbers.js";
import { factorFormats, type SumLine, sumInShort } from "../../presentation/sums.js";
import type { Explanation } from "../explain.js";
import { address, explained, type Story } from "./story.js";
import { sumTable } from "./sums.js";

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
  return {
    values: formatFor([value, ...terms.map((term) => term.value)]),
    factors: factorFormats(terms),
  };
}

/**
 * The whole sum of a cell as a list: the largest terms, then the rest of them as one, then a bias.
 * @param nameOf what a term is called, where that says more than the address of what its weight met
 */
export function termTable(story: Story, cell: Cell, nameOf?: (term: Term) => Content): Markup {
  const explanation = explained(story, cell);
  const { lines, format } = sumInShort(explanation);
  const named = lines.map((line): SumLine<Content> => {
    const name = line.term && nameOf?.(line.term);
    return name ? { ...line, name, cell: undefined } : line;
  });
  return sumTable({ lines: named, totalName: address(cell), total: explanation.value, format });
}
