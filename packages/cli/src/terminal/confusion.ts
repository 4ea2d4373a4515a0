import { printable } from "unravel-cnn";
import { percent, whole } from "./numbers.js";
import type { Styles } from "./style.js";
import { table } from "./table.js";

/** More classes than this don't fit into 80 columns. */
const MOST_COLUMNS = 10;

/**
 * How often each class was taken for which, as lines of text: a matrix for up to ten classes, the commonest mistakes for
 * more.
 * @param confusion `confusion[actual][predicted]` counts images
 */
export function formatConfusion(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
  styles: Styles,
): string[] {
  return classes.length <= MOST_COLUMNS ? matrix(confusion, classes, styles) : mistakes(confusion, classes);
}

function matrix(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
  styles: Styles,
): string[] {
  const named = classes.some((name, k) => name !== String(k));
  const labels = classes.map((name, k) => (named ? `${k} ${shorten(name)}` : name));
  const labelWidth = Math.max(6, ...labels.map((label) => label.length));
  const width = Math.max(4, ...confusion.flat().map((count) => String(count).length)) + 1;
  const header = classes.map((_, k) => String(k).padStart(width)).join("");
  const lines = [
    `${" ".repeat(labelWidth)}  predicted`,
    `${"actual".padEnd(labelWidth)} ${header}${"right".padStart(9)}`,
  ];
  for (const [actual, row] of confusion.entries()) {
    const cells = row.map((count, predicted) => {
      const cell = (count === 0 ? "." : String(count)).padStart(width);
      return actual === predicted ? styles.bold(cell) : count === 0 ? styles.dim(cell) : cell;
    });
    const total = row.reduce((sum, count) => sum + count, 0);
    const right = total > 0 ? percent(row[actual] / total, 1) : "-";
    lines.push(`${labels[actual].padEnd(labelWidth)} ${cells.join("")}${right.padStart(9)}`);
  }
  return lines;
}

function mistakes(confusion: readonly (readonly number[])[], classes: readonly string[]): string[] {
  const pairs: { actual: number; predicted: number; count: number }[] = [];
  for (const [actual, row] of confusion.entries()) {
    for (const [predicted, count] of row.entries()) {
      if (count > 0 && predicted !== actual) pairs.push({ actual, predicted, count });
    }
  }
  if (pairs.length === 0) return ["No mistakes."];
  const commonest = pairs.sort((a, b) => b.count - a.count).slice(0, 10);
  const rows = commonest.map(({ actual, predicted, count }) => [
    shorten(classes[actual]),
    shorten(classes[predicted]),
    whole(count),
  ]);
  return [
    "The commonest mistakes:",
    ...table([["actual", "predicted", "images"], ...rows], [false, false, true]),
  ];
}

function shorten(name: string): string {
  const shown = printable(name);
  return shown.length <= 12 ? shown : `${shown.slice(0, 11)}…`;
}
