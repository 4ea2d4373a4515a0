import { type Cell, indexAt, offsetOf } from "unravel-cnn";
import { emptyDrawing, type Stroke } from "../state/drawing.js";
import type { Explorer } from "../state/explorer.svelte.js";
import { inPass, oppositeOf } from "../view/network.js";
import type { StepName } from "./names.js";

/*
 * The six steps of *Start here*. Each is a film of the page's own states: what is drawn, selected, and how much of a map is there
 * already. They tell of the network that the page opens with.
 */

/** One picture of the film: sets the page, and stays for so many milliseconds. */
export interface Frame {
  readonly show: () => void;
  readonly wait: number;
}

/** The films, made when their step begins: they depend on the numbers that are there by then. */
export const films: Readonly<Record<StepName, (explorer: Explorer) => readonly Frame[]>> = {
  draw,
  kernel,
  relu,
  pool,
  scores,
  back,
};

const SLOW = 1300;
const FAST = 110;

/** A seven, in the pad's units. */
const corners: readonly (readonly [number, number])[] = [
  [68, 66],
  [190, 62],
  [112, 206],
];
const POINTS = 14;
const seven: Stroke = corners.slice(1).flatMap(([x, y], k) => {
  const [fromX, fromY] = corners[k];
  return Array.from({ length: POINTS }, (_, i) => {
    const share = (i + 1) / POINTS;
    return [Math.round(fromX + share * (x - fromX)), Math.round(fromY + share * (y - fromY))];
  }).flat();
});
const start = corners[0];

function draw(explorer: Explorer): Frame[] {
  const first = {
    show: () => {
      explorer.setPass("forward");
      explorer.draw({ ...emptyDrawing, strokes: [[...start]] });
    },
    wait: 500,
  };
  const pen = Array.from({ length: seven.length / 2 }, (_, k) => ({
    show: () => explorer.extend([...start, ...seven.slice(0, 2 * (k + 1))]),
    wait: 60,
  }));
  return [first, ...pen];
}

/** Selects a cell, without a place to go back to, and turns to its pass. */
function point(explorer: Explorer, cell: Cell): void {
  if (!inPass(cell.tensor, explorer.pass)) explorer.setPass(oppositeOf(explorer.pass));
  explorer.selected = cell;
}

/** The filter that finds most in this picture, and where: `[0, filter, row, column]`. */
function largestOf(explorer: Explorer, tensor: string): readonly number[] {
  const { data, shape } = explorer.tensor(tensor);
  return indexAt(shape, data.indexOf(Math.max(...data)));
}

/** So many slow steps along a row up to the largest number, each leaving its number; then the whole map, row by row. */
function fill(explorer: Explorer, tensor: string, slow: number): Frame[] {
  const { shape } = explorer.tensor(tensor);
  const [, plane, row, column] = largestOf(explorer, tensor);
  const [rows, columns] = shape.slice(-2);
  const first = Math.max(0, Math.min(column - slow + 1, columns - slow));
  const leave = (at: number) => () => {
    explorer.revealed = { tensor, plane, cells: at + 1 };
    point(explorer, { tensor, index: [0, plane, Math.floor(at / columns), at % columns] });
  };
  const walk = Array.from({ length: slow }, (_, k) => ({
    show: leave(row * columns + first + k),
    wait: SLOW,
  }));
  const sweep = Array.from({ length: rows }, (_, k) => ({ show: leave((k + 1) * columns - 1), wait: FAST }));
  const last = {
    show: () => {
      explorer.revealed = undefined;
      point(explorer, { tensor, index: [0, plane, row, column] });
    },
    wait: SLOW,
  };
  return [...walk, ...sweep, last];
}

function kernel(explorer: Explorer): Frame[] {
  return fill(explorer, "conv1.out", 6);
}

/** One number that stays, one that becomes 0; then all of them. */
function relu(explorer: Explorer): Frame[] {
  const before = explorer.tensor("conv1.out");
  const [, plane, row, column] = largestOf(explorer, "relu1.out");
  const start = offsetOf(before.shape, [0, plane, 0, 0]);
  const map = Array.from(before.data.subarray(start, start + before.shape[2] * before.shape[3]));
  const lowest = map.indexOf(Math.min(...map));
  const [, , ...columns] = before.shape;
  const below = [0, plane, Math.floor(lowest / columns[1]), lowest % columns[1]];
  const look = (index: readonly number[]) => ({
    show: () => {
      explorer.revealed = undefined;
      point(explorer, { tensor: "relu1.out", index });
    },
    wait: 2 * SLOW,
  });
  return [look([0, plane, row, column]), look(below), ...fill(explorer, "relu1.out", 1)];
}

function pool(explorer: Explorer): Frame[] {
  return fill(explorer, "pool1.out", 4);
}

/** The score of each class, then the share of the one that wins. */
function scores(explorer: Explorer): Frame[] {
  const { data } = explorer.tensor("probs");
  const best = data.indexOf(Math.max(...data));
  const look = (tensor: string, k: number, wait: number) => ({
    show: () => {
      explorer.revealed = undefined;
      point(explorer, { tensor, index: [0, k] });
    },
    wait,
  });
  const all = Array.from(data, (_, k) => look("fc1.out", k, SLOW / 2));
  return [...all, look("fc1.out", best, 2 * SLOW), look("probs", best, 2 * SLOW)];
}

/** What the seven is said to be meant as, so that there is something to learn. */
const MEANT = 1;

/** From the loss of a wrong answer back to a weight of the first layer. */
function back(explorer: Explorer): Frame[] {
  const { data } = explorer.tensor("probs");
  const best = data.indexOf(Math.max(...data));
  const look = (cellOf: () => Cell) => ({
    show: () => {
      explorer.revealed = undefined;
      if (explorer.answer !== MEANT) explorer.setAnswer(MEANT);
      point(explorer, cellOf());
    },
    wait: 1.5 * SLOW,
  });
  const strongest = (tensor: string) => () => {
    const { data: values, shape } = explorer.tensor(tensor);
    const sizes = Array.from(values, Math.abs);
    return { tensor, index: indexAt(shape, sizes.indexOf(Math.max(...sizes))) };
  };
  return [
    look(() => ({ tensor: "loss", index: [] })),
    look(() => ({ tensor: "grad.fc1.out", index: [0, best] })),
    ...["grad.pool1.out", "grad.relu1.out", "grad.conv1.out", "grad.conv1.weight"].map((name) =>
      look(strongest(name)),
    ),
  ];
}
