import type { Content, Markup } from "../../html.js";
import type { Factor, Term } from "../../layers/explain/explanation.js";
import { type Scale, signedScaleFor } from "../../presentation/colours.js";
import type { SymbolRole } from "../../presentation/mathml.js";
import { shownSum } from "../../presentation/sums.js";
import { grid, gridRow, LARGEST_GRID, sign } from "./grids.js";
import { mapOf } from "./maps.js";

import type { TermFormats } from "./worked.js";

/*
 * Terms in the shape in which they lie: for each filter or channel a block, in it rows and columns, so that a kernel looks
 * like a kernel and a map like a map.
 */

export interface Block {
  /** Which filter or channel. */
  readonly channel: number;
  readonly rows: readonly (readonly (Term | undefined)[])[];
  /** Of the terms. */
  readonly sum: number;
}

/** What gives a term its place: one of its factors, and the dimension that tells the channel. */
export interface Placing {
  /** `conv1.weight`: [o, c, u, v], `grad.conv1.out`: [n, o, i, j]. */
  readonly tensor: string;
  readonly axis: number;
}

/** Terms as blocks, in the order of their channels. Terms without such a factor, as a bias, are left out. */
export function blocksOf(terms: readonly Term[], { tensor, axis }: Placing): Block[] {
  const channels = new Map<number, Map<number, Map<number, Term>>>();
  for (const term of terms) {
    const index = term.factors.find(({ cell }) => cell?.tensor === tensor)?.cell?.index;
    if (index === undefined) continue;
    const rows = within(channels, index[axis], () => new Map<number, Map<number, Term>>());
    within(rows, index[index.length - 2], () => new Map<number, Term>()).set(index[index.length - 1], term);
  }
  return inOrder(channels).map(([channel, rows]) => {
    const columns = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))].sort((a, b) => a - b);
    const terms = inOrder(rows).map(([, row]) => columns.map((column) => row.get(column)));
    const sum = terms.flat().reduce((sum, term) => sum + (term?.value ?? 0), 0);
    return { channel, rows: terms, sum };
  });
}

function within<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const made = make();
  map.set(key, made);
  return made;
}

function inOrder<V>(map: ReadonlyMap<number, V>): [number, V][] {
  return [...map].sort(([a], [b]) => a - b);
}

/** What the factors of a block's terms are, in their order. */
export interface FactorLook {
  readonly caption: Content;
  readonly role: SymbolRole;
  /** All numbers of the tensor: its scale is that of its maps, so that colours mean the same everywhere. */
  readonly scale: Scale;
}

/** Whether a block can be shown in numbers. */
export function isReadable({ rows }: Block): boolean {
  return rows.length <= LARGEST_GRID && rows[0].length <= LARGEST_GRID;
}

/**
 * A block as an equation of pictures: the first factors × the second factors = the products. Numbers, where there is room
 * for them.
 * @param order in which the factors are shown
 */
export function blockEquation(
  block: Block,
  looks: readonly FactorLook[],
  order: readonly number[],
  formats: TermFormats,
): Markup {
  const { rows } = block;
  const factorAt = (k: number) => rows.map((row) => row.map((term) => term?.factors[k]));
  const products = rows.map((row) => row.map((term) => term?.value));
  const readable = isReadable(block);
  const parts: {
    readonly look: FactorLook;
    readonly values: (number | undefined)[][];
    readonly k?: number;
  }[] = [
    ...order.map((k) => ({ look: looks[k], values: factorAt(k).map((row) => row.map(numberIn)), k })),
    {
      look: {
        caption: "products",
        role: "output",
        scale: signedScaleFor([products.flat().map((v) => v ?? 0)]),
      },
      values: products,
    },
  ];
  const pictures = parts.map(({ look: { caption, role, scale }, values, k }) =>
    readable
      ? grid({ caption, role, values, scale, format: k === undefined ? formats.values : formats.factors[k] })
      : mapOf(
          {
            height: values.length,
            width: values[0].length,
            values: values.flat().map((value) => value ?? 0),
          },
          scale,
          { name: `a picture of ${values.length} by ${values[0].length} numbers`, caption, width: 208 },
        ),
  );
  return gridRow([pictures[0], sign("×"), pictures[1], sign("="), pictures[2]]);
}

/** What the products of a block add up to as they are shown. */
export function shownBlockSum(block: Block, formats: TermFormats): number {
  const terms = block.rows.flat();
  const readable = isReadable(block);
  return readable
    ? shownSum(
        terms.map((term) => term?.value ?? 0),
        formats.values,
      )
    : terms.reduce((sum, term) => sum + (term?.value ?? 0), 0);
}

function numberIn(factor: Factor | undefined): number | undefined {
  return factor?.value;
}
