import type { Content, Markup } from "../../../html.js";
import { counted, fixed, type NumberFormat, roundingOf } from "../../../presentation/numbers.js";
import { table } from "../grids.js";
import { nameOf, type Story, tensorOf } from "../story.js";

/* Numbers of classes, a line for each class, with sums that add up as they are shown. */

/** Of more classes than this, only the most probable have a line. */
const MOST_CLASSES = 12;

interface ClassColumn {
  readonly head: Content;
  /** One for each class. */
  readonly values: ArrayLike<number>;
  readonly format: NumberFormat;
  /** What the classes without a line of their own have together is shown. */
  readonly added?: true;
  /** What all have together, if that is shown. */
  readonly total?: number;
}

/**
 * @param bar the bar at the end of a class's line
 * @param chosen the classes that are set off
 */
export function classTable(
  story: Story,
  columns: readonly ClassColumn[],
  bar: (classIndex: number) => Markup,
  chosen: readonly number[],
): Markup {
  const shown = shownClasses(story);
  const hidden = [...story.trace.model.classes.keys()].filter((k) => !shown.includes(k));
  const together = ({ values }: ClassColumn) => hidden.reduce((sum, k) => sum + values[k], 0);
  const line = (name: string, cellOf: (column: ClassColumn) => number | undefined) => [
    name,
    ...columns.map((column) => {
      const value = cellOf(column);
      return value === undefined ? "" : fixed(value, column.format);
    }),
  ];
  const rows: { cells: Content[]; look?: string | undefined }[] = shown.map((k) => ({
    cells: [...line(nameOf(story, k), ({ values }) => values[k]), bar(k)],
    look: chosen.includes(k) ? "chosen" : undefined,
  }));
  if (hidden.length > 0) {
    const others = line(`the other ${counted(hidden.length, "class", "classes")}`, (column) =>
      column.added ? together(column) : undefined,
    );
    rows.push({ cells: [...others, ""] });
  }
  const leftOver = (column: ClassColumn) => {
    const { values, format, total } = column;
    if (total === undefined) return undefined;
    const lines = [...shown.map((k) => values[k]), ...(hidden.length > 0 ? [together(column)] : [])];
    return roundingOf(lines, total, format) || undefined;
  };
  if (columns.some(leftOver)) rows.push({ cells: [...line("left over by rounding", leftOver), ""] });
  rows.push({ cells: [...line("sum", ({ total }) => total), ""], look: "total" });
  return table(["class", ...columns.map(({ head }) => head), ""], rows, [
    "text",
    ...columns.map(() => "n" as const),
    "bar",
  ]);
}

/** All classes in order; of many, the most probable, most probable first, and the right ones. */
function shownClasses(story: Story): number[] {
  const p = tensorOf(story, "probs").data;
  const order = Array.from(p, (_, k) => k);
  if (order.length <= MOST_CLASSES) return order;
  const most = order.sort((a, b) => p[b] - p[a]).slice(0, MOST_CLASSES - 2);
  return [...most, ...story.right.filter((k) => !most.includes(k))];
}
