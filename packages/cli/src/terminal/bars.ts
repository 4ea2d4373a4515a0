import { type Prediction, printable } from "unravel-cnn";
import type { Styles } from "./style.js";

/** Of models with many classes, only the most probable have a bar. */
const MOST_BARS = 10;
const WIDEST_LABEL = 20;

/**
 * The probabilities as bars in at most `width` columns, a line for each class in order; of more than ten classes, the ten
 * most probable, most probable first.
 */
export function probabilityBars(
  { index, probabilities }: Prediction,
  classes: readonly string[],
  width: number,
  styles: Styles,
): string[] {
  const order = [...probabilities.keys()];
  if (order.length > MOST_BARS) order.sort((a, b) => probabilities[b] - probabilities[a]);
  const shown = order.slice(0, MOST_BARS);
  const labels = shown.map((k) => shorten(printable(classes[k])));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const barWidth = Math.max(1, width - labelWidth - "  ".length - "  0.1234".length);
  const lines = shown.map((k, line) => {
    // scores that stand for probabilities may lie beyond them
    const bar = "#".repeat(Math.round(Math.max(0, Math.min(1, probabilities[k])) * barWidth));
    const text = `${labels[line].padEnd(labelWidth)}  ${probabilities[k].toFixed(4)}  ${bar}`.trimEnd();
    return k === index ? styles.bold(text) : text;
  });
  const left = order.length - shown.length;
  return left > 0 ? [...lines, styles.dim(`and ${left} more classes`)] : lines;
}

function shorten(name: string): string {
  return name.length <= WIDEST_LABEL ? name : `${name.slice(0, WIDEST_LABEL - 1)}…`;
}
