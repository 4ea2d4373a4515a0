import { shortened, WIDTH } from "./text.js";

/**
 * Rows of text as lines whose columns stand under each other, two spaces apart. Where that is too wide for a terminal, what
 * stands in the first column, names in most tables, is shortened.
 * @param right for each column, whether it is set to the right, as numbers are
 */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = right.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] ?? "").length), 0),
  );
  const tooWide = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) - WIDTH;
  if (tooWide > 0) widths[0] = Math.max(Math.min(widths[0], SHORTEST), widths[0] - tooWide);
  return rows.map(([name, ...row]) =>
    [shortened(name, widths[0]), ...row]
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join(GAP)
      .trimEnd(),
  );
}

/** Between two columns. */
export const GAP = "  ";

/** No name is made shorter. */
const SHORTEST = 12;
