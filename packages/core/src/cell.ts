import { InputError, show } from "./errors.js";
import { kindOf } from "./options.js";
import { formatShape, type Shape, type Tensor } from "./tensor.js";

/**
 * One number of a trace: a tensor's contract name (`conv1.out`, `grad.conv1.weight`, `probs`, `loss`) and the index of a
 * cell in it, with the image first where the tensor has one: `conv1.out` [n, o, i, j], `loss` [].
 */
export interface Cell {
  readonly tensor: string;
  readonly index: readonly number[];
}

/** `conv1.out[0, 3, 12, 7]`; a single number is its name alone: `loss`. */
export function cellAddress({ tensor, index }: Cell): string {
  return index.length === 0 ? tensor : `${tensor}[${index.join(", ")}]`;
}

/**
 * The cell of an address, as `cellAddress` writes it; spaces don't matter.
 * @throws InputError if the text is not an address. Whether there is such a cell only a trace can tell.
 */
export function parseCell(text: string): Cell {
  const [, tensor, indices] = text.match(/^\s*([\w.]+)\s*(?:\[([\d,\s]*)\])?\s*$/) ?? [];
  const index = indices?.trim() ? indices.split(",") : [];
  if (tensor === undefined || index.some((part) => !/^\s*\d{1,15}\s*$/.test(part))) {
    throw new InputError(`${show(text)} is not the address of a cell; write it like conv1.out[0, 3, 12, 7].`);
  }
  return { tensor, index: index.map(Number) };
}

/** Where a cell lies in a tensor's data. */
export function offsetOf(shape: Shape, index: readonly number[]): number {
  return index.reduce((offset, position, axis) => offset * shape[axis] + position, 0);
}

/** The index of the cell that lies at an offset in a tensor's data: the inverse of `offsetOf`. */
export function indexAt(shape: Shape, offset: number): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(offset % shape[axis]);
    offset = Math.floor(offset / shape[axis]);
  }
  return index;
}

/**
 * Looks whether a tensor has a cell.
 * @throws InputError if the tensor called `cell.tensor` has no such cell.
 */
export function checkCell(cell: Cell, { shape }: Tensor): void {
  const inside = (position: number, axis: number) =>
    Number.isInteger(position) && position >= 0 && position < shape[axis];
  if (!Array.isArray(cell.index)) {
    throw new InputError(
      `The index of a cell of ${cell.tensor} must be a list of ${shape.length} numbers, not ${kindOf(cell.index)}.`,
    );
  }
  if (cell.index.length === shape.length && cell.index.every(inside)) return;
  throw new InputError(
    shape.length === 0
      ? `${cell.tensor} is a single number, so there is no ${cellAddress(cell)}.`
      : `${cell.tensor} has shape ${formatShape(shape)}, so there is no ${cellAddress(cell)}; an index counts from 0.`,
  );
}
