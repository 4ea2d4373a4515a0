import {
  type Cell,
  checkCell,
  indexAt,
  type Model,
  type NamedTensors,
  offsetOf,
  parseCell,
  type Shape,
  sizeOf,
} from "unravel-cnn";
import { lieOf } from "./layout.js";

/**
 * How a tensor's numbers lie as pictures: for each image (or once, for parameters) `planes` pictures of `rows` x `columns`.
 * The numbers are in the tensor's own order, so that a place follows from an index and back. The last row of a picture may
 * be short: it has `cells` in all.
 */
export interface Grid {
  readonly images: number;
  readonly planes: number;
  readonly rows: number;
  readonly columns: number;
  readonly cells: number;
}

export interface Place {
  readonly image: number;
  readonly plane: number;
  readonly row: number;
  readonly column: number;
}

/** More units than this don't get a line each. */
export const MOST_LINES = 16;
/** Units in a row, where they have no line each. */
const UNITS_IN_A_ROW = 8;

const grid = (
  images: number,
  planes: number,
  rows: number,
  columns: number,
  cells = rows * columns,
): Grid => ({
  images,
  planes,
  rows,
  columns,
  cells,
});

/** Numbers without a place of their own in a picture: a line each, or rows of eight. */
function unitGrid(images: number, planes: number, count: number): Grid {
  return count <= MOST_LINES
    ? grid(images, planes, count, 1)
    : grid(images, planes, Math.ceil(count / UNITS_IN_A_ROW), UNITS_IN_A_ROW, count);
}

/** The name without what says that it is a gradient, or a parameter after its update. */
export function plainName(tensor: string): string {
  return tensor.replace(/^(grad|new)\./, "");
}

/** The name of the layer that a tensor belongs to; `x`, `probs` and `loss` are their own. */
export function layerNameOf(tensor: string): string {
  return plainName(tensor).split(".")[0];
}

/** Numbers that lie as a tensor between layers does, for each image or each unit. */
function gridBetween(model: Model, tensor: string, images: number, planes: number, size: number): Grid {
  const space = lieOf(model, tensor)?.space;
  return space && sizeOf(space) === size
    ? grid(images, planes * space[0], space[1], space[2])
    : unitGrid(images, planes, size);
}

/** How the tensor of this name and shape lies. */
export function gridOf(model: Model, tensor: string, shape: Shape): Grid {
  const name = plainName(tensor);
  if (lieOf(model, name)) return gridBetween(model, name, shape[0], 1, sizeOf(shape.slice(1)));
  const layer = model.layers.find(({ parameters }) => parameters.some(({ fullName }) => fullName === name));
  if (!layer) return unitGrid(shape.length > 1 ? shape[0] : 1, 1, sizeOf(shape.slice(1)));
  if (shape.length === 1) return grid(1, shape[0], 1, 1);
  if (shape.length === 2) return gridBetween(model, layer.inputs[0], 1, shape[0], shape[1]);
  const [rows, columns] = shape.slice(-2);
  return grid(1, sizeOf(shape.slice(0, -2)), rows, columns);
}

/** Where a picture begins in the tensor's data. */
export function startOf({ planes, cells }: Grid, image: number, plane: number): number {
  return (image * planes + plane) * cells;
}

/** Where a cell lies. */
export function placeOf(grid: Grid, shape: Shape, { index }: Cell): Place {
  const offset = offsetOf(shape, index);
  const inPlane = offset % grid.cells;
  const plane = Math.floor(offset / grid.cells);
  return {
    image: Math.floor(plane / grid.planes),
    plane: plane % grid.planes,
    row: Math.floor(inPlane / grid.columns),
    column: inPlane % grid.columns,
  };
}

/** The cell at a place; undefined outside. */
export function cellAt(tensor: string, grid: Grid, shape: Shape, place: Place): Cell | undefined {
  const { image, plane, row, column } = place;
  const inPlane = row * grid.columns + column;
  const inside =
    image >= 0 &&
    image < grid.images &&
    plane >= 0 &&
    plane < grid.planes &&
    row >= 0 &&
    row < grid.rows &&
    column >= 0 &&
    column < grid.columns &&
    inPlane < grid.cells;
  if (!inside) return undefined;
  return { tensor, index: indexAt(shape, startOf(grid, image, plane) + inPlane) };
}

/** Whether there is such a cell among the tensors. */
export function hasCell(tensors: NamedTensors, cell: Cell): boolean {
  if (!Object.hasOwn(tensors, cell.tensor)) return false;
  try {
    checkCell(cell, tensors[cell.tensor]);
    return true;
  } catch {
    return false;
  }
}

/** The cell of an address, if there is one. */
export function cellIn(tensors: NamedTensors, address: string): Cell | undefined {
  try {
    const cell = parseCell(address);
    return hasCell(tensors, cell) ? cell : undefined;
  } catch {
    return undefined;
  }
}
