import type { Cell, Explanation, Factor, Term } from "unravel-cnn";
import { type Place, plainName } from "../view/grids.js";
import { groupsOf } from "../view/groups.js";

/** Terms in the shape in which their numbers lie. */
export interface TermGrid {
  /** What the terms of this picture have in common: `channel 3`, `filter 0`, `image 2`; empty where there is one. */
  readonly title: string;
  /** The tensor in which these numbers lie. */
  readonly tensor: string;
  readonly rows: number;
  readonly columns: number;
  /** `[rows, columns]`; undefined where no term is. */
  readonly terms: readonly (Term | undefined)[];
  readonly sum: number;
}

/** What is needed to know of the tensors: where cells lie, and how many pictures belong to one filter or unit. */
export interface Arrangement {
  placeOf(cell: Cell): Place;
  isParameter(tensor: string): boolean;
  /** Pictures for one filter (of a convolution) or one unit (of a dense layer). */
  picturesPerUnit(weight: string): number;
}

/**
 * Lays the terms of a sum out as the numbers lie that they are made of. Terms of an input's gradient lie as the outputs that
 * the input went into: there, a convolution's kernel appears flipped.
 */
export function arrange({ cell, terms, others, rule }: Explanation, layout: Arrangement): TermGrid[] {
  const isInputGradient = cell.tensor.startsWith("grad.") && !layout.isParameter(cell.tensor);
  const leadOf = ({ factors }: Term): Factor =>
    (isInputGradient && factors.find((factor) => factor.cell?.tensor.startsWith("grad."))) || factors[0];
  const all = rule === "maximum" && !isInputGradient ? [...terms, ...others.map(alone)] : terms;
  const placed = all.flatMap((term) => {
    const lead = leadOf(term).cell;
    return lead && term.role !== "bias" ? [{ term, lead, place: layout.placeOf(lead) }] : [];
  });
  if (placed.length < 2) return [];
  const groups = groupsOf(placed, ({ lead, place }) => `${lead.tensor} ${place.image} ${place.plane}`);
  if (groups.size === placed.length) {
    const [{ lead }] = placed;
    if (placed.some((one) => one.lead.tensor !== lead.tensor)) return []; // they lie nowhere together
    return [
      gridOf(
        "",
        lead.tensor,
        placed.map((one, row) => ({ ...one, place: { ...one.place, row, column: 0 } })),
      ),
    ];
  }
  return [...groups.values()].map((group) => {
    const [{ lead, place }] = group;
    const title = groups.size > 1 ? titleOf(lead, place, cell, layout) : "";
    return gridOf(title, lead.tensor, group);
  });
}

/** A number that took part without being added, as if it were a term: a pool's loser beside the winner. */
const alone = (factor: Factor): Term => ({ factors: [factor], value: factor.value });

interface Placed {
  readonly term: Term;
  readonly place: Place;
}

function gridOf(title: string, tensor: string, placed: readonly Placed[]): TermGrid {
  const rows = ordered(placed.map(({ place }) => place.row));
  const columns = ordered(placed.map(({ place }) => place.column));
  const terms: (Term | undefined)[] = Array(rows.length * columns.length).fill(undefined);
  const rowOf = new Map(rows.map((row, k) => [row, k]));
  const columnOf = new Map(columns.map((column, k) => [column, k]));
  let sum = 0;
  for (const { term, place } of placed) {
    terms[(rowOf.get(place.row) ?? 0) * columns.length + (columnOf.get(place.column) ?? 0)] = term;
    sum += term.value;
  }
  return { title, tensor, rows: rows.length, columns: columns.length, terms, sum };
}

const ordered = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);

function titleOf(lead: Cell, place: Place, cell: Cell, layout: Arrangement): string {
  if (layout.isParameter(lead.tensor)) {
    return `channel ${place.plane % layout.picturesPerUnit(plainName(lead.tensor))}`;
  }
  return layout.isParameter(cell.tensor) ? `image ${place.image}` : `filter ${place.plane}`;
}
