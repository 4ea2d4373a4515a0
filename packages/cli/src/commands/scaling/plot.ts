import { chartOf, labelledValues, nounOf, type ScalingChart } from "unravel-cnn";
import { whole } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import type { Measured } from "./report.js";

/* The picture in a terminal, made of characters: o is measured, . the line, x the exponential. */

const COLUMNS = 68;
const ROWS = 16;

type Cell = "o" | "." | "x" | " ";

/** Lines of at most 80 columns. */
export function plot({ sweep, points, conclusion }: Measured, styles: Styles): string[] {
  const chart = chartOf(sweep, points, conclusion);
  const cells = draw(chart, points);
  const labels = labelsOf(chart);
  const margin = Math.max(...labels.map((label) => label.length), "seconds".length);
  const rows = cells.map((row, k) => {
    const label = labels[k].padStart(margin);
    return `${label} |${row.map((cell) => coloured(cell, styles)).join("")}`.trimEnd();
  });
  const indent = " ".repeat(margin + 1);
  return [
    styles.dim(`${chart.unit} per epoch`),
    ...rows,
    `${indent}+${"-".repeat(COLUMNS)}`,
    `${indent}${axis(chart, points)}`,
    `${indent} ${nounOf[sweep].padStart((COLUMNS + nounOf[sweep].length) / 2)}`,
    `${indent} ${styles.bold("o")} measured   . ${chart.lineName}${chart.exponential ? `   ${styles.bad("x")} exponential through the first two` : ""}`,
  ];
}

/** Rows from the top; what is measured lies over the line, and that over the exponential. */
function draw({ place, valueAt, height, line, exponential }: ScalingChart, points: Measured["points"]) {
  const cells = Array.from({ length: ROWS }, () => Array<Cell>(COLUMNS).fill(" "));
  const put = (column: number, seconds: number, mark: Cell) => {
    const row = Math.round((1 - height(seconds)) * (ROWS - 1));
    if (row >= 0 && row < ROWS) cells[row][column] = mark;
  };
  for (const [curve, mark] of [
    [exponential, "x"],
    [line, "."],
  ] as const) {
    if (!curve) continue;
    for (let column = 0; column < COLUMNS; column++)
      put(column, curve(valueAt(column / (COLUMNS - 1))), mark);
  }
  for (const { value, secondsPerEpoch } of points) {
    put(Math.round(place(value) * (COLUMNS - 1)), secondsPerEpoch, "o");
  }
  return cells;
}

/** For each row from the top, the round number of seconds that lies there, if any does. */
function labelsOf({ ticks, height }: ScalingChart): string[] {
  const labels = Array<string>(ROWS).fill("");
  for (const { seconds, label } of ticks) labels[Math.round((1 - height(seconds)) * (ROWS - 1))] = label;
  return labels;
}

/** The values below their places, where there is room. */
function axis(chart: ScalingChart, points: Measured["points"]): string {
  let text = "";
  const widest = whole(points[points.length - 1].value).length;
  for (const value of labelledValues(chart, points, (widest + 2) / COLUMNS)) {
    const label = whole(value);
    const middle = 1 + Math.round(chart.place(value) * (COLUMNS - 1));
    const start = Math.min(middle - Math.floor((label.length - 1) / 2), COLUMNS + 1 - label.length);
    if (start > text.length) text = text.padEnd(start) + label;
    else if (text === "") text = label;
  }
  return text;
}

function coloured(cell: Cell, styles: Styles): string {
  if (cell === "o") return styles.bold(cell);
  return cell === "x" ? styles.bad(cell) : cell;
}
