import { type Cell, listed, type Model } from "unravel-cnn";
import { plainName } from "./grids.js";

export type Pass = "forward" | "backward";

/** Channels of a layer that are shown at a time. */
export const PAGE = 8;

/** Whether a tensor's numbers are shown in this pass. The loss ends the one and begins the other. */
export function inPass(tensor: string, pass: Pass): boolean {
  return tensor === "loss" || tensor.startsWith("grad.") === (pass === "backward");
}

export const oppositeOf = (pass: Pass): Pass => (pass === "forward" ? "backward" : "forward");

/** The cell that stands in the same place in the other pass. */
export function otherPass(model: Model, cell: Cell, pass: Pass): Cell {
  if (cell.tensor === "loss") return cell;
  if (pass === "forward") return { ...cell, tensor: plainName(cell.tensor) };
  if (cell.tensor === "y") return { tensor: "loss", index: [] };
  return { ...cell, tensor: `grad.${cell.tensor === "probs" ? model.output : plainName(cell.tensor)}` };
}

/** Classes by their names: `cat and dog`; or that there is none. */
export const namesOf = ({ classes }: Model, some: readonly number[]): string =>
  some.length === 0 ? "none of the classes" : listed(some.map((k) => classes[k])).join("");
