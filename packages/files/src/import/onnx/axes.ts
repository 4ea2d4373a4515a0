import { known } from "../../known.js";
import type { Activation, Axis, Expression } from "./values.js";
import { BATCH } from "./values.js";

/* Which dimension of a tensor in the file is which here. Sizes of 1 may stand anywhere, or be missing. */

const IMAGE_AXES = ["C", "H", "W"] as const;

/** How many numbers there are along an axis; of the images, `batch`. */
export function sizeAlong(value: Activation, axis: Axis, batch: number): number {
  const { shape } = value.source;
  const [top, right, bottom, left] = value.border ?? [0, 0, 0, 0];
  const sizes: Record<Axis, number> = {
    N: batch,
    C: shape[0],
    H: shape[1] + top + bottom,
    W: shape[2] + left + right,
    K: shape[0],
    "1": 1,
  };
  return sizes[axis];
}

/** The activation that an expression is computed of, number by number, or the value itself: they have the same shape. */
export function likeOf(value: Activation | Expression): Activation {
  let like: Activation | Expression = value;
  while (like.kind === "expression") {
    like = like.activation ?? known(like.args.find((arg) => arg.kind !== "constant"));
  }
  return like;
}

/** A tensor's shape in the file. */
export function shapeInFile(value: Activation | Expression, batch = BATCH): number[] {
  const like = likeOf(value);
  return value.axes.map((axis) => sizeAlong(like, axis, batch));
}

/** The axes that have more than one number, in the file's order, without the images'. */
export function wideAxes(value: Activation): Axis[] {
  return value.axes.filter((axis) => axis !== "N" && sizeAlong(value, axis, 1) !== 1);
}

/** Whether the file lays pictures out as [images, channels, rows, columns]. */
export function isImages(value: Activation): boolean {
  if (value.source.shape.length !== 3 || value.axes.length !== 4 || value.axes[0] !== "N") return false;
  return IMAGE_AXES.every((wanted, k) => {
    const axis = value.axes[k + 1];
    const isOne = (one: Axis) => sizeAlong(value, one, 1) === 1;
    return axis === wanted || (isOne(axis) && isOne(wanted));
  });
}

/** Whether the file lays a row of numbers out as [images, numbers], perhaps with sizes of 1 behind. */
export function isRow(value: Activation): boolean {
  const [first, second, ...rest] = value.axes;
  return first === "N" && second === "K" && rest.every((axis) => axis === "1");
}

/** Whether numbers of both stand at the same places in the file. */
export function sameLayout(a: Activation | Expression, b: Activation | Expression): boolean {
  const [first, second] = [likeOf(a), likeOf(b)];
  if (a.axes.length !== b.axes.length) return false;
  const same = a.axes.every((axis, k) => {
    const [one, other] = [sizeAlong(first, axis, 1), sizeAlong(second, b.axes[k], 1)];
    return one === other && (axis === b.axes[k] || one === 1);
  });
  return same && sameOrder(first.order, second.order);
}

function sameOrder(a: Int32Array | undefined, b: Int32Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.every((place, k) => place === b[k]));
}

/**
 * The place here of each number of pictures that the file writes in one row: channel by channel here, in the order of `axes`
 * there. Undefined: they are the same.
 */
export function flattenedOrder(value: Activation): Int32Array | undefined {
  const wide = wideAxes(value);
  if (wide.every((axis, k) => k === 0 || "CHW".indexOf(wide[k - 1]) < "CHW".indexOf(axis))) return undefined;
  const [C, H, W] = value.source.shape;
  const steps: Partial<Record<Axis, number>> = { C: H * W, H: W, W: 1 };
  const [outer, middle, inner] = [...Array<Axis>(3 - wide.length).fill("1"), ...wide].map((axis) => ({
    size: sizeAlong(value, axis, 1),
    step: steps[axis] ?? 0,
  }));
  const order = new Int32Array(C * H * W);
  let place = 0;
  for (let a = 0; a < outer.size; a++) {
    for (let b = 0; b < middle.size; b++) {
      for (let c = 0; c < inner.size; c++) order[place++] = a * outer.step + b * middle.step + c * inner.step;
    }
  }
  return order;
}
