import { type Cell, cellAddress, indexAt, offsetOf } from "../../cell.js";
import { counted } from "../../presentation/numbers.js";
import type { MaxPool2d } from "../maxPool2d.js";
import { meetingsOf, pixelUnder, winnerOf } from "../window.js";
import { type Around, type Explainer, factorAt, product } from "./explanation.js";

/*
 * Which cell won each window, and which windows each cell won: n image, c channel, (i, j) output cell, (p, q) input cell.
 */

export const explainMaxPool2d: Explainer<MaxPool2d> = {
  output(layer, around, index) {
    const x = around("x");
    const winner = winnerAt(layer, around, index);
    const losers = cellsUnder(layer, index).filter((cell) => !isSame(cell, winner));
    const others = losers.map((cell) => factorAt(x, cell, "lost"));
    const won = factorAt(x, winner);
    const equals = others.filter(({ value }) => value === won.value).length;
    const says = `The largest of the ${counted(1 + losers.length, "number")} under this window is ${cellAddress({ tensor: x.name, index: winner })}${equals > 0 ? ", the first among equals" : ""}; only it goes on.`;
    return { rule: "maximum", terms: [product([won], "winner")], others, says };
  },

  inputGradient(layer, around, index) {
    const [x, outputGradient] = [around("x"), around("grad.out")];
    const windows = windowsOver(layer, index);
    const winners = windows.map((window) => winnerAt(layer, around, window));
    const won = windows.filter((_, k) => isSame(winners[k], index));
    const lostTo = unique(winners.filter((winner) => !isSame(winner, index)));
    const says =
      windows.length === 0
        ? "No window lay on this number, so the loss does not depend on it."
        : won.length === 0
          ? `This number lay under ${counted(windows.length, "window")} and was the largest of none, so no gradient comes to it.`
          : `This number was the largest of ${won.length} of the ${counted(windows.length, "window")} that it lay under, and gets the whole gradient of ${won.length === 1 ? "that" : "those"}.`;
    return {
      rule: "maximum",
      terms: won.map((window) => product([factorAt(outputGradient, window)], "winner")),
      others:
        windows.length === 0
          ? []
          : [factorAt(x, index, "itself"), ...lostTo.map((winner) => factorAt(x, winner, "won against it"))],
      says,
    };
  },

  parameterGradient() {
    throw new RangeError("A max-pool has no parameters.");
  },

  uses(layer, around, { tensor, index }) {
    if (tensor === "grad.out") return [{ tensor: "grad.x", index: winnerAt(layer, around, index) }];
    const windows = windowsOver(layer, index);
    const won = windows.filter((window) => isSame(winnerAt(layer, around, window), index));
    const itself = windows.length > 0 ? [index] : [];
    const beaten = unique([...itself, ...won.flatMap((window) => cellsUnder(layer, window))]);
    return [...named("out", windows), ...named("grad.x", beaten)];
  },
};

/** The cell [n, c, p, q] that won the window of output [n, c, i, j]. */
function winnerAt(layer: MaxPool2d, around: Around, [n, c, i, j]: readonly number[]): number[] {
  const x = around("x");
  return indexAt(x.shape, winnerOf(layer, x, offsetOf(x.shape, [n, c, 0, 0]), i, j));
}

/** The cells [n, c, p, q] of the image under the window of output [n, c, i, j]. */
function cellsUnder(layer: MaxPool2d, [n, c, i, j]: readonly number[]): number[][] {
  const [, H, W] = layer.inputShape;
  const cells: number[][] = [];
  for (let u = 0; u < layer.kernel[0]; u++) {
    for (let v = 0; v < layer.kernel[1]; v++) {
      const [p, q] = pixelUnder(layer, [i, j], [u, v]);
      if (p >= 0 && p < H && q >= 0 && q < W) cells.push([n, c, p, q]);
    }
  }
  return cells;
}

/** The outputs [n, c, i, j] whose windows lie on cell [n, c, p, q], in row-major order. */
function windowsOver(layer: MaxPool2d, [n, c, p, q]: readonly number[]): number[][] {
  return meetingsOf(layer, [p, q])
    .reverse()
    .map(({ output }) => [n, c, ...output]);
}

const isSame = (a: readonly number[], b: readonly number[]) =>
  a.every((position, axis) => position === b[axis]);

function unique(indices: readonly (readonly number[])[]): (readonly number[])[] {
  return indices.filter((index, k) => indices.findIndex((other) => isSame(other, index)) === k);
}

function named(tensor: string, indices: readonly (readonly number[])[]): Cell[] {
  return indices.map((index) => ({ tensor, index }));
}
