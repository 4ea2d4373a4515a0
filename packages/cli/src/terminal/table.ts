/**
 * Rows of text as lines whose columns stand under each other, two spaces apart.
 * @param right for each column, whether it is set to the right, as numbers are
 */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = right.map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] ?? "").length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}
