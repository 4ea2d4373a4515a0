import type { Cell, Model } from "unravel-cnn";
import { layerNameOf, plainName } from "./grids.js";

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

/**
 * Layers with the same channels turn their pages together: the name of the first of them. `conv1`, `relu1`, `pool1`,
 * `flatten1` are the group `conv1`.
 */
export function channelGroup(model: Model, layer: string): string {
  let group = "x";
  for (const { name, spec } of model.layers) {
    if (layer === "x") return "x";
    if (spec.type === "conv2d" || spec.type === "dense") group = name;
    if (name === layer) return group;
  }
  return layer;
}

/** Whether numbers below 0 are to be expected, so that the scale has 0 in its middle. */
export function isSigned(tensor: string, model: Model): boolean {
  if (tensor.startsWith("grad.") || /\.(weight|bias)$/.test(tensor)) return true;
  const type = model.layers.find(({ name }) => name === layerNameOf(tensor))?.spec.type;
  return type === "conv2d" || type === "dense";
}

/** The name of the layer whose output goes into this one; `x` if it is the picture. */
export function layerBefore({ layers }: Model, name: string): string {
  const input = layers.find((layer) => layer.name === name)?.inputs[0] ?? "x";
  return layerNameOf(input);
}
